"""How an execution ends: when nothing is left to do, by a command, or because something cannot go on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from mistral_core.errors import ExpressionFailed
from mistral_core.machine import context as contexts
from mistral_core.machine import target
from mistral_core.machine.command import CancelTimer, Lifecycle, TellParent
from mistral_core.machine.context import Context
from mistral_core.machine.draft import Draft
from mistral_core.machine.event import ChildFinished, TimerKind
from mistral_core.machine.execution import TaskExecution, TaskType
from mistral_core.machine.scope import end_scope, entry, outbound
from mistral_core.machine.state import FINAL, State
from mistral_core.machine.texts import clipped, error_text, first_line

_ANNOUNCED: Final = {
    State.SUCCESS: Lifecycle.WORKFLOW_SUCCEEDED,
    State.ERROR: Lifecycle.WORKFLOW_FAILED,
    State.CANCELLED: Lifecycle.WORKFLOW_CANCELLED,
}


def complete_if_settled(draft: Draft) -> None:
    """End a running execution of which no task is left to finish."""
    if draft.live or draft.state is not State.RUNNING or draft.execution.backlog:
        return
    tasks = [task for task in draft.in_order() if task.superseded_by is None]
    cancelled = [task.name for task in tasks if task.state is State.CANCELLED]
    failed = [task for task in tasks if task.state is State.ERROR and not task.error_handled]
    if cancelled:
        cancel(draft, f"Cancelled tasks: {', '.join(dict.fromkeys(cancelled))}")
    elif failed:
        fail(draft, failure_message(draft, failed), tasks=tasks)
    elif draft.target is not None and draft.newest(draft.target) is None:
        fail(draft, target.missed(draft.target), tasks=tasks)
    else:
        succeed(draft, None, tasks=tasks)


def succeed(
    draft: Draft, info: str | None, *, tasks: Iterable[TaskExecution] | None = None, by: TaskExecution | None = None
) -> None:
    """End with SUCCESS and the output; an output that cannot be evaluated makes it an ERROR.

    Args:
        tasks: All tasks, if the caller has them.
        by: The task whose command it is; its variables count although others may follow it.
    """
    final = final_context(draft, tasks, by)
    try:
        output = _output(draft, final)
    except ExpressionFailed as failure:
        _fail(draft, f"Failed to evaluate the output of the workflow [error={first_line(failure)}]", final)
        return
    _conclude(draft, State.SUCCESS, info, output)


def fail(
    draft: Draft, info: str | None, *, tasks: Iterable[TaskExecution] | None = None, by: TaskExecution | None = None
) -> None:
    """End with ERROR and the output that is meant for it; the arguments are those of ``succeed``."""
    _fail(draft, info, final_context(draft, tasks, by))


def cancel(draft: Draft, info: str | None) -> None:
    """End with CANCELLED."""
    _conclude(draft, State.CANCELLED, info, {"result": info})


def final_context(
    draft: Draft, tasks: Iterable[TaskExecution] | None = None, by: TaskExecution | None = None
) -> Context:
    """Return the merged variables of the finished tasks that nothing followed; of the target if there is one."""
    wanted = draft.newest(str(draft.execution.params.get("task_name"))) if draft.plan.reverse or draft.target else None
    if wanted is not None and wanted.state in FINAL:
        return outbound(wanted)
    if draft.plan.reverse:
        return contexts.EMPTY
    last = None if by is None else by.id
    ends = [
        task
        for task in (draft.in_order() if tasks is None else tasks)
        if task.state in FINAL and task.superseded_by is None and (not task.has_next or task.id == last)
    ]
    order = draft.plan.order
    ends.sort(key=lambda task: (order[task.name], task.number))
    return contexts.merge(outbound(task) if task.published else entry(task) for task in ends)


def failure_message(draft: Draft, failed: Iterable[TaskExecution]) -> str:
    """Return what went wrong in which tasks, with the results of their runs."""
    failed = list(failed)
    lines = [f"Failure caused by error in tasks: {', '.join(dict.fromkeys(task.name for task in failed))}", ""]
    for task in failed:
        lines.append(f"  {task.name} [task_ex_id={task.id}] -> {task.state_info}")
        lines.extend(_runs(task))
        lines.append("")
    return clipped("\n".join(lines))


def _runs(task: TaskExecution) -> Iterator[str]:
    kind, records = ("wf_ex_id", task.children) if task.type is TaskType.WORKFLOW else ("action_ex_id", task.actions)
    failed: list[Any] = [each for each in records.values() if each.state is State.ERROR]
    for record in sorted(failed, key=lambda each: (each.index, each.created_at)):
        yield f"    [{kind}={record.id}, idx={record.index}]: {error_text(record.output)}"


def _output(draft: Draft, final: Context) -> Any:
    # What the whole workflow gives cannot be said when only the way to one task was run.
    program = None if draft.target is not None else draft.plan.output
    given = None if program is None else program(end_scope(draft, final))
    return given or _sorted(final)


def _sorted(final: Context) -> dict[str, Any]:
    """Return variables in the order of their names; a persistent mapping has another order in every process."""
    return {name: final.values[name] for name in sorted(final.values)}


def _fail(draft: Draft, info: str | None, final: Context) -> None:
    program = draft.plan.output_on_error
    extra: Any = _sorted(final)
    if program is not None:
        try:
            extra = program(end_scope(draft, final))
        except ExpressionFailed as failure:
            extra = {}
            more = f"Failed to evaluate expression in output-on-error! ({first_line(failure)})"
            info = more if info is None else f"{info}\n{more}"
    _conclude(draft, State.ERROR, info, {"result": info, **extra})


def _conclude(draft: Draft, state: State, info: str | None, output: Any) -> None:
    info = None if info is None else clipped(info)
    draft.amend(state=state, state_info=info, output=output, finished_at=draft.at, backlog=())
    if draft.live:
        _forget_timers(draft)
    draft.announce(_ANNOUNCED[state])
    parent = draft.execution.parent
    if parent is not None:
        finished = ChildFinished(
            at=draft.at,
            task_id=parent.task_id,
            child_id=draft.before.id,
            state=state,
            output=output,
            state_info=info,
            order=draft.next_order(),
            replays=draft.execution.replays,
        )
        draft.tell(TellParent(execution_id=parent.execution_id, event=finished))


def _forget_timers(draft: Draft) -> None:
    for task in draft.in_order():
        if task.state in FINAL:
            continue
        if task.timeout_round:
            draft.tell(CancelTimer(task_id=task.id, kind=TimerKind.TIMEOUT, round=task.timeout_round))
        if task.state is State.DELAYED and task.delayed_by is not None:
            draft.tell(CancelTimer(task_id=task.id, kind=TimerKind(task.delayed_by), round=task.round))
