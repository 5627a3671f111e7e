"""One process of the mesh: how it is started, known to be well, and stopped. Restarting is the supervisor's."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from mistral_mesh.errors import MeshError

_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run.

    Attributes:
        name: Also the name of its pid and log file.
        environment: All of it; nothing is inherited.
        is_well: Whether it answers; may take up to a second, must not raise.
        prepare: Done before each start, by whoever starts it; puts right what a crash left behind.
        stop_signal: Asks it to finish what it has and go.
        stop_seconds: After this it is killed.
        address: Where it is reached, for people; never with credentials.
        metrics: Where its metrics are read, if it has any.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    log: Path
    pid_file: Path
    is_well: Callable[[], bool]
    prepare: Callable[[], None] = lambda: None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    address: str = ""
    metrics: str = ""
    popen: Mapping[str, object] = field(default_factory=dict)

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start it in a session of its own, so that a Ctrl-C reaches the supervisor alone."""
        self.prepare()
        with _opened(self.log) as log:
            process = subprocess.Popen(  # type: ignore[call-overload]
                self.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self.popen,
            )
        write_whole(self.pid_file, f"{process.pid}\n")
        return process  # type: ignore[no-any-return]

    def log_size(self) -> int:
        """Where in its log the next start begins."""
        return self.log.stat().st_size if self.log.exists() else 0

    def log_tail(self, *, since: int = 0, lines: int = 15) -> str:
        """Return the end of what it wrote after that position."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(since)
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


@dataclass(slots=True)
class Running:
    """A started program, without supervision: for tests and for one-off use."""

    program: Program
    process: subprocess.Popen[bytes]

    def wait_until_well(self, seconds: float = 30.0) -> None:
        """Return once it answers.

        Raises:
            MeshError: If it ended, or does not answer in time; with the end of its log.
        """
        deadline = time.monotonic() + seconds
        while not self.program.is_well():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise MeshError(f"{self.program.name} does not start:\n{self.program.log_tail()}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Ask it to go, and see to it that it went."""
        stop(self.process, self.program)

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()

    def restart(self, seconds: float = 30.0) -> None:
        """Start it again, after a stop or a kill; more than once if what it held is not free yet."""
        deadline = time.monotonic() + seconds
        while True:
            self.process = self.program.spawn()
            try:
                return self.wait_until_well(seconds)
            except MeshError:
                if time.monotonic() > deadline:
                    raise


@contextmanager
def running(program: Program) -> Iterator[Running]:
    """Run a program inside the ``with`` block, entered once it answers."""
    run = Running(program, program.spawn())
    try:
        run.wait_until_well()
        yield run
    finally:
        run.stop()


def stop(process: subprocess.Popen[bytes], program: Program) -> None:
    """Stop a process of ours; its pid file goes with it."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            process.send_signal(program.stop_signal)
        try:
            process.wait(program.stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    program.pid_file.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a file that a reader sees either before or after, never half; for its owner only."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


@contextmanager
def _opened(log: Path) -> Iterator[IO[bytes]]:
    with log.open("ab") as file:
        yield file
