"""Suspending one task and letting it go on: what it has begun goes on, nothing new begins, its end waits.

The clocks of a suspended task stand still: waits, delays of retries and its time limit go on with what was left.
"""

from __future__ import annotations

from typing import Final

from mistral_core.errors import ExpressionFailed, IllegalState, Invalid, NotFound
from mistral_core.machine import items
from mistral_core.machine.command import CancelTimer, Lifecycle, StartTimer
from mistral_core.machine.draft import Draft
from mistral_core.machine.ending import end
from mistral_core.machine.event import SuspendRequested, TaskResumeRequested, TimerKind
from mistral_core.machine.execution import TaskExecution
from mistral_core.machine.failing import force_fail, run_failure
from mistral_core.machine.launch import begin
from mistral_core.machine.state import FINAL, State

_INFO: Final = "Suspended."
_SUSPENDABLE: Final = frozenset({State.IDLE, State.WAITING, State.DELAYED, State.RUNNING})


def suspend(draft: Draft, event: SuspendRequested) -> None:
    """Suspend a task; one that is suspended already stays so.

    Raises:
        NotFound: If there is no such task.
        IllegalState: If the task has finished or is paused by what it runs, or the execution is over.
    """
    task = _task(draft, event.task_id)
    if task.suspended is not None:
        return
    if task.state not in _SUSPENDABLE:
        raise IllegalState(f"A task that is {task.state} cannot be suspended [task_execution_id={task.id}]")
    _check_not_over(draft)
    _stop_clocks(draft, task)
    if task.state is State.WAITING:
        draft.amend(waiting=tuple(each for each in draft.execution.waiting if each != task.id))
    suspended = draft.change(
        task,
        state=State.PAUSED,
        state_info=task.state_info or _INFO,
        suspended=task.state,
        suspended_at=draft.at,
        suspensions=task.suspensions + 1,
    )
    draft.announce(Lifecycle.TASK_PAUSED, suspended)


def resume(draft: Draft, event: TaskResumeRequested) -> None:
    """Let a suspended task go on as if nothing had been; any other stays as it is.

    Raises:
        NotFound: If there is no such task.
        IllegalState: If the execution is over.
    """
    task = _task(draft, event.task_id)
    if task.suspended is None:
        return
    _check_not_over(draft)
    info = None if task.state_info == _INFO else task.state_info
    task = _start_clocks(draft, draft.change(task, state=task.suspended, state_info=info, suspended=None))
    draft.announce(Lifecycle.TASK_RESUMED, task)
    match task.state:
        case State.IDLE if draft.state is State.RUNNING:
            running = draft.change(task, state=State.RUNNING, state_info=None, started_at=draft.at)
            begin(draft, running, paused=True)
        case State.WAITING:
            draft.amend(waiting=(*draft.execution.waiting, task.id))
            if draft.state is State.RUNNING:
                draft.checks[task.name] = None
        case State.RUNNING:
            _go_on(draft, task)
        case _:
            pass


def _go_on(draft: Draft, task: TaskExecution) -> None:
    """Take up the end that came meanwhile, or give out the items that were held back."""
    if task.held is not None:
        state, info, final = task.held
        end(draft, task.id, state, info, final=final, held=None)
    elif task.items is not None:
        try:
            items.give_out(draft, task, draft.plan_for(task))
        except (ExpressionFailed, Invalid) as error:
            failed = draft.tasks[task.id]
            force_fail(draft, failed, run_failure(draft, failed, error))


def _stop_clocks(draft: Draft, task: TaskExecution) -> None:
    if task.timeout_round:
        draft.tell(CancelTimer(task_id=task.id, kind=TimerKind.TIMEOUT, round=task.timeout_round))
    if task.state is State.DELAYED and task.delayed_by is not None:
        draft.tell(CancelTimer(task_id=task.id, kind=TimerKind(task.delayed_by), round=task.round))


def _start_clocks(draft: Draft, task: TaskExecution) -> TaskExecution:
    """Start timers anew with what was left of their time, under numbers that no earlier timer bore."""
    stood = draft.at - task.suspended_at
    if task.timeout_round:
        number, due = -task.suspensions, task.deadline + stood
        task = draft.change(task, timeout_round=number, deadline=due)
        draft.tell(StartTimer(task_id=task.id, kind=TimerKind.TIMEOUT, round=number, due=due))
    if task.state is State.DELAYED and task.delayed_by is not None:
        kind = TimerKind(task.delayed_by)
        task = draft.change(task, round=task.round + 1, due=task.due + stood)
        draft.tell(StartTimer(task_id=task.id, kind=kind, round=task.round, due=task.due))
    return task


def _task(draft: Draft, task_id: str) -> TaskExecution:
    task = draft.tasks.get(task_id)
    if task is None:
        raise NotFound(f"Task execution not found [task_execution_id={task_id}]")
    return task


def _check_not_over(draft: Draft) -> None:
    if draft.state in FINAL:
        raise IllegalState(f"The execution is over [execution_id={draft.before.id}, state={draft.state}]")
