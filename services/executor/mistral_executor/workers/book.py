"""All runs of workers that this executor has to do with, and what is remembered of those it had."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from mistral.internal.v1.envelope_pb2 import WorkerHeld
from mistral_executor.attempts import Key, Memory
from mistral_executor.workers.runs import Past, Run

_REMEMBERED: Final = 100_000


class Book:
    """Memory only.

    Attributes:
        runs: All in hand: waiting, with a worker, without one, and those whose answer is not confirmed yet.
        tokens: Those that a worker has, or that were answered and are not confirmed yet.
        ended: Those that ended here, as long as they are remembered.
        cancelled: Those that nobody waits for, which did not come yet.
    """

    def __init__(self) -> None:
        self.runs: dict[Key, Run] = {}
        self.tokens: dict[str, Run] = {}
        self.ended = Memory()
        self.cancelled = Memory()
        self._past: dict[str, Past] = {}
        self._order: deque[str] = deque()

    def close(self, token: str, past: Past) -> None:
        """Remember what is to be said of a token from now on."""
        self.tokens.pop(token, None)
        if token not in self._past:
            if len(self._order) >= _REMEMBERED:
                self._past.pop(self._order.popleft(), None)
            self._order.append(token)
        self._past[token] = past

    def past(self, token: str) -> Past | None:
        """Return what became of a token; None if that is not known here."""
        return self._past.get(token)

    def held(self, asked: Iterable[Key]) -> set[Key]:
        """Return those that are in hand here."""
        return set(asked) & self.runs.keys()

    def in_workers(self, asked: Iterable[Key]) -> list[WorkerHeld]:
        """Return those that a worker has whose lease is kept here, or whose answer is on its way."""
        found = (self.runs.get(key) for key in asked)
        return [
            WorkerHeld(action_id=run.key[0], attempt=run.key[1], epoch=run.epoch)
            for run in found
            if run is not None and (run.hands is not None or run.answered)
        ]

    def recorded(self, asked: Iterable[Key]) -> set[Key]:
        """Return those that ended here lately."""
        return {key for key in asked if key in self.ended}
