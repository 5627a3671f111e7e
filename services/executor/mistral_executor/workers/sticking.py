"""Runs that should go back to a worker which is connected to another executor: they are put into the queue again.

All executors take from the same queue, so the right one has it after a few turns. That it should go there is a wish:
when it has not come there in a few seconds, or the worker is gone, anybody runs it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Final

from mistral.internal.v1.envelope_pb2 import ActionTask, TaskEnvelope
from mistral_executor.attempts import Lease
from mistral_executor.workers.intake import Receive
from mistral_executor.workers.pools import LocalPool
from mistral_executor.workers.presence import Presence
from mistral_runtime.bus import Bus, BusError
from mistral_runtime.lifecycle import Tasks

_log = logging.getLogger(__name__)

_MOST_SECONDS: Final = 3.0
_PAUSE_SECONDS: Final = 0.02
_RETRY_SECONDS: Final = 0.5


class Sticking:
    """Stands before the desk: passes runs on that belong elsewhere, and hands it all others."""

    def __init__(self, bus: Bus, presence: Presence, tasks: Tasks, receive: Receive) -> None:
        self._bus = bus
        self._presence = presence
        self._tasks = tasks
        self._receive = receive

    def receive(self, pool: LocalPool, tasks: Sequence[ActionTask], lease: Lease, fresh: bool, doubtful: bool) -> None:
        """Take on what came in an envelope; what somebody may have begun stays here."""
        elsewhere = [task for task in tasks if fresh and self._elsewhere(pool, task)]
        if elsewhere:
            self._tasks.start(self._pass_on(elsewhere, lease), name="runs for a worker elsewhere")
            tasks = [task for task in tasks if task not in elsewhere]
        if tasks:
            self._receive(pool, tasks, lease, fresh, doubtful)

    def _elsewhere(self, pool: LocalPool, task: ActionTask) -> bool:
        worker = task.worker.sticky_worker
        if not worker or time.time() - task.worker.sent_at_micros / 1e6 > _MOST_SECONDS:
            return False
        if any(session.hands.worker == worker for session in pool.sessions):
            return False
        return self._presence.has(pool.pool.token, worker)

    async def _pass_on(self, tasks: Sequence[ActionTask], lease: Lease) -> None:
        # At once it would most likely come back.
        await asyncio.sleep(_PAUSE_SECONDS)
        data = TaskEnvelope(tasks=tasks, traceparent=lease.traceparent).SerializeToString()
        while True:
            try:
                await self._bus.publish(lease.delivery.subject, data)
                break
            except BusError as error:
                _log.warning("runs cannot be passed on: %s", error)
                await asyncio.sleep(_RETRY_SECONDS)
        lease.settle(len(tasks))
