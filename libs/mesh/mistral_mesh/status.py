"""What runs in a home and where, as the supervisor leaves it in ``run/mesh.json`` for others to read."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from mistral_mesh.home import Home
from mistral_mesh.keeper import State
from mistral_mesh.program import write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramStatus:
    """One process.

    Attributes:
        pid: None while there is none.
        restarts: How often it was started again since the mesh came up.
        metrics: Where its metrics are read; empty when it has none.
    """

    name: str
    pid: int | None
    state: State
    restarts: int
    address: str
    metrics: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshStatus:
    """A running mesh.

    Attributes:
        pid: Of the supervisor.
        ready: Whether every process has been well since the start.
    """

    pid: int
    home: Path
    http_url: str
    grpc_address: str
    ready: bool
    programs: tuple[ProgramStatus, ...]

    def save(self) -> None:
        """Leave it for others."""
        write_whole(Home(self.home).state, msgspec.json.encode(self, enc_hook=str).decode())


def status(home: Path) -> MeshStatus | None:
    """Return what runs in a home, None when nothing does."""
    folders = Home(home)
    if not folders.is_locked():
        return None
    try:
        saved = folders.state.read_bytes()
    except FileNotFoundError:
        return None
    return msgspec.json.decode(saved, type=MeshStatus, dec_hook=_path)


def _path(kind: type, value: str) -> object:
    return kind(value)
