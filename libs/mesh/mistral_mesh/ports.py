"""Free ports on this machine, for processes that must come back on the same one after a crash."""

import random
import socket
from pathlib import Path

from mistral_mesh.errors import MeshError

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 15_000
_TRIES = 200

_handed_out: set[int] = set()
"""By this process: nobody listens there yet, so asking the system would not show it."""


def free_port(host: str = "127.0.0.1") -> int:
    """Pick a port below the range from which outgoing connections take theirs.

    One from that range could be lost to a passing client in the moment between a crash and the restart.
    """
    for _ in range(_TRIES):
        port = random.randrange(_LOWEST, _first_ephemeral())
        if port not in _handed_out and is_free(port, host):
            _handed_out.add(port)
            return port
    raise MeshError(f"found no free port on {host} in {_TRIES} tries")


def keep_free(port: int) -> None:
    """Never hand out a port that is meant for something else."""
    _handed_out.add(port)


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether nobody listens there, not even one who would share the port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _first_ephemeral() -> int:
    try:
        return max(int(_RANGE.read_text().split()[0]), _LOWEST + 1000)
    except OSError:
        return 32_768
