"""What the shell must do after a decision, in this order, once the new version is persisted.

Doing a command twice must be harmless: ids, attempts and rounds in it make a repeat recognisable.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeAlias

from msgspec import Struct

from mistral_core.machine.event import (
    ChildFinished,
    ChildPaused,
    ChildResumed,
    EnvironmentChanged,
    PauseRequested,
    ResumeRequested,
    StopRequested,
    TimerKind,
)
from mistral_core.machine.execution import Execution
from mistral_core.machine.state import State


class RunAction(Struct, frozen=True, kw_only=True, gc=False):
    """Give an action to an executor. Its record holds the rest (input of the workflow's action, timeout, target).

    ``action`` and ``input`` are what really runs: of the base when the workflow named an ad-hoc action.
    """

    task_id: str
    action_id: str
    attempt: int
    action: str
    input: Mapping[str, Any]


class CancelAction(Struct, frozen=True, kw_only=True, gc=False):
    """Tell whoever runs the action that nobody waits for it any more."""

    task_id: str
    action_id: str
    attempt: int


class StartChild(Struct, frozen=True, kw_only=True, gc=False):
    """Start a sub-workflow. ``input`` holds all given values; the shell's ``begin`` for the child sorts out params."""

    task_id: str
    child_id: str
    index: int
    workflow: str
    input: Mapping[str, Any]


class TellChild(Struct, frozen=True, kw_only=True, gc=False):
    """Apply an event to a sub-workflow execution."""

    child_id: str
    event: PauseRequested | ResumeRequested | StopRequested | EnvironmentChanged


class TellParent(Struct, frozen=True, kw_only=True, gc=False):
    """Apply an event to the parent execution."""

    execution_id: str
    event: ChildFinished | ChildPaused | ChildResumed


class StartTimer(Struct, frozen=True, kw_only=True, gc=False):
    """Send ``TimerFired`` at ``due`` (microseconds since the epoch)."""

    task_id: str
    kind: TimerKind
    round: int
    due: int


class CancelTimer(Struct, frozen=True, kw_only=True, gc=False):
    """Forget the timer of that kind and round, if it is still pending."""

    task_id: str
    kind: TimerKind
    round: int


class Lifecycle(StrEnum):
    """What the outside may be told."""

    WORKFLOW_LAUNCHED = "WORKFLOW_LAUNCHED"
    WORKFLOW_SUCCEEDED = "WORKFLOW_SUCCEEDED"
    WORKFLOW_FAILED = "WORKFLOW_FAILED"
    WORKFLOW_CANCELLED = "WORKFLOW_CANCELLED"
    WORKFLOW_PAUSED = "WORKFLOW_PAUSED"
    WORKFLOW_RESUMED = "WORKFLOW_RESUMED"
    WORKFLOW_RERUN = "WORKFLOW_RERUN"
    TASK_LAUNCHED = "TASK_LAUNCHED"
    TASK_SUCCEEDED = "TASK_SUCCEEDED"
    TASK_FAILED = "TASK_FAILED"
    TASK_CANCELLED = "TASK_CANCELLED"
    TASK_PAUSED = "TASK_PAUSED"
    TASK_RESUMED = "TASK_RESUMED"
    TASK_RERUN = "TASK_RERUN"
    TASK_SKIPPED = "TASK_SKIPPED"
    TASK_DELAYED = "TASK_DELAYED"
    TASK_WAITING = "TASK_WAITING"


class Announce(Struct, frozen=True, kw_only=True, gc=False):
    """Tell the outside. ``task_id`` is None for an event of the execution itself."""

    at: int
    event: Lifecycle
    state: State
    task_id: str | None = None
    state_info: str | None = None


Command: TypeAlias = (
    RunAction | CancelAction | StartChild | TellChild | TellParent | StartTimer | CancelTimer | Announce
)


class Decision(Struct, frozen=True, gc=False):
    """The new version, what to do, and which records changed.

    Attributes:
        tasks: Ids of the tasks whose rows differ from before.
        actions: (task id, action id) pairs of action executions whose rows differ.
        children: (task id, child id) pairs of sub-workflow executions whose rows differ.
    """

    execution: Execution
    commands: tuple[Command, ...] = ()
    tasks: frozenset[str] = frozenset()
    actions: frozenset[tuple[str, str]] = frozenset()
    children: frozenset[tuple[str, str]] = frozenset()
