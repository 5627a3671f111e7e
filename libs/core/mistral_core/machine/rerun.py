"""Running a failed task again, or passing it over."""

from __future__ import annotations

from typing import Final

from mistral_core.errors import Forbidden, IllegalState, Invalid, NotFound
from mistral_core.machine import context as contexts
from mistral_core.machine import control, items, join, resuming, reverse
from mistral_core.machine.command import Lifecycle
from mistral_core.machine.context import Context
from mistral_core.machine.draft import Draft
from mistral_core.machine.ending import end
from mistral_core.machine.event import RerunRequested, SkipRequested
from mistral_core.machine.execution import TaskExecution
from mistral_core.machine.launch import begin
from mistral_core.machine.policies.retry import withdraw
from mistral_core.machine.scope import outbound
from mistral_core.machine.state import State


def rerun(draft: Draft, event: RerunRequested) -> None:
    """Run a failed task again, all of it or, for with-items, only the items that did not succeed.

    Raises:
        NotFound: If there is no such task.
        IllegalState: If the task did not fail, or the execution has succeeded.
        Invalid: If ``reset`` is false for a task without with-items.
        Forbidden: If ``env`` is given but the execution is running.
    """
    task = _failed(draft, event.task_id, "run again")
    if not event.reset and not draft.plan_for(task).bindings:
        raise Invalid("Only with-items task has the option to not reset.")
    if draft.state is State.PAUSED:
        return
    if event.env is not None:
        if draft.state is not State.ERROR:
            raise Forbidden("Updating env to workflow execution is only permitted if it has failed or is paused.")
        control.merge_environment(draft, event.env)
    resuming.reopen_execution(draft)
    restart(draft, draft.tasks[task.id], reset=event.reset)


def skip(draft: Draft, event: SkipRequested) -> None:
    """Pass a failed task over.

    Raises:
        NotFound: If there is no such task.
        IllegalState: If the task did not fail, or the execution has succeeded.
    """
    task = _failed(draft, event.task_id, "skipped")
    if draft.state is not State.PAUSED:
        resuming.reopen_execution(draft)
    fresh = draft.change(draft.tasks[task.id], **_FORGOTTEN)
    end(draft, fresh.id, State.SKIPPED, "Task was skipped.", final=True)


_FORGOTTEN: Final = {**resuming.NOT_ENDED, "published": None, "published_global": {}}


def restart(draft: Draft, task: TaskExecution, *, reset: bool) -> None:
    """Start the work of a task anew; what led to it is kept."""
    left = items.remaining(task) if task.items is not None and not reset else None
    task = withdraw(draft, task, indexes=None if left is None else frozenset(left.rerun))
    task = draft.change(
        task,
        **_FORGOTTEN,
        state=State.RUNNING,
        state_info=None,
        round=task.round + 1,
        started_at=draft.at,
        finished_at=None,
        retry_no=None,
        waited_before=False,
        waited_after=False,
        resolved={},
        items=left,
        elements=None,
        context=context_of(draft, task),
    )
    if task.join:
        join.reopen(draft, task)
    else:
        begin(draft, task, event=Lifecycle.TASK_RERUN)


def context_of(draft: Draft, task: TaskExecution) -> Context:
    """Return what the task begins with as of now, since what led to it may have been run again, too."""
    if draft.plan.reverse:
        return reverse.context_of(draft, task.name)
    sources = [draft.tasks[task_id] for task_id in led_by(task)]
    if not task.join and len(sources) == 1:
        return outbound(sources[0])
    return contexts.merge(join.branch_context(source) for source in sources)


def led_by(task: TaskExecution) -> list[str]:
    """Return the ids of the tasks whose variables a task began with."""
    failures = (join.NOT_TRIGGERED, join.IMPOSSIBLE)
    return [task_id for task_id, event in task.triggered_by if event not in failures]


def _failed(draft: Draft, task_id: str, what: str) -> TaskExecution:
    task = draft.tasks.get(task_id)
    if task is None:
        raise NotFound(f"Task execution not found [task_execution_id={task_id}]")
    if task.superseded_by is not None:
        raise IllegalState(f"A replay has taken the place of the task [task_execution_id={task_id}]")
    if task.state is State.SUCCESS and what == "run again":
        raise IllegalState("Rerunning succeeded tasks is not supported.")
    if task.state is not State.ERROR:
        raise IllegalState(f"Only a task in ERROR can be {what} [task_execution_id={task_id}, state={task.state}]")
    return task
