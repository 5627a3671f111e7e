"""Keeps a set of programs alive, started in stages and stopped in the reverse order. Knows no service by name."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from mistral_mesh.keeper import Keeper
from mistral_mesh.program import Program


class Supervisor:
    """All programs of a mesh.

    The first stage must be well before anything else starts; the later ones start at once, for each copes with
    peers that are not there yet, and are told apart only when it comes to stopping.
    """

    def __init__(self, stages: Sequence[Sequence[Program]], changed: Callable[[], None]) -> None:
        self._waiters = ThreadPoolExecutor(max_workers=max(1, sum(map(len, stages))), thread_name_prefix="wait")
        self._stages = [[Keeper(program, self._waiters, changed) for program in stage] for stage in stages]

    @property
    def keepers(self) -> list[Keeper]:
        """Every program in the order of starting."""
        return [keeper for stage in self._stages for keeper in stage]

    @property
    def all_well(self) -> bool:
        """Whether each has been well at least once."""
        return all(keeper.was_well.is_set() for keeper in self.keepers)

    async def run(self, *, until: asyncio.Event, ready: Callable[[], None]) -> None:
        """Keep everything alive until told to stop, then stop it.

        Args:
            until: Set from outside to end.
            ready: Called once, when everything is well.

        Raises:
            MeshError: If something cannot be started; everything is stopped again then.
        """
        ended, keeping = asyncio.create_task(until.wait()), asyncio.create_task(self._keep(ready))
        try:
            await asyncio.wait((ended, keeping), return_when=asyncio.FIRST_COMPLETED)
            if keeping.done():
                await keeping
        finally:
            ended.cancel()
            keeping.cancel()
            await asyncio.wait((ended, keeping))
            await self._stop()

    async def _keep(self, ready: Callable[[], None]) -> None:
        first, later = self._stages[0], self._stages[1:]
        try:
            async with asyncio.TaskGroup() as group:
                for keeper in first:
                    group.create_task(keeper.keep())
                await _all_well(first)
                for keeper in [keeper for stage in later for keeper in stage]:
                    group.create_task(keeper.keep())
                await _all_well(self.keepers)
                ready()
        except ExceptionGroup as errors:
            raise _first(errors) from None

    async def _stop(self) -> None:
        for stage in reversed(self._stages):
            await asyncio.gather(*(keeper.stop() for keeper in stage))
        self._waiters.shutdown()


async def _all_well(keepers: Sequence[Keeper]) -> None:
    await asyncio.gather(*(keeper.wait_until_well() for keeper in keepers))


def _first(errors: ExceptionGroup[Exception]) -> Exception:
    """Pick one of several complaints: they are mostly about the same thing."""
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
