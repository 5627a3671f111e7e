"""The embedded NATS: one server with JetStream, on loopback, behind a token of its own."""

import json
import os
import secrets
import shutil
import sys
from pathlib import Path

from mistral_mesh.errors import MeshError
from mistral_mesh.home import Home
from mistral_mesh.ports import free_port
from mistral_mesh.probe import serves_http
from mistral_mesh.program import Program, write_whole

_MAX_PAYLOAD = 8 * 1024 * 1024


def nats(home: Home, *, port: int | None = None, host: str = "127.0.0.1") -> tuple[Program, str]:
    """Return the server as a program and the URL that reaches it, token included.

    Args:
        port: Where it listens, also after a restart; None picks a free one.
    """
    home.create()
    port, monitor = port or free_port(host), free_port(host)
    token, config = _token(home), home.run / "nats.conf"
    write_whole(config, _config(home, host, port, monitor, token))
    program = Program(
        name="nats",
        command=(_binary(), "-c", str(config)),
        environment={"PATH": os.defpath, "TZ": "UTC", "MISTRAL_HOME": str(home.path), "GOMAXPROCS": _processors()},
        log=home.log_file("nats"),
        pid_file=home.pid_file("nats"),
        is_well=lambda: serves_http(f"http://{host}:{monitor}/healthz"),
        address=f"{host}:{port}",
    )
    return program, f"nats://{token}@{host}:{port}"


def _config(home: Home, host: str, port: int, monitor: int, token: str) -> str:
    return "\n".join(
        (
            f"host: {json.dumps(host)}",
            f"port: {port}",
            f'http: "{host}:{monitor}"',
            f"max_payload: {_MAX_PAYLOAD}",
            f"authorization {{ token: {json.dumps(token)} }}",
            f"jetstream {{ store_dir: {json.dumps(str(home.data / 'nats'))} }}",
            "",
        )
    )


def _processors() -> str:
    """Half of the machine: five services and a database are on it too, and threads that wake each other cost most."""
    return str(max(1, (os.cpu_count() or 1) // 2))


def _token(home: Home) -> str:
    """The same one for the whole life of the home, so that a service outlives a restart of the server."""
    kept = home.data / "nats.token"
    if not kept.exists():
        write_whole(kept, secrets.token_hex(16))
    return kept.read_text().strip()


def _binary() -> str:
    """Beside the interpreter, where the wheel puts it; never one that happens to be on the PATH."""
    found = shutil.which("nats-server", path=str(Path(sys.executable).parent))
    if found is None:
        raise MeshError("the wheel with the embedded NATS is not installed; set MISTRAL_NATS_URL instead")
    return found
