"""Offers on their way to the engines: taken down before a worker is welcomed, many workers in one call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Final, TypeAlias

from mistral.internal.v1.worker_state_service_pb2 import WorkerOffers
from mistral.v1 import worker_pb2
from mistral_executor.workers.backing import Backing
from mistral_executor.workers.pools import offers_of
from mistral_executor.workers.session import Session

_log = logging.getLogger(__name__)

_Key: TypeAlias = tuple[str, str, str]

_RETRY_SECONDS: Final = 1.0
REFRESH_SECONDS: Final = 60.0
_PER_CALL: Final = 500


class Offers:
    """Hands on what workers offer. ``run`` must run in the background.

    Args:
        name: Stable name of the executor.
    """

    def __init__(self, backing: Backing, name: str) -> None:
        self._backing = backing
        self._name = name
        self._known: dict[_Key, bytes] = {}
        self._due: dict[_Key, worker_pb2.ActionOffer] = {}
        self._news = asyncio.Event()
        self._told = asyncio.Condition()

    def add(self, session: Session) -> frozenset[_Key]:
        """Take note of what a worker offers; returns what is not taken down yet."""
        fresh = set()
        for queue, offer in offers_of(session):
            key = session.hands.project, queue, offer.name
            if key in self._due or self._known.get(key) != offer.SerializeToString(deterministic=True):
                self._due[key] = offer
                fresh.add(key)
        if fresh:
            self._news.set()
        return frozenset(fresh)

    async def taken_down(self, wanted: frozenset[_Key], seconds: float) -> bool:
        """Wait until all these are taken down; returns False if they are not in time."""
        try:
            async with asyncio.timeout(seconds), self._told:
                await self._told.wait_for(lambda: not (wanted & self._due.keys()))
        except TimeoutError:
            return False
        return True

    def refresh(self, sessions: Iterable[Session]) -> None:
        """Have what is still offered taken down anew: it shows that it still is."""
        for session in sessions:
            for queue, offer in offers_of(session):
                self._due[session.hands.project, queue, offer.name] = offer
        if self._due:
            self._news.set()

    async def run(self) -> None:
        """Hand on what is new, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._due:
                some = dict(list(self._due.items())[:_PER_CALL])
                if not await self._backing.record_offers(self._name, _messages(some)):
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                await self._done(some)

    async def _done(self, some: dict[_Key, worker_pb2.ActionOffer]) -> None:
        for key, offer in some.items():
            self._known[key] = offer.SerializeToString(deterministic=True)
            # What was said meanwhile is still to be taken down.
            if self._due.get(key) is offer:
                del self._due[key]
        async with self._told:
            self._told.notify_all()


def _messages(offers: dict[_Key, worker_pb2.ActionOffer]) -> list[WorkerOffers]:
    messages: dict[tuple[str, str], WorkerOffers] = {}
    for (project, queue, _), offer in offers.items():
        message = messages.setdefault((project, queue), WorkerOffers(project_id=project, queue=queue))
        message.actions.append(offer)
    return list(messages.values())
