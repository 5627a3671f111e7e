"""Keeps one program alive: starts it, notices when it ends, starts it again. What to keep is the supervisor's."""

import asyncio
import logging
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Executor
from enum import StrEnum

from mistral_mesh.errors import MeshError
from mistral_mesh.program import Program, stop

_PROBE_SECONDS = 0.05
_PATIENCE_SECONDS = 120.0
_STEADY_SECONDS = 5.0
_HOPELESS_STARTS = 3
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 5.0

_log = logging.getLogger(__name__)


class State(StrEnum):
    """Of one program, as people see it."""

    STARTING = "starting"
    WELL = "well"
    RESTARTING = "restarting"
    STOPPED = "stopped"


class Keeper:
    """One program and the process that runs it at the moment."""

    def __init__(self, program: Program, waiters: Executor, changed: Callable[[], None]) -> None:
        """Begin with nothing started.

        Args:
            waiters: A thread of it waits for the process.
            changed: Called after each change of state.
        """
        self.program = program
        self.state = State.STOPPED
        self.restarts = 0
        self.was_well = asyncio.Event()
        self.process: subprocess.Popen[bytes] | None = None
        self._waiters = waiters
        self._changed = changed
        self._log_start = 0

    async def keep(self) -> None:
        """Keep it alive until cancelled; the process itself is left to ``stop``.

        Raises:
            MeshError: If it ends several times before it was ever well.
        """
        failures = 0
        self._become(State.STARTING)
        while True:
            began = time.monotonic()
            code = await self._run_once()
            failures = 1 if time.monotonic() - began > _STEADY_SECONDS else failures + 1
            if not self.was_well.is_set() and failures >= _HOPELESS_STARTS:
                raise MeshError(f"{self.program.name} does not start ({code}):\n{self._log_tail()}")
            _log.warning("%s ended (%s), starting it again", self.program.name, code)
            self.restarts += 1
            self._become(State.RESTARTING)
            await asyncio.sleep(min(_FIRST_WAIT * 2 ** (failures - 1), _LONGEST_WAIT))

    async def wait_until_well(self) -> None:
        """Return once it has answered for the first time.

        Raises:
            MeshError: If that takes more than two minutes.
        """
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self.was_well.wait()
        except TimeoutError:
            raise MeshError(
                f"{self.program.name} runs but does not answer within {_PATIENCE_SECONDS:.0f} s:\n{self._log_tail()}"
            ) from None

    async def stop(self) -> None:
        """Stop the process, by force if it does not go."""
        if self.process is not None:
            await asyncio.to_thread(stop, self.process, self.program)
        self._become(State.STOPPED)

    async def _run_once(self) -> str:
        """Start it, wait for its end and say how it ended."""
        self._log_start = self.program.log_size()
        try:
            self.process = self.program.spawn()
        except OSError as error:
            return str(error)
        self._changed()
        probing = asyncio.create_task(self._probe())
        try:
            code = await asyncio.get_running_loop().run_in_executor(self._waiters, self.process.wait)
        finally:
            probing.cancel()
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name

    async def _probe(self) -> None:
        well = False
        while not well:
            well, _ = await asyncio.gather(asyncio.to_thread(self.program.is_well), asyncio.sleep(_PROBE_SECONDS))
        self.was_well.set()
        self._become(State.WELL)

    def _log_tail(self) -> str:
        return self.program.log_tail(since=self._log_start)

    def _become(self, state: State) -> None:
        self.state = state
        self._changed()
