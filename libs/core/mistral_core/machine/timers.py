"""Timers that are due: the end of a wait, the next try, the end of a task's time."""

from __future__ import annotations

from mistral_core.machine.draft import Draft
from mistral_core.machine.ending import end_wait, try_again
from mistral_core.machine.event import TimerFired, TimerKind
from mistral_core.machine.launch import resume_work
from mistral_core.machine.results import time_out
from mistral_core.machine.state import FINAL, State


def fired(draft: Draft, event: TimerFired) -> None:
    """Do what the timer was for; one that came late, twice, or to an execution that is over changes nothing."""
    task = draft.tasks.get(event.task_id)
    if task is None or task.state in FINAL or task.suspended is not None or draft.state in FINAL:
        return
    if event.kind is TimerKind.TIMEOUT:
        if task.timeout_round == event.round:
            time_out(draft, task)
        return
    if task.state is not State.DELAYED or task.round != event.round or task.delayed_by != event.kind:
        return
    match event.kind:
        case TimerKind.WAIT_AFTER:
            end_wait(draft, task)
        case TimerKind.RETRY:
            try_again(draft, task)
        case TimerKind.WAIT_BEFORE:
            resume_work(draft, draft.change(task, waited_before=True))
