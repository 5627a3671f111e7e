"""What can happen to an execution: small frozen records that carry their time, ids and attempt.

The shell makes them from bus messages, calls and timers. Any of them may come twice, late, or for something
that no longer exists: such an event changes nothing. ``at`` is microseconds since the epoch, UTC.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeAlias

from msgspec import Struct

from mistral_core.language.model import Workflow
from mistral_core.machine.execution import Parent
from mistral_core.machine.state import State


class Start(Struct, frozen=True, kw_only=True, gc=False):
    """All that makes a new execution; see ``Execution`` for the fields. ``begin`` takes it."""

    at: int
    id: str
    root_id: str
    partition: int
    project: str
    definition: Workflow
    workflow_id: str
    workflow_version: int
    workflow_name: str
    workflow_namespace: str = ""
    workbook: str | None = None
    parent: Parent | None = None
    description: str = ""
    input: Mapping[str, Any] = {}
    params: Mapping[str, Any] = {}
    root_env: Mapping[str, Any] | None = None
    """Evaluated environment of the root, for a child; None for a root, whose ``params['env']`` counts."""


class Outcome(StrEnum):
    """How a run of an action ended."""

    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"
    REFUSED = "REFUSED"
    """It never ran: no such action, or its input does not fit. The task and the workflow fail at once."""


class ActionFinished(Struct, frozen=True, kw_only=True, gc=False):
    """An action's run ended. One of an earlier ``attempt`` than the live one changes nothing."""

    at: int
    task_id: str
    action_id: str
    attempt: int
    outcome: Outcome
    value: Any = None
    """Data on SUCCESS, error payload or text otherwise."""
    permanent: bool = False
    """Whether another try would not mend it."""
    worker: str = ""
    """Id of the worker that ran it; empty for none."""


class ActionDeferred(Struct, frozen=True, kw_only=True, gc=False):
    """The executor started an asynchronous action; somebody else will complete it."""

    at: int
    task_id: str
    action_id: str
    attempt: int


class ActionUpdated(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody paused or resumed an asynchronous action."""

    at: int
    task_id: str
    action_id: str
    state: State


class ActionLost(Struct, frozen=True, kw_only=True, gc=False):
    """The executor of this attempt is gone: run it again if that is safe, else it is an error."""

    at: int
    task_id: str
    action_id: str
    attempt: int


class WorkerAwaited(Struct, frozen=True, kw_only=True, gc=False):
    """Nobody offers what this attempt needs, or ``awaited`` is False and somebody does again."""

    at: int
    task_id: str
    action_id: str
    attempt: int
    awaited: bool = True


class TimerKind(StrEnum):
    """What a timer of a task is for."""

    WAIT_BEFORE = "wait-before"
    WAIT_AFTER = "wait-after"
    RETRY = "retry"
    TIMEOUT = "timeout"


class TimerFired(Struct, frozen=True, kw_only=True, gc=False):
    """A timer is due. One of another ``round`` of the task than the present one changes nothing."""

    at: int
    task_id: str
    kind: TimerKind
    round: int


class ChildFinished(Struct, frozen=True, kw_only=True, gc=False):
    """A sub-workflow execution reached a final state.

    ``order`` grows with all that a child tells; what is older than what is known changes nothing. 0 if unknown.
    ``replays`` is that of the child; when it has grown, what followed from the child's end begins anew.
    """

    at: int
    task_id: str
    child_id: str
    state: State
    output: Any = None
    state_info: str | None = None
    order: int = 0
    replays: int = 0


class ChildRefused(Struct, frozen=True, kw_only=True, gc=False):
    """A sub-workflow could not be started (unknown, bad input): its task fails, and may handle that."""

    at: int
    task_id: str
    child_id: str
    message: str


class ChildPaused(Struct, frozen=True, kw_only=True, gc=False):
    """A sub-workflow execution was paused; ``order`` as in ``ChildFinished``."""

    at: int
    task_id: str
    child_id: str
    order: int = 0


class ChildResumed(Struct, frozen=True, kw_only=True, gc=False):
    """A paused, rerun or replayed sub-workflow execution runs again; ``order``, ``replays`` as in ``ChildFinished``."""

    at: int
    task_id: str
    child_id: str
    order: int = 0
    replays: int = 0


class PauseRequested(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody, or the parent, wants the execution paused."""

    at: int
    message: str | None = None


class ResumeRequested(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody, or the parent, wants the execution to go on; ``env`` is merged into the environment first."""

    at: int
    env: Mapping[str, Any] | None = None


class StopRequested(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody, or the parent, wants the execution to end now with SUCCESS, ERROR or CANCELLED."""

    at: int
    state: State
    message: str | None = None


class RerunRequested(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody wants a failed task to run again."""

    at: int
    task_id: str
    reset: bool = True
    env: Mapping[str, Any] | None = None


class SkipRequested(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody wants a failed task to be passed over."""

    at: int
    task_id: str


class ReplayRequested(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody wants a finished task, also one that succeeded, to run once more as a new attempt."""

    at: int
    task_id: str
    env: Mapping[str, Any] | None = None


class SuspendRequested(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody wants one task to stay as it is until it is resumed."""

    at: int
    task_id: str


class TaskResumeRequested(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody lets a suspended task go on."""

    at: int
    task_id: str


class EnvironmentChanged(Struct, frozen=True, kw_only=True, gc=False):
    """The environment of the root execution changed."""

    at: int
    env: Mapping[str, Any]


Event: TypeAlias = (
    ActionFinished
    | ActionDeferred
    | ActionUpdated
    | ActionLost
    | WorkerAwaited
    | TimerFired
    | ChildFinished
    | ChildRefused
    | ChildPaused
    | ChildResumed
    | PauseRequested
    | ResumeRequested
    | StopRequested
    | RerunRequested
    | SkipRequested
    | ReplayRequested
    | SuspendRequested
    | TaskResumeRequested
    | EnvironmentChanged
)
