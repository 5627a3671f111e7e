"""Which applications there are, asked of an engine every other second; each gets hands, and loses them when it goes."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

import grpc
import grpc.aio

from mistral.internal.v1 import worker_state_service_pb2 as pb2
from mistral_executor.http_workers.caller import Caller
from mistral_executor.http_workers.hand import Hand
from mistral_runtime.lifecycle import Tasks

if TYPE_CHECKING:
    from mistral_executor.engine import EngineClient
    from mistral_executor.workers.floor import Floor

_log = logging.getLogger(__name__)

_EVERY_SECONDS: Final = 2.0
_CALL_SECONDS: Final = 5.0


class Registrations:
    """Keeps the hands of all applications. ``run`` must run in the background."""

    def __init__(self, floor: Floor, engine: EngineClient, caller: Caller, tasks: Tasks) -> None:
        self._floor = floor
        self._engine = engine
        self._caller = caller
        self._tasks = tasks
        self._revision = ""
        self._wanted: dict[str, pb2.HttpWorkerCall] = {}
        self._hands: dict[str, tuple[bytes, Hand]] = {}

    async def run(self) -> None:
        """Look for changes for ever."""
        while not self._floor.arrivals.leaving:
            await self._ask()
            self._apply()
            await asyncio.sleep(_EVERY_SECONDS)

    async def _ask(self) -> None:
        stub = self._engine.worker_state
        if stub is None:
            return
        try:
            request = pb2.GetHttpWorkersRequest(known_revision=self._revision)
            answer = await stub.GetHttpWorkers(request, timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            _log.warning("which HTTP workers there are cannot be asked: %s", error.code().name)
            return
        if answer.revision != self._revision:
            self._revision = answer.revision
            self._wanted = {worker.id: worker for worker in answer.workers}

    def _apply(self) -> None:
        """Give hands to those that are new or changed, and take them from those that are gone."""
        executors = 1 + self._floor.others.count
        for worker_id in self._hands.keys() - self._wanted.keys():
            self._hands.pop(worker_id)[1].retire()
        for worker_id, worker in self._wanted.items():
            share = max(1, worker.concurrency // executors)
            mark = worker.SerializeToString(deterministic=True) + share.to_bytes(4, "big")
            known = self._hands.get(worker_id)
            if known is None:
                hand = Hand(self._floor, self._caller, self._tasks, worker, share)
                self._tasks.start(hand.run(), name=f"HTTP worker {worker.name}")
                self._hands[worker_id] = mark, hand
            elif known[0] != mark:
                known[1].change(worker, share)
                self._hands[worker_id] = mark, known[1]
