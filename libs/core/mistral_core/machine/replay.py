"""Running a finished task once more: a new attempt takes its place, and what had followed from it follows anew."""

from __future__ import annotations

from immutables import Map

from mistral_core.errors import Forbidden, IllegalState, NotFound
from mistral_core.machine import control, join, resuming, superseding
from mistral_core.machine.command import Lifecycle
from mistral_core.machine.draft import Draft
from mistral_core.machine.event import ReplayRequested
from mistral_core.machine.execution import TaskExecution
from mistral_core.machine.launch import begin, create
from mistral_core.machine.rerun import context_of, led_by
from mistral_core.machine.state import FINAL, State


def replay(draft: Draft, event: ReplayRequested) -> None:
    """Begin a new attempt of a finished task; a repeat of the request changes nothing.

    The attempt begins with the variables of now. What the old one and its followers published in their branches is
    gone with them; global variables stay.

    Raises:
        NotFound: If there is no such task.
        IllegalState: If the task has not finished, was set aside by another replay, or the execution is paused.
        Forbidden: If ``env`` is given but the execution is running.
    """
    task = draft.tasks.get(event.task_id)
    if task is None:
        raise NotFound(f"Task execution not found [task_execution_id={event.task_id}]")
    if task.superseded_by is not None:
        _check_repeated(draft, task, task.superseded_by)
        return
    if task.state not in FINAL:
        raise IllegalState(f"Only a finished task can be replayed [task_execution_id={task.id}, state={task.state}]")
    if draft.state is State.PAUSED:
        raise IllegalState(f"The execution is paused: resume it first [execution_id={draft.before.id}]")
    if event.env is not None:
        if draft.state not in FINAL:
            raise Forbidden("Updating env to workflow execution is only permitted when it is over or paused.")
        control.merge_environment(draft, event.env)
    _begin_attempt(draft, task)


def _check_repeated(draft: Draft, task: TaskExecution, by: str) -> None:
    if draft.tasks[by].previous != task.id or by == task.id:
        raise IllegalState(
            f"The replay of an earlier task has taken the place of this one [task_execution_id={task.id}, by={by}]"
        )


def _begin_attempt(draft: Draft, task: TaskExecution) -> None:
    anew = task.join and join.never_ran(task)
    context = context_of(draft, task)
    attempt = create(draft, task.name, context, () if anew else task.triggered_by, waiting=anew)
    # Until the execution runs again nobody else may begin it.
    attempt = draft.change(attempt, previous=task.id, state=attempt.state if anew else State.PAUSED)
    superseding.set_aside(draft, task, attempt.id)
    resuming.reopen_execution(draft, replayed=True)
    if task.join:
        names = {source: (draft.tasks[source].name, event) for source, event in task.triggered_by}
        arrived = Map({names[source][0]: (source, names[source][1]) for source in led_by(task)})
        attempt = draft.note(draft.tasks[attempt.id], arrived=arrived)
    if anew:
        join.await_branches(draft, attempt)
    else:
        begin(draft, draft.change(attempt, state=State.RUNNING), event=Lifecycle.TASK_RERUN)
