"""From the input of an action over SSH to what is to be run where, and as whom. No I/O here but reading a key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mistral_executor.actions.endpoint import Endpoint, endpoint, text_of
from mistral_executor.actions.errors import Unusable
from mistral_executor.actions.ssh_access import SshAccess

MOST_HOSTS = 1000

_PORT = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """As whom to log in: with the key, if there is one, else with the password."""

    username: str
    password: str | None = field(default=None, repr=False)
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The host to go through; the same key and password open it.

    Attributes:
        command: Run there to reach the target by its input and output; None for the usual ways.
    """

    host: Endpoint
    username: str
    command: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command as the action's input asks for it.

    Attributes:
        names: Of the hosts, as they were given.
    """

    cmd: str
    names: Sequence[str]
    hosts: Sequence[Endpoint]
    login: Login
    gateway: Gateway | None = None


def ordered(given: Mapping[str, Any], access: SshAccess) -> Order:
    """Make sense of the input.

    Raises:
        Unusable: If there is none in it, or the key cannot be read.
    """
    names = given["host"] if isinstance(given["host"], list) else [given["host"]]
    if not 0 < len(names) <= MOST_HOSTS:
        raise Unusable(f"'host' must be a host or a list of 1 to {MOST_HOSTS}")
    login = _login(given, text_of(given["username"], "username"), access)
    return Order(
        cmd=text_of(given["cmd"], "cmd"),
        names=names,
        hosts=[endpoint(name, "host", port=_PORT) for name in names],
        login=login,
        gateway=_gateway(given, login) if "gateway_host" in given else None,
    )


def _login(given: Mapping[str, Any], username: str, access: SshAccess) -> Login:
    filename, key = given["private_key_filename"], given["private_key"]
    if filename and key:
        raise Unusable("'private_key' and 'private_key_filename' cannot be used together")
    if filename:
        key = access.key(text_of(filename, "private_key_filename"))
    elif key:
        key = text_of(key, "private_key")
    password = given["password"]
    return Login(username=username, password=text_of(password, "password") if password else None, key=key or None)


def _gateway(given: Mapping[str, Any], login: Login) -> Gateway:
    username, command = given["gateway_username"], given["proxy_command"]
    name = text_of(username, "gateway_username") if username else login.username
    return Gateway(
        host=endpoint(given["gateway_host"], "gateway_host", port=_PORT),
        username=name,
        command=text_of(command, "proxy_command") if command else None,
    )
