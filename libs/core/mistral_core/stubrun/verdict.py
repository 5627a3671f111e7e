"""What was not as expected: a run held against its expectations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mistral_core.machine.execution import Execution
from mistral_core.machine.rehearsal import SECOND
from mistral_core.stubrun.answering import Call
from mistral_core.stubrun.matching import differences, matches, named
from mistral_core.stubrun.model import UNSAID, CallExpectation, Expectation, TaskExpectation
from mistral_core.stubrun.outcome import Outcome, TaskOutcome, task_outcomes
from mistral_core.stubrun.spans import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One thing that was not as expected.

    Attributes:
        what: What it is about, such as ``output.greeting`` or ``task fly: state``.
        expected: UNSAID if there is nothing to compare; likewise ``actual``.
        note: A sentence that says more.
        line: Line of the expectation in the test file; 0 when it has none.
    """

    what: str
    expected: Any = UNSAID
    actual: Any = UNSAID
    note: str = ""
    line: int = 0


def complaints(expect: Expectation, outcome: Outcome) -> Iterator[Complaint]:
    """Yield what was not as expected."""
    execution = outcome.execution
    lines = expect.lines
    if execution is None:
        yield from _of_refusal(expect, outcome)
        return
    if expect.refused is not UNSAID:
        yield Complaint(what="refused", expected=expect.refused, note="it was started", line=lines.get("refused", 0))
        return
    if expect.state != execution.state.value:
        note = execution.state_info or ""
        yield Complaint(
            what="state", expected=expect.state, actual=execution.state.value, note=note, line=_line(expect, "state")
        )
    yield from _compared("output", expect.output, execution.output, True, _line(expect, "output"))
    yield from _compared("output", expect.includes, execution.output, False, _line(expect, "output-includes"))
    yield from _text("state-info", expect.info, execution.state_info, _line(expect, "state-info"))
    yield from _span("elapsed", expect.elapsed, elapsed(execution), _line(expect, "elapsed"))
    for task in expect.tasks:
        yield from _of_task(task, task_outcomes(outcome, task.path))
    yield from _of_never(expect, outcome)
    yield from _of_order(expect, outcome)
    for call in expect.calls:
        yield from _of_call(call, outcome.record.calls)


def elapsed(execution: Execution) -> float | None:
    """Return how long an execution took, in seconds; None if it did not end."""
    return None if execution.finished_at is None else (execution.finished_at - execution.created_at) / SECOND


def _line(expect: Expectation, key: str) -> int:
    return expect.lines.get(key) or expect.lines.get("", 0)


def _of_refusal(expect: Expectation, outcome: Outcome) -> Iterator[Complaint]:
    if expect.refused is UNSAID:
        yield Complaint(
            what="start", expected=expect.state, actual="refused", note=outcome.refusal, line=_line(expect, "state")
        )
    else:
        yield from _text("refused", expect.refused, outcome.refusal, _line(expect, "refused"))


def _compared(what: str, expected: Any, actual: Any, exact: bool, line: int) -> Iterator[Complaint]:
    if expected is UNSAID:
        return
    for path, wanted, found in differences(expected, actual, exact=exact):
        joint = "" if not path or path.startswith("[") else "."
        yield Complaint(what=f"{what}{joint}{path}", expected=wanted, actual=found, line=line)


def _span(what: str, expected: Any, actual: float | None, line: int) -> Iterator[Complaint]:
    """Compare seconds, and say a wrong number of them in words as well."""
    for complaint in _compared(what, expected, actual, True, line):
        yield complaint if actual is None else replace(complaint, note=f"that is {shown(actual)}")


def _text(what: str, expected: Any, actual: str | None, line: int) -> Iterator[Complaint]:
    if expected is UNSAID or (isinstance(expected, str) and expected in (actual or "")) or matches(expected, actual):
        return
    yield Complaint(what=what, expected=expected, actual=actual, note="the text is not in it", line=line)


def _of_task(expect: TaskExpectation, found: Sequence[TaskOutcome]) -> Iterator[Complaint]:
    what, line = f"task {expect.path}", expect.line
    if not found:
        if expect.runs != 0:
            wanted = expect.state if expect.state is not None else UNSAID
            yield Complaint(what=what, expected=wanted, actual=UNSAID, note="it did not run", line=line)
        return
    newest = found[-1]
    if expect.state not in (None, newest.state):
        yield Complaint(
            what=f"{what}: state", expected=expect.state, actual=newest.state, note=newest.info or "", line=line
        )
    yield from _compared(f"{what}: runs", expect.runs, len(found), True, line)
    yield from _compared(f"{what}: attempts", expect.attempts, newest.attempts, True, line)
    yield from _compared(f"{what}: result", expect.result, newest.result, True, line)
    yield from _compared(f"{what}: published", expect.published, newest.published, True, line)
    yield from _compared(f"{what}: published", expect.includes, newest.published, False, line)
    yield from _span(f"{what}: elapsed", expect.elapsed, newest.elapsed, line)
    yield from _text(f"{what}: state-info", expect.info, newest.info, line)
    calls = [call.input for each in found for call in each.calls]
    if expect.input is not UNSAID:
        yield from _compared(f"{what}: input", expect.input, calls[-1] if calls else None, False, line)
    if expect.calls is not None:
        yield from _compared(f"{what}: calls", list(expect.calls), calls, False, line)


def _of_never(expect: Expectation, outcome: Outcome) -> Iterator[Complaint]:
    for path in expect.never:
        found = task_outcomes(outcome, path)
        if found:
            yield Complaint(
                what=f"task {path}", actual=found[-1].state, note="it must not run", line=_line(expect, "never")
            )


def _of_order(expect: Expectation, outcome: Outcome) -> Iterator[Complaint]:
    begun = [begin.path for begin in outcome.record.begins]
    actual = iter(begun)
    if not all(any(_same(path, other) for other in actual) for path in expect.order):
        those = [path for path in begun if any(_same(wanted, path) for wanted in expect.order)]
        yield Complaint(what="order", expected=list(expect.order), actual=those, line=_line(expect, "order"))


def _same(wanted: str, path: str) -> bool:
    """Tell whether a path is meant; one without an index means each item."""
    return wanted == path or (wanted.count("[") == 0 and wanted == _without_indexes(path))


def _without_indexes(path: str) -> str:
    return "/".join(part.partition("[")[0] if part.endswith("]") else part for part in path.split("/"))


def _of_call(expect: CallExpectation, calls: Sequence[Call]) -> Iterator[Complaint]:
    of_kind = [c for c in calls if named(expect.action, *c.names) and named(expect.task, c.task, c.task_path)]
    fitting = [c for c in of_kind if expect.input is UNSAID or matches(expect.input, c.input)]
    what = f"calls of {expect.action or f'task {expect.task}'}"
    if expect.times is UNSAID:
        if not fitting:
            actual = [c.input for c in of_kind] or UNSAID
            note = "no call was given this" if of_kind else "there was no call"
            yield Complaint(what=what, expected=expect.input, actual=actual, note=note, line=expect.line)
        return
    yield from _compared(f"{what}: times", expect.times, len(fitting), True, expect.line)
