"""Runs that an application has taken and tells the end of later: kept for it as long as it gives signs of life."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mistral_executor.workers.book import Book


class _Awaited:
    __slots__ = ("renewed", "until")

    def __init__(self, until: float) -> None:
        self.until = until
        self.renewed = 0.0


class Awaiting:
    """Looks after the leases of such runs.

    Args:
        lease_seconds: What a sign of life of any worker is worth.
        patience_seconds: How long an application may be silent.
    """

    def __init__(self, book: Book, lease_seconds: float, patience_seconds: float) -> None:
        self._book = book
        self._lease = lease_seconds
        self.patience_seconds = patience_seconds
        self._runs: dict[str, _Awaited] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def __contains__(self, token: str) -> bool:
        return token in self._runs

    def add(self, token: str) -> None:
        """The application has taken a run."""
        self._runs[token] = _Awaited(time.monotonic() + self.patience_seconds)

    def look(self) -> Iterator[str]:
        """Renew the leases of all that are not given up, and yield the tokens that are over."""
        now = time.monotonic()
        for token, awaited in tuple(self._runs.items()):
            run = self._book.tokens.get(token)
            if run is None or run.answered or run.hands is None:
                del self._runs[token]
                yield token
                continue
            if awaited.renewed and run.expires != awaited.renewed:
                # Somebody else has renewed it: the application has called.
                awaited.until = now + self.patience_seconds
            if now < awaited.until:
                run.expires = awaited.renewed = now + self._lease
