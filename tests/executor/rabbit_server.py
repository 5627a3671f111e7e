"""A RabbitMQ of the tests' own on loopback: its folder, its ports and its port mapper are nobody else's."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mistral_mesh.ports import free_port

# The one on the PATH is a wrapper that insists on being root or a user of the package's.
_PLACES = "/usr/lib/rabbitmq/bin:/opt/rabbitmq/sbin:/usr/local/sbin"
_START_SECONDS = 90.0


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{_PLACES}:{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip(f"there is no {name} here; on Debian and Ubuntu: apt-get install rabbitmq-server")
    return found


@contextmanager
def rabbit(folder: Path) -> Iterator[str]:
    """Run a broker and yield ``host:port``; without one on this machine the test is skipped aloud."""
    server, mapper = _program("rabbitmq-server"), _program("epmd")
    port, mapped = free_port(), free_port()
    environment = {**_environment(folder, port), "ERL_EPMD_PORT": str(mapped), "ERL_EPMD_ADDRESS": "127.0.0.1"}
    (folder / "plugins").write_text("[].")
    with (folder / "rabbit.log").open("wb") as log:
        options = {"env": environment, "stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        epmd = subprocess.Popen([mapper, "-port", str(mapped)], **options)  # type: ignore[call-overload]
        try:
            broker = subprocess.Popen([server], start_new_session=True, **options)  # type: ignore[call-overload]
            try:
                _wait(port, broker, folder)
                yield f"127.0.0.1:{port}"
            finally:
                os.killpg(broker.pid, signal.SIGKILL)
                broker.wait()
        finally:
            epmd.kill()
            epmd.wait()


def _environment(folder: Path, port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        "RABBITMQ_NODENAME": f"test{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
    }


def _wait(port: int, broker: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and broker.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise AssertionError(f"RabbitMQ does not listen: {(folder / 'rabbit.log').read_text()[-2000:]}")
