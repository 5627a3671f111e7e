"""What an execution did, laid over the drawing of its workflow."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mistral_core.graph.critical import longest_chain
from mistral_core.graph.model import Drawing, Edge, Node, Shape

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRun:
    """One execution of a task; times in seconds since any moment, None for what has not happened.

    Attributes:
        before: The (id, clause) pairs that led to it, such as ``on-success``; "" for a clause that is not known.
        until: When it ended, or now if it has not.
    """

    id: str
    name: str
    state: str
    started: float | None
    until: float | None
    before: Sequence[tuple[str, str]] = ()

    @property
    def took(self) -> float:
        """Seconds that it ran."""
        return 0.0 if self.started is None or self.until is None else max(0.0, self.until - self.started)


def with_run(drawing: Drawing, runs: Iterable[TaskRun], *, state: str = "", took: float | None = None) -> Drawing:
    """Return the drawing with states, durations and the chain that took longest.

    Args:
        runs: All executions of tasks, the newest of a name last.
        state: Of the whole execution; ``took`` its seconds.
    """
    known = {run.id: run for run in runs}
    required: dict[str, list[str]] = {}
    for edge in drawing.edges:
        required.setdefault(edge.target, []).append(edge.source)
    newest = {run.name: run.id for run in known.values()}
    led = {
        run.id: run.before or [(newest[n], "") for n in required.get(run.name, ()) if _earlier(known, newest, n, run)]
        for run in known.values()
    }
    before = {each: [earlier for earlier, _ in pairs] for each, pairs in led.items()}
    chain = longest_chain({run.id: run.took for run in known.values()}, before)
    names = [known[each].name for each in chain]
    steps = set(itertools.pairwise(names))
    taken = {(known[b].name, run.name, way) for run in known.values() for b, way in led[run.id] if b in known}
    return replace(
        drawing,
        nodes=tuple(_node(node, list(known.values()), set(names)) for node in drawing.nodes),
        edges=tuple(_edge(edge, taken, steps) for edge in drawing.edges),
        state=state,
        caption=_caption(known.values(), chain, state, took),
    )


def span(seconds: float) -> str:
    """Return a duration as people say it: ``12 ms``, ``1.2 s``, ``2 min 05 s``, ``3 h 10 min``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE - 0.05:
        return f"{seconds:.1f} s"
    if seconds < _HOUR - 0.5:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest:02} s"
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours} h {rest:02} min"


def _earlier(known: dict[str, TaskRun], newest: dict[str, str], name: str, run: TaskRun) -> bool:
    """Tell, where it was not said, whether a task came before another by its times."""
    other = known.get(newest.get(name, ""))
    if other is None or other.until is None or run.started is None:
        return False
    return other.until <= run.started


def _node(node: Node, runs: list[TaskRun], critical: set[str]) -> Node:
    own = [run for run in runs if run.name == node.title]
    if node.shape is Shape.COMMAND or not own:
        return node
    return replace(
        node,
        state=own[-1].state,
        took=span(sum(run.took for run in own)) if own[-1].started is not None else "",
        runs=len(own),
        critical=node.title in critical,
    )


def _edge(edge: Edge, taken: set[tuple[str, str, str]], steps: set[tuple[str, str]]) -> Edge:
    ends = (edge.source, edge.target)
    took_it = (*ends, edge.way.value) in taken or (*ends, "") in taken
    return replace(edge, taken=took_it, critical=took_it and ends in steps)


def _caption(runs: Iterable[TaskRun], chain: Sequence[str], state: str, took: float | None) -> str:
    by_id = {run.id: run for run in runs}
    parts = [state] if state else []
    if took is not None:
        parts.append(f"in {span(took)}")
    words = " ".join(parts)
    if not chain:
        return words
    longest = span(sum(by_id[each].took for each in chain))
    steps = [(name, len(list(group))) for name, group in itertools.groupby(by_id[each].name for each in chain)]
    way = " → ".join(name if times == 1 else f"{name} ({times} times)" for name, times in steps)
    return f"{words}; critical path {longest}: {way}".lstrip("; ")
