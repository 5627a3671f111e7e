"""The one way an execution changes: an event goes in, a new version and what to do come out."""

from __future__ import annotations

from mistral_core.machine import awaiting, control, replay, rerun, results, resuming, suspending, timers
from mistral_core.machine.command import Decision
from mistral_core.machine.draft import Draft
from mistral_core.machine.event import (
    ActionDeferred,
    ActionFinished,
    ActionLost,
    ActionUpdated,
    ChildFinished,
    ChildPaused,
    ChildRefused,
    ChildResumed,
    EnvironmentChanged,
    Event,
    PauseRequested,
    ReplayRequested,
    RerunRequested,
    ResumeRequested,
    SkipRequested,
    StopRequested,
    SuspendRequested,
    TaskResumeRequested,
    TimerFired,
    WorkerAwaited,
)
from mistral_core.machine.execution import Execution
from mistral_core.machine.settling import settle
from mistral_core.machine.surroundings import Surroundings


def decide(execution: Execution, event: Event, surroundings: Surroundings) -> Decision:
    """Apply one event. What changes nothing gives back the very same execution and no commands.

    Nothing that the author of the workflow wrote raises: it fails tasks and executions.

    Raises:
        IllegalState, Invalid, NotFound, Forbidden: If a person's request is refused; nothing has changed then.
        MoreFactsNeeded: If an expression asks for what ``surroundings`` does not answer.
    """
    draft = Draft(execution, event.at, surroundings)
    _apply(draft, event)
    settle(draft)
    return draft.decision()


def _apply(draft: Draft, event: Event) -> None:
    match event:
        case ActionFinished():
            results.action_finished(draft, event)
        case TimerFired():
            timers.fired(draft, event)
        case ChildFinished():
            results.child_finished(draft, event)
        case ActionDeferred():
            results.action_deferred(draft, event)
        case ActionLost():
            results.action_lost(draft, event)
        case WorkerAwaited():
            awaiting.worker_awaited(draft, event)
        case ActionUpdated():
            results.action_updated(draft, event)
        case ChildRefused() | ChildPaused() | ChildResumed():
            _apply_to_child(draft, event)
        case _:
            _apply_request(draft, event)


def _apply_to_child(draft: Draft, event: ChildRefused | ChildPaused | ChildResumed) -> None:
    match event:
        case ChildRefused():
            results.child_refused(draft, event)
        case ChildPaused():
            results.child_paused(draft, event)
        case ChildResumed():
            results.child_resumed(draft, event)


def _apply_request(draft: Draft, event: Event) -> None:
    match event:
        case PauseRequested():
            control.pause(draft, event)
        case ResumeRequested():
            resuming.resume(draft, event)
        case StopRequested():
            control.stop(draft, event)
        case RerunRequested():
            rerun.rerun(draft, event)
        case SkipRequested():
            rerun.skip(draft, event)
        case ReplayRequested():
            replay.replay(draft, event)
        case SuspendRequested():
            suspending.suspend(draft, event)
        case TaskResumeRequested():
            suspending.resume(draft, event)
        case EnvironmentChanged():
            control.change_environment(draft, event)
