"""SSH itself: connections, the command in them, its output, and an end in good order.

The only module that knows asyncssh, which is slow to load. Nothing of the machine's own configuration is used: no
agent, no keys of the user, no ``config`` file.
"""

import asyncio
import shlex
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncssh

from mistral_executor.actions.endpoint import Endpoint
from mistral_executor.actions.errors import Unusable
from mistral_executor.actions.ssh_access import SshAccess
from mistral_executor.actions.ssh_order import Login, Order
from mistral_executor.actions.ssh_outcome import Failed, Ran
from mistral_runtime.egress import AddressDenied, Guard

CONNECT_SECONDS = 10.0
MOST_AT_ONCE = 16
MOST_BYTES = 5 * 1024 * 1024

_LOGIN_SECONDS = 20.0
_CLOSE_SECONDS = 2.0
_CHUNK = 64 * 1024
# A host that says nothing for a minute and a half is gone.
_ALIVE_SECONDS = 30
_ALIVE_TIMES = 3

Connection = asyncssh.SSHClientConnection


class _TooMuch(Exception):
    """The hosts wrote more than an action may return."""

    def __init__(self) -> None:
        super().__init__(f"the output is larger than {MOST_BYTES} bytes")


@dataclass(slots=True)
class _Budget:
    """Bytes that all hosts together may still write."""

    left: int = MOST_BYTES

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise _TooMuch


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    order: Order
    guard: Guard
    options: Mapping[str, Any]
    budget: _Budget
    slots: asyncio.Semaphore


async def run(order: Order, guard: Guard, access: SshAccess) -> Sequence[Ran | Failed]:
    """Run the command on every host and return what became of it, in their order.

    Raises:
        Unusable: If the private key makes no sense.
    """
    session = _Session(
        order=order,
        guard=guard,
        options=_options(order.login, access),
        budget=_Budget(),
        slots=asyncio.Semaphore(MOST_AT_ONCE),
    )
    if order.gateway is None:
        return await _everywhere(session, None)
    try:
        async with _direct(order.gateway.host, order.gateway.username, session) as gateway:
            return await _everywhere(session, gateway)
    except _FAILURES as error:
        return [Failed(f"the gateway: {_words(error)}")] * len(order.hosts)


async def _everywhere(session: _Session, gateway: Connection | None) -> Sequence[Ran | Failed]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_one(host, session, gateway)) for host in session.order.hosts]
    return [task.result() for task in tasks]


async def _one(host: Endpoint, session: _Session, gateway: Connection | None) -> Ran | Failed:
    username = session.order.login.username
    async with session.slots:
        try:
            way = _through(gateway, host, username, session) if gateway else _direct(host, username, session)
            async with way as connection:
                return await _executed(connection, session.order.cmd, session.budget)
        except _FAILURES as error:
            return Failed(_words(error))


@asynccontextmanager
async def _direct(host: Endpoint, username: str, session: _Session) -> AsyncIterator[Connection]:
    async with asyncio.timeout(CONNECT_SECONDS):
        connected = await session.guard.connected(host.host, host.port)
    connecting = asyncssh.connect(host.host, host.port, sock=connected, username=username, **session.options)
    async with _ending(await connecting) as connection:
        yield connection


@asynccontextmanager
async def _through(gateway: Connection, host: Endpoint, username: str, session: _Session) -> AsyncIterator[Connection]:
    how, options = session.order.gateway, {"username": username, **session.options}
    command = how.command if how is not None else None
    if command is None:
        try:
            connecting = await asyncssh.connect(host.host, host.port, tunnel=gateway, **options)
        except asyncssh.ChannelOpenError as error:
            if error.code != asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED:
                raise
            # The gateway forwards nothing; a shell may still have the tool for it.
            command = f"nc {shlex.quote(host.host)} {host.port}"
        else:
            async with _ending(connecting) as connection:
                yield connection
            return
    async with _piped(gateway, command) as way:
        connecting = await asyncssh.connect(host.host, host.port, sock=way, **options)
        async with _ending(connecting) as connection:
            yield connection


@asynccontextmanager
async def _piped(gateway: Connection, command: str) -> AsyncIterator[socket.socket]:
    """Run a command on the gateway whose input and output are the other end of a socket."""
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    try:
        process = await gateway.create_process(
            command, stdin=reader, stdout=writer, stderr=asyncssh.DEVNULL, encoding=None
        )
        try:
            yield theirs
        finally:
            process.terminate()
            process.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await process.wait_closed()
    finally:
        writer.close()


@asynccontextmanager
async def _ending(connection: Connection) -> AsyncIterator[Connection]:
    """Close a connection in the end, politely if that does not take long."""
    try:
        yield connection
    finally:
        connection.close()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await connection.wait_closed()
        except TimeoutError:
            connection.abort()
        except BaseException:
            connection.abort()
            raise


def _options(login: Login, access: SshAccess) -> Mapping[str, Any]:
    return {
        "config": None,
        "password": login.password,
        "client_keys": None if login.key is None else [_key(login.key)],
        "agent_path": None,
        "gss_kex": False,
        "gss_auth": False,
        "host_based_auth": False,
        "x509_trusted_certs": None,
        "known_hosts": _known_hosts(access),
        "login_timeout": _LOGIN_SECONDS,
        "connect_timeout": _LOGIN_SECONDS,
        "keepalive_interval": _ALIVE_SECONDS,
        "keepalive_count_max": _ALIVE_TIMES,
    }


def _key(text: str) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_private_key(text)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        raise Unusable("the private key cannot be read; it must be whole and without a passphrase") from None


def _known_hosts(access: SshAccess) -> asyncssh.SSHKnownHosts | None:
    file = access.trusted_hosts()
    try:
        return None if file is None else asyncssh.read_known_hosts(file)
    except (OSError, ValueError):
        raise Unusable("the executor's list of known hosts cannot be read") from None


async def _executed(connection: Connection, cmd: str, budget: _Budget) -> Ran:
    process = await connection.create_process(cmd, stdin=asyncssh.DEVNULL, encoding=None)
    try:
        # Both at once: a command that fills the one nobody reads would wait for ever.
        stdout, stderr = await asyncio.gather(_read(process.stdout, budget), _read(process.stderr, budget))
        await process.wait_closed()
    except BaseException:  # cancelled above all: the command shall not run on unheard
        process.terminate()
        process.close()
        raise
    if process.returncode is None:
        raise asyncssh.ConnectionLost("no exit code")
    return Ran(stdout, stderr, process.returncode)


async def _read(stream: asyncssh.SSHReader[bytes], budget: _Budget) -> str:
    parts = bytearray()
    while chunk := await stream.read(_CHUNK):
        budget.take(len(chunk))
        parts += chunk
    return parts.decode("utf-8", "replace")


_FAILURES = (asyncssh.Error, AddressDenied, _TooMuch, OSError, ValueError)

# Words of ours: a server's own may repeat what it was told.
_WORDS: Sequence[tuple[type[Exception], Callable[[Exception], str]]] = (
    (asyncssh.PermissionDenied, lambda _: "the server refused the credentials"),
    (asyncssh.HostKeyNotVerifiable, lambda _: "its host key is not among the known ones"),
    (asyncssh.KeyExchangeFailed, lambda _: "no common way to encrypt"),
    (asyncssh.ChannelOpenError, lambda _: "the server refused to open a channel"),
    (asyncssh.Error, lambda error: f"the connection was lost ({type(error).__name__})"),
    (ConnectionResetError, lambda _: "the connection was lost"),
    (TimeoutError, lambda _: "no connection in time"),
    (ValueError, lambda _: "the user name, the password or the command has signs that SSH does not take"),
)


def _words(error: Exception) -> str:
    said = next((words(error) for kind, words in _WORDS if isinstance(error, kind)), None)
    return said or str(error) or type(error).__name__
