"""The system's own SSH server on loopback, for the user who runs the tests, with keys of its own."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path

import asyncssh
import pytest

from mistral_mesh.ports import free_port

_SEPARATION = Path("/run/sshd")


@dataclass(frozen=True)
class Sshd:
    """A server that runs; ``key`` is the private key it lets in, ``known_hosts`` a file that vouches for it."""

    port: int
    user: str
    keys: Path
    config: Path
    log: Path

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        return (self.keys / "id").read_text()

    @property
    def known_hosts(self) -> str:
        public = self.config.with_name("host.pub").read_text()
        return f"[127.0.0.1]:{self.port} {public}"


def program() -> str:
    """Where sshd is; skips the test aloud on a machine without one."""
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip("there is no sshd here; on Debian and Ubuntu: apt-get install openssh-server")
    if os.geteuid() == 0:
        # Where a server of root's locks up what it does before anybody has logged in.
        _SEPARATION.mkdir(mode=0o755, exist_ok=True)
    return found


@contextmanager
def sshd(folder: Path, *options: str) -> Iterator[Sshd]:
    """Run a server; ``options`` are further lines of its configuration, and go before ours."""
    binary, port = program(), free_port()
    keys = folder / "keys"
    keys.mkdir(parents=True)
    for name, kind in ((folder / "host", "ssh-ed25519"), (keys / "id", "ecdsa-sha2-nistp256")):
        pair = asyncssh.generate_private_key(kind)
        name.write_bytes(pair.export_private_key())
        name.chmod(0o600)
        name.with_suffix(".pub").write_bytes(pair.export_public_key())
    server = Sshd(port=port, user=getuser(), keys=keys, config=folder / "sshd_config", log=folder / "sshd.log")
    server.config.write_text("\n".join([*options, *_config(folder, port)]) + "\n")
    with server.log.open("wb") as log:
        process = subprocess.Popen([binary, "-D", "-e", "-f", str(server.config)], stderr=log, stdin=subprocess.DEVNULL)
    try:
        _wait(server, process)
        yield server
    finally:
        process.terminate()
        process.wait()


def _config(folder: Path, port: int) -> list[str]:
    return [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {folder / 'host'}",
        f"AuthorizedKeysFile {folder / 'keys' / 'id.pub'}",
        f"PidFile {folder / 'sshd.pid'}",
        "PermitRootLogin prohibit-password",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "StrictModes no",
        "UsePAM no",
        "MaxStartups 100",
    ]


def _wait(server: Sshd, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", server.port), 1):
                return
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise AssertionError(f"sshd does not listen: {server.log.read_text()}")
