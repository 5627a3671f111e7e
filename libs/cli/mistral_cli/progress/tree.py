"""The live tree on a terminal: tasks with states and durations, sub-workflows below the tasks that started them."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TypeVar

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text
from rich.tree import Tree

from mistral_cli.printing import STATE_STYLES
from mistral_cli.progress.snapshot import ExecutionView, TaskView
from mistral_cli.progress.words import note, time_taken

_View = TypeVar("_View", TaskView, ExecutionView)

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ICONS: Mapping[str, str] = {
    "SUCCESS": "✔",
    "ERROR": "✘",
    "CANCELLED": "✘",
    "SKIPPED": "↷",
    "PAUSED": "‖",
    "DELAYED": "◷",
    "WAITING": "◌",
    "IDLE": "◌",
}
_INDENT = 4
_MOST_SHOWN = 40
_STATE_WIDTH = 9


class LiveTree(AbstractContextManager["LiveTree"]):
    """Draws the latest view until the block ends; the last one stays."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._view: ExecutionView | None = None
        self._live = Live(console=console, refresh_per_second=10, get_renderable=self._renderable)

    def __enter__(self) -> "LiveTree":
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def show(self, view: ExecutionView) -> None:
        self._view = view

    def _renderable(self) -> RenderableType:
        if self._view is None:
            return Text("…")
        return drawn(self._view, now=time.time(), icons="utf" in self._console.encoding.lower())


def drawn(view: ExecutionView, *, now: float, icons: bool = True) -> Tree:
    """Return the tree of an execution."""
    width = max((len(name) + depth * _INDENT for name, depth in _names(view, 0)), default=0)
    pen = _Pen(now, width, icons)
    root = Tree(pen.line(view, view.name, 0), guide_style="dim")
    _add_tasks(root, view, pen, 1)
    return root


class _Pen:
    def __init__(self, now: float, width: int, icons: bool) -> None:
        self._now = now
        self._width = width
        self._icons = icons

    def line(self, view: TaskView | ExecutionView, name: str, depth: int) -> Text:
        style = STATE_STYLES.get(view.state, "")
        line = Text(no_wrap=True, overflow="ellipsis")
        if self._icons:
            line.append(self._icon(view.state) + " ", style)
        line.append(name.ljust(self._width - depth * _INDENT), "bold" if isinstance(view, ExecutionView) else "")
        line.append("  " + view.state.ljust(_STATE_WIDTH), style)
        line.append("  " + time_taken(view, self._now).rjust(8), "dim")
        if words := note(view):
            line.append("  " + words, "red" if view.state == "ERROR" else "dim")
        return line

    def _icon(self, state: str) -> str:
        if state == "RUNNING":
            return _SPINNER[int(self._now * 10) % len(_SPINNER)]
        return _ICONS.get(state, " ")


def _add_tasks(branch: Tree, view: ExecutionView, pen: _Pen, depth: int) -> None:
    for task in _shown(view.tasks):
        twig = branch.add(pen.line(task, task.name, depth))
        for child in _shown(task.children):
            _add_tasks(twig.add(pen.line(child, child.name, depth + 1)), child, pen, depth + 2)
        _add_rest(twig, len(task.children) - _MOST_SHOWN)
    _add_rest(branch, len(view.tasks) - _MOST_SHOWN)


def _add_rest(branch: Tree, count: int) -> None:
    if count > 0:
        branch.add(Text(f"… and {count} more", "dim"))


def _shown(views: Sequence[_View]) -> list[_View]:
    """Return as many as are drawn, in their order: what is not over or went wrong before what is done."""
    if len(views) <= _MOST_SHOWN:
        return list(views)
    by_interest = sorted(range(len(views)), key=lambda index: (views[index].state == "SUCCESS", index))
    return [views[index] for index in sorted(by_interest[:_MOST_SHOWN])]


def _names(view: ExecutionView, depth: int) -> Iterator[tuple[str, int]]:
    yield view.name, depth
    for task in _shown(view.tasks):
        yield task.name, depth + 1
        for child in _shown(task.children):
            yield from _names(child, depth + 2)
