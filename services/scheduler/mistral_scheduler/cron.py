"""Cron triggers that are due start their workflows, each due time once.

What is due becomes runs, in the transaction that moves the trigger on (``cron_turns``); runs are started afterwards,
under keys made of trigger and due time, and are noted as started (``cron_starts``). A scheduler that dies in between
leaves runs behind that the next one starts under the same keys: who repeats it gets the execution that is there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import grpc.aio

from mistral_persistence import cron_runs
from mistral_persistence.database import Pool
from mistral_persistence.outage import OUTAGE
from mistral_scheduler.cron_starts import end_others, start_runs
from mistral_scheduler.cron_turns import promote_waiting, take_turns

if TYPE_CHECKING:
    from mistral.internal.v1.engine_service_pb2_grpc import EngineServiceAsyncStub

_log = logging.getLogger(__name__)

_BATCH: Final = 500
# An engine that has more to start than it has begun with does so in larger commits.
_STARTERS: Final = 3
_LOOK_SECONDS: Final = 1.0
# What is still due after a look waits for an engine, or is in the hands of another scheduler.
_AGAIN_SECONDS: Final = 0.25

_AWAY: tuple[type[Exception], ...] = (*OUTAGE, grpc.aio.AioRpcError)


class Cron:
    """Fires cron triggers; any number of schedulers may run it."""

    def __init__(self, pool: Pool, stub: "EngineServiceAsyncStub") -> None:
        self._pool = pool
        self._stub = stub
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Fire for ever; an engine or a store that is away is waited for."""
        starters = (self._for_ever(self._start, self._until_woken) for _ in range(_STARTERS))
        await asyncio.gather(self._for_ever(self._turn, self._until_due), *starters)

    async def _for_ever(self, work: Callable[[], Awaitable[int]], rest: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                if await work() < _BATCH:
                    await rest()
            except _AWAY as error:
                _log.warning("cron triggers have to wait: %s", _said(error))
                await asyncio.sleep(_LOOK_SECONDS)

    async def _turn(self) -> int:
        """Find out what is to be started, and return how much that was at most."""
        taken = await take_turns(self._pool, limit=_BATCH)
        if taken:
            self._wake.set()
        ended = await end_others(self._pool, self._stub, limit=_BATCH)
        promoted = await promote_waiting(self._pool, limit=_BATCH)
        if promoted:
            self._wake.set()
        return max(taken, ended, promoted)

    async def _start(self) -> int:
        self._wake.clear()
        return await start_runs(self._pool, self._stub, limit=_BATCH)

    async def _until_due(self) -> None:
        due_in = await cron_runs.next_due_in(self._pool)
        await asyncio.sleep(_LOOK_SECONDS if due_in is None else min(max(due_in, _AGAIN_SECONDS), _LOOK_SECONDS))

    async def _until_woken(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return


def _said(error: Exception) -> str:
    return error.code().name if isinstance(error, grpc.aio.AioRpcError) else type(error).__name__
