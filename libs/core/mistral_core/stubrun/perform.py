"""One case from beginning to end: started, answered, interfered with, judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mistral_core.errors import InvalidDefinition, NotFound, WorkflowError
from mistral_core.language.node import guess
from mistral_core.machine.rehearsal import SECOND
from mistral_core.stubrun.answering import Answerer
from mistral_core.stubrun.asking import event_of
from mistral_core.stubrun.library import Library
from mistral_core.stubrun.model import Case, Request, Stub
from mistral_core.stubrun.outcome import Outcome
from mistral_core.stubrun.stage import MOST_EVENTS, Endless, Stage
from mistral_core.stubrun.timeline import Happening, Moment
from mistral_core.stubrun.verdict import Complaint, complaints, elapsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a case went.

    Attributes:
        workflow: Stored name of the workflow that was started.
        state: Final state, or the one it got stuck in; None if the start was refused.
        elapsed: Seconds of virtual time until its end; None if it has none.
        unused: Stubs of the case that answered nothing.
    """

    case: Case
    workflow: str
    complaints: Sequence[Complaint]
    timeline: Sequence[Moment]
    state: str | None = None
    output: Any = None
    elapsed: float | None = None
    unused: Sequence[Stub] = ()

    @property
    def passed(self) -> bool:
        return not self.complaints


def perform(case: Case, library: Library) -> Report:
    """Run a case.

    Raises:
        InvalidDefinition: If the case names a workflow, an environment or a task that is not there.
    """
    name = _checked(case, library)
    stage = Stage(library, Answerer(case.stubs))
    found: list[Complaint] = []
    execution_id, refusal = "", ""
    try:
        execution_id = stage.open(name, case.input, _params(case, library))
    except WorkflowError as error:
        refusal = error.message
    else:
        found.extend(_play(case, stage, execution_id))
    execution = stage.executions.get(execution_id)
    outcome = Outcome(record=stage.record, executions=stage.executions, execution=execution, refusal=refusal)
    found.extend(_of_answers(stage))
    found.extend(complaints(case.expect, outcome))
    return Report(
        case=case,
        workflow=name,
        complaints=found,
        timeline=stage.record.moments,
        state=None if execution is None else execution.state.value,
        output=None if execution is None else execution.output,
        elapsed=None if execution is None else elapsed(execution),
        unused=[stub for stub in stage.answerer.unused() if not stub.shared],
    )


def _checked(case: Case, library: Library) -> str:
    """Return the stored name of the workflow; names that the definitions do not have are faults of the file."""
    place = f"cases.{case.title}"
    try:
        name = library.chosen(case.workflow)
    except NotFound as error:
        raise InvalidDefinition(error.message, path=place, line=case.line) from None
    if isinstance(case.env, str) and case.env not in library.environments:
        raise InvalidDefinition(
            f"there is no environment '{case.env}'{guess(case.env, library.environments)}", path=place, line=case.line
        )
    own, everywhere = library.workflows[name].tasks, library.task_names()
    for what, task, line in _named_tasks(case):
        first, _, inner = task.partition("/")
        if "*" in task or first.partition("[")[0] in own or (what == "stub" and not inner and task in everywhere):
            continue
        known = everywhere if what == "stub" else own
        raise InvalidDefinition(
            f"workflow '{name}' has no task '{task}'{guess(task, known)} (of the {what})", path=place, line=line
        )
    return name


def _named_tasks(case: Case) -> Iterator[tuple[str, str, int]]:
    for stub in case.stubs:
        if stub.task is not None:
            yield "stub", stub.task, stub.line
    for task in case.expect.tasks:
        yield "expected tasks", task.path, task.line
    for request in case.requests:
        if request.task is not None:
            yield "request", request.task, request.line
    for key, paths in (("never", case.expect.never), ("order", case.expect.order)):
        for path in paths:
            yield f"expected '{key}'", path, case.expect.lines.get(key, case.line)


def _params(case: Case, library: Library) -> Mapping[str, Any]:
    env = library.environments[case.env] if isinstance(case.env, str) else case.env
    given = case.params.get("env")
    if isinstance(given, str) and given in library.environments:
        given = library.environments[given]
    if env is None and given is None:
        return case.params
    return {**case.params, "env": {**(env or {}), **given} if isinstance(given, Mapping) else given or env}


def _play(case: Case, stage: Stage, execution_id: str) -> Iterator[Complaint]:
    begun = stage.now
    try:
        for request in case.requests:
            at = begun + round(request.at * SECOND)
            stage.run(until=at)
            yield from _ask(request, stage, execution_id)
        stage.run()
    except Endless:
        yield Complaint(
            what="end", note=f"it still runs after {MOST_EVENTS} events: is there a cycle without a way out?"
        )


def _ask(request: Request, stage: Stage, execution_id: str) -> Iterator[Complaint]:
    what = f"{request.wish} {request.task}" if request.task else request.wish.value
    try:
        stage.record.note(stage.now, Happening.REQUEST, "", what, note=request.message or "")
        stage.tell(execution_id, event_of(request, stage.executions[execution_id], stage.now))
    except WorkflowError as error:
        yield Complaint(what=f"request to {what}", note=error.message, line=request.line)


def _of_answers(stage: Stage) -> Iterator[Complaint]:
    """Complain once about each action or sub-workflow that nobody answered."""
    told: set[tuple[str, str]] = set()
    for call in stage.record.unanswered:
        if (call.task, call.names[0]) not in told:
            told.add((call.task, call.names[0]))
            kind = "workflow" if call.workflow else "action"
            what = "and the files do not have it" if call.workflow else "and only the simplest std actions need none"
            yield Complaint(
                what=f"task {call.task_path}",
                actual=dict(call.input),
                note=f"no stub answers {kind} '{call.names[0]}', {what}",
            )
    for fault in stage.record.faults:
        yield Complaint(what="stub", note=fault)
