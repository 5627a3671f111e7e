"""Threads for handlers that may block: as many as were ever busy at once, at most as many as there are slots."""

import queue
import threading
from collections.abc import Callable

from mistral_sdk.running.hand import Run


class Threads:
    """Runs are begun in the order they come; ``work`` does not raise."""

    def __init__(self, most: int, work: Callable[[Run], None]) -> None:
        self._most = most
        self._work = work
        self._waiting: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._started = 0
        self._unfinished = 0

    def begin(self, run: Run) -> None:
        """Have a run begun by a thread that is free, or by a new one."""
        with self._lock:
            self._unfinished += 1
            grows = self._started < min(self._most, self._unfinished)
            self._started += grows
        self._waiting.put(run)
        if grows:
            name = f"mistral-action-{self._started}"
            threading.Thread(target=self._serve, name=name, daemon=True).start()

    def close(self) -> None:
        """Let threads end when they are free; one that is busy ends with its handler, or with the process."""
        for _ in range(self._started):
            self._waiting.put(None)

    def _serve(self) -> None:
        while (run := self._waiting.get()) is not None:
            self._work(run)
            with self._lock:
                self._unfinished -= 1
