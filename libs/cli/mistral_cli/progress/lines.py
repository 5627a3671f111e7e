"""Progress without a terminal: one plain line for each change, in the order in which things happened."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TextIO

from mistral_cli.progress.snapshot import FINAL, ExecutionView, TaskView
from mistral_cli.progress.words import note, time_taken

_SEPARATOR = " / "


class Lines(AbstractContextManager["Lines"]):
    """Prints what is new in each view: seconds since the start, what, its state, how long it took."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._seen: dict[str, str] = {}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.flush()

    def show(self, view: ExecutionView) -> None:
        now = time.time()
        news = [
            _line(part, path, view.started, now)
            for path, part in _parts(view, view.name)
            if self._seen.get(part.id) != part.state
        ]
        self._seen |= {part.id: part.state for _, part in _parts(view, view.name)}
        for _, _, line in sorted(news):
            print(line, file=self._stream, flush=True)


def _line(part: TaskView | ExecutionView, path: str, begin: float, now: float) -> tuple[float, int, str]:
    """Return a line and what sorts it: its time, then outer things begin and inner things end first."""
    over = part.state in FINAL
    begins = part.state == "RUNNING" and not (isinstance(part, TaskView) and part.retries)
    when = (part.finished if over else part.started if begins else part.changed) or now
    words = [f"{max(0.0, when - begin):8.3f} s  {part.state:9}  {path}"]
    if over:
        words.append(f"({time_taken(part, now)})")
    if said := note(part):
        words.append(f"- {said}")
    depth = path.count(_SEPARATOR)
    return when, -depth if over else depth, " ".join(words)


def _parts(view: ExecutionView, path: str) -> Iterator[tuple[str, TaskView | ExecutionView]]:
    for task in view.tasks:
        task_path = f"{path}{_SEPARATOR}{task.name}"
        for child in task.children:
            yield from _parts(child, f"{task_path}{_SEPARATOR}{child.name}")
        yield task_path, task
    yield path, view


class Silence(AbstractContextManager["Silence"]):
    """Shows nothing, for those who want it quiet."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """There is nothing to put right."""

    def show(self, view: ExecutionView) -> None:
        """Show nothing of it."""
