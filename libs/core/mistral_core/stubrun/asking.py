"""What people ask for in a test file, as events of the machine."""

from typing import Final

from mistral_core.errors import Invalid, NotFound
from mistral_core.machine.event import (
    Event,
    PauseRequested,
    ReplayRequested,
    RerunRequested,
    ResumeRequested,
    SkipRequested,
    StopRequested,
    SuspendRequested,
    TaskResumeRequested,
)
from mistral_core.machine.execution import Execution
from mistral_core.machine.state import State
from mistral_core.stubrun.model import Request, Wish

_STOPS: Final = {Wish.CANCEL: State.CANCELLED, Wish.SUCCEED: State.SUCCESS, Wish.FAIL: State.ERROR}


def event_of(request: Request, execution: Execution, at: int) -> Event:
    """Return the event that a request is for an execution.

    Raises:
        NotFound: If the task that is meant did not run so far.
        Invalid: If that cannot be asked of a task.
    """
    if request.task is not None:
        return _task_event(request, _task(request, execution), at)
    match request.wish:
        case Wish.PAUSE:
            return PauseRequested(at=at, message=request.message)
        case Wish.RESUME:
            return ResumeRequested(at=at, env=request.env)
        case stop:
            return StopRequested(at=at, state=_STOPS[stop], message=request.message)


def _task_event(request: Request, task_id: str, at: int) -> Event:
    match request.wish:
        case Wish.RERUN:
            return RerunRequested(at=at, task_id=task_id, reset=request.reset, env=request.env)
        case Wish.SKIP:
            return SkipRequested(at=at, task_id=task_id)
        case Wish.REPLAY:
            return ReplayRequested(at=at, task_id=task_id, env=request.env)
        case Wish.SUSPEND:
            return SuspendRequested(at=at, task_id=task_id)
        case Wish.RESUME:
            return TaskResumeRequested(at=at, task_id=task_id)
        case other:
            raise Invalid(f"{other} is not asked of a task")


def _task(request: Request, execution: Execution) -> str:
    task_id = execution.last.get(request.task or "")
    if task_id is None:
        raise NotFound(f"the task did not run until {request.at:g} s")
    return task_id
