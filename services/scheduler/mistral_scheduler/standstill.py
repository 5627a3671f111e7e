"""Maintenance: brings the mesh to a standstill, and lets go on afterwards what was paused for it, and nothing else.

What is to be paused is noted before it is paused, so whoever takes over from a scheduler that died knows all of it.
Executions are paused and resumed through their engines; what runs in them comes to its own end and is waited for.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

import grpc.aio

from mistral.internal.v1 import engine_service_pb2 as engine
from mistral_persistence import maintenance as stored
from mistral_persistence.database import Pool
from mistral_persistence.maintenance import MARK, Status
from mistral_persistence.outage import OUTAGE
from mistral_runtime.bus import Bus, Message

if TYPE_CHECKING:
    from mistral.internal.v1.engine_service_pb2_grpc import EngineServiceAsyncStub

_log = logging.getLogger(__name__)

WAKE_SUBJECT: Final = "mistral.maintenance"
_BATCH: Final = 200
_CALL_SECONDS: Final = 15.0
_LOOK_SECONDS: Final = 1.0
_WAITING_SECONDS: Final = 0.25
_AT_ONCE: Final = 0.0
# A gateway may hear of it a moment late: what it started meanwhile is paused, too.
_GUARD_SECONDS: Final = 3.0

_NEVER: Final = frozenset({grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION})
_LATER: Final = frozenset(
    {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED}
)


class Standstill:
    """Does the work of maintenance; of any number of schedulers one at a time does it.

    Args:
        stand_still: Told whether this scheduler is to start nothing by itself.
    """

    def __init__(
        self, pool: Pool, bus: Bus, stub: "EngineServiceAsyncStub", stand_still: Callable[[bool], None]
    ) -> None:
        self._pool = pool
        self._bus = bus
        self._stub = stub
        self._stand_still = stand_still
        self._wake = asyncio.Event()
        # What this round does not come back to; the others have their turn first.
        self._left: set[str] = set()

    async def woken(self, message: Message) -> None:
        """Take note that somebody has begun or ended maintenance."""
        self._wake.set()

    async def run(self) -> None:
        """Work for ever; a store or an engine that is away is waited for."""
        while True:
            self._wake.clear()
            try:
                seconds = await self.step()
            except OUTAGE as error:
                _log.warning("maintenance has to wait: %s", type(error).__name__)
                seconds = _LOOK_SECONDS
            try:
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def step(self) -> float:
        """Do one batch of what there is to do, and return after how many seconds to look again."""
        work = await stored.work(self._pool)
        self._stand_still(work.status is Status.PAUSED)
        if work.status is Status.RUNNING and not work.paused:
            return _LOOK_SECONDS
        async with self._pool.acquire() as connection, connection.transaction():
            if not await stored.claim(connection):
                return _LOOK_SECONDS
            # Whoever did it before may have got further since we looked.
            work = await stored.work(self._pool)
            return await self._resume() if work.status is Status.RUNNING else await self._pause(work.status)

    async def _pause(self, status: Status) -> float:
        ids = await stored.to_pause(self._pool, limit=_BATCH, without=self._left)
        if ids:
            await stored.remember(self._pool, ids)
            await self._each(ids, self._pause_one)
            return _AT_ONCE
        unserved, self._left = self._left, set()
        if unserved or status is Status.PAUSED:
            return _WAITING_SECONDS if unserved else _GUARD_SECONDS
        if await stored.note_standstill(self._pool):
            _log.info("the mesh stands still for maintenance")
            # The others hear of it, and this scheduler by its next look.
            self._bus.send(WAKE_SUBJECT, b"")
            return _AT_ONCE
        return _WAITING_SECONDS

    async def _resume(self) -> float:
        found = await stored.remembered(self._pool, limit=_BATCH, without=self._left)
        if not found:
            unserved, self._left = self._left, set()
            return _WAITING_SECONDS if unserved else _LOOK_SECONDS
        served = await self._each([one.id for one in found if one.ours], self._resume_one)
        await stored.forget(self._pool, [one.id for one in found if not one.ours or one.id in served])
        return _AT_ONCE

    async def _each(self, ids: Sequence[str], call: Callable[[str], Awaitable[None]]) -> frozenset[str]:
        """Make the call for each, and return those that need no further one; the others are left for later."""
        served = await asyncio.gather(*(self._served(one, call) for one in ids))
        done = frozenset(one for one, well in zip(ids, served, strict=True) if well)
        self._left |= set(ids) - done
        return done

    async def _served(self, execution_id: str, call: Callable[[str], Awaitable[None]]) -> bool:
        try:
            await call(execution_id)
        except grpc.aio.AioRpcError as error:
            if error.code() in _NEVER:
                # It was removed, or has ended; that may not have been read yet, so this round is done with it.
                self._left.add(execution_id)
                return True
            level = logging.INFO if error.code() in _LATER else logging.ERROR
            _log.log(level, "maintenance comes back to execution %s: %s", execution_id, error.code().name)
            return False
        return True

    async def _pause_one(self, execution_id: str) -> None:
        request = engine.PauseExecutionRequest(id=execution_id, message=MARK)
        await self._stub.PauseExecution(request, timeout=_CALL_SECONDS)

    async def _resume_one(self, execution_id: str) -> None:
        await self._stub.ResumeExecution(engine.ResumeExecutionRequest(id=execution_id), timeout=_CALL_SECONDS)
