"""How far runs are: the newest of each is handed on to an engine, at most once a second."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from mistral.internal.v1.worker_state_service_pb2 import ActionProgress
from mistral.v1 import worker_pb2
from mistral_core.errors import InvalidInput
from mistral_executor.attempts import Key
from mistral_executor.workers.backing import Backing
from mistral_executor.workers.runs import Run

EVERY_SECONDS: Final = 1.0
LARGEST_DETAILS_BYTES: Final = 64 * 1024
_MOST_LINES: Final = 1000
_LONGEST_LINE: Final = 8192
_MOST_BYTES: Final = 2 * 1024 * 1024
_decode = msgspec.json.Decoder().decode


class Progress:
    """Gathers what runs tell; ``run`` must run in the background."""

    def __init__(self, backing: Backing) -> None:
        self._backing = backing
        self._news: dict[Key, ActionProgress] = {}
        self._wake = asyncio.Event()

    def add(self, run: Run, told: worker_pb2.AssignmentProgress) -> None:
        """Take note of what a run tells.

        Raises:
            InvalidInput: If the details are too large or no JSON.
        """
        if told.HasField("details"):
            _check(told.details)
            run.details = told.details
        news = self._news.get(run.key)
        if news is None:
            news = self._news[run.key] = ActionProgress(
                action_id=run.key[0],
                attempt=run.key[1],
                execution_id=run.task.execution_id,
                worker=run.hands.worker if run.hands is not None else "",
            )
        progress = news.progress
        if told.HasField("percent"):
            progress.percent = min(100.0, max(0.0, told.percent))
        if told.HasField("details"):
            progress.details = told.details
        for line in told.lines:
            progress.lines.add(time=line.time, level=line.level, message=_cut(line.message))
        if len(progress.lines) > _MOST_LINES:
            del progress.lines[: len(progress.lines) - _MOST_LINES]
        self._wake.set()

    async def run(self) -> None:
        """Hand on what is new, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.flush()
            await asyncio.sleep(EVERY_SECONDS)

    async def flush(self) -> None:
        """Hand on what is new, now."""
        news, self._news = self._news, {}
        for some in _portions(list(news.values())):
            await self._backing.record_progress(some)


def _check(details: bytes) -> None:
    if len(details) > LARGEST_DETAILS_BYTES:
        raise InvalidInput(f"progress details have at most {LARGEST_DETAILS_BYTES} bytes, not {len(details)}")
    try:
        _decode(details)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"progress details are not JSON: {str(error)[:200]}") from None


def _cut(message: str) -> str:
    if len(message) <= _LONGEST_LINE // 4:
        return message
    return message.encode("utf-8", "replace")[:_LONGEST_LINE].decode("utf-8", "ignore")


def _portions(news: list[ActionProgress]) -> list[list[ActionProgress]]:
    portions: list[list[ActionProgress]] = []
    size = _MOST_BYTES
    for each in news:
        if size >= _MOST_BYTES:
            portions.append([])
            size = 0
        portions[-1].append(each)
        size += each.ByteSize()
    return portions
