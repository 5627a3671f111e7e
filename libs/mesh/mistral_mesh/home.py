"""Where a mesh lives on disk: ``data/``, ``logs/`` and ``run/`` below its home. Knows paths and locks, no processes."""

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mistral_mesh.errors import MeshError

_GLANCE_SECONDS = 0.3
_LONGEST_SOCKET = 100
"""Unix sockets take paths of 107 bytes at most, the name of the socket file included."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one mesh; at most one mesh runs in it at a time."""

    path: Path

    @property
    def data(self) -> Path:
        """What must survive: the database and the bus store."""
        return self.path / "data"

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.path / "logs"

    @property
    def run(self) -> Path:
        """What is true only while the mesh runs: pid files, sockets, addresses."""
        return self.path / "run"

    @property
    def error(self) -> Path:
        """Why a mesh in the background ended, in the words for a person."""
        return self.run / "mesh.error"

    @property
    def state(self) -> Path:
        """What runs and where, as JSON; readable by its owner only, for it bears credentials."""
        return self.run / "mesh.json"

    def create(self) -> None:
        """Make the folders, closed to other users."""
        try:
            for folder in (self.path, self.data, self.logs, self.run):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise MeshError(f"cannot create {error.filename}: {error.strerror}; choose another --home") from error

    def pid_file(self, name: str) -> Path:
        """Where the process id of the named process stands."""
        return self.run / f"{name}.pid"

    def log_file(self, name: str) -> Path:
        """Where the named process writes."""
        return self.logs / f"{name}.log"

    def socket_folder(self) -> Path:
        """A folder short enough for a Unix socket: ``run/``, or a private one among the temporary files."""
        if len(os.fsencode(self.run / ".s.PGSQL.5432.lock")) <= _LONGEST_SOCKET:
            return self.run
        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]
        folder = Path(tempfile.gettempdir(), f"mistral-{os.getuid()}-{digest}")
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != os.getuid() or folder.is_symlink():
            raise MeshError(f"{folder} belongs to somebody else; choose a --home with a shorter path")
        return folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home for one mesh; the lock goes with the process, so nothing stale is left behind.

        Raises:
            MeshError: If a mesh runs in this home already.
        """
        self.create()
        descriptor = os.open(self.run / "mesh.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _take(descriptor):
                raise MeshError(f"a mesh runs in {self.path} already; `mistralctl down` stops it")
            yield
        finally:
            os.close(descriptor)

    def is_locked(self) -> bool:
        """Whether a mesh runs in this home."""
        try:
            descriptor = os.open(self.run / "mesh.lock", os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)


def _take(descriptor: int) -> bool:
    """Try for the lock a little longer than somebody who only looks whether it is free."""
    deadline = time.monotonic() + _GLANCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
