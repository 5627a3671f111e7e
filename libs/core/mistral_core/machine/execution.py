"""The records of a running workflow: immutable, structurally shared, cheap to replace.

An ``Execution`` holds its tasks, a task holds its action executions and sub-workflow executions. Only
``decide`` makes new versions of them; a version once made never changes, so the shell may keep the last
committed one and throw an uncommitted one away.

Times are microseconds since the epoch, UTC. Ids are UUID text.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, TypeAlias

from immutables import Map
from msgspec import Struct

from mistral_core.language.model import Workflow
from mistral_core.machine.context import Context
from mistral_core.machine.needs import WorkerNeeds
from mistral_core.machine.state import FINAL, State

Json: TypeAlias = Any
"""A value that JSON can carry."""


class TaskType(StrEnum):
    """Whether a task runs actions or sub-workflows."""

    ACTION = "ACTION"
    WORKFLOW = "WORKFLOW"


class ActionExecution(Struct, frozen=True, kw_only=True, gc=False):
    """One run of an action, or one item of a with-items task.

    Attributes:
        name: Name as the workflow wrote it; of an ad-hoc action the one it is stored under.
        base: Name of the action that really runs, when ``name`` is ad hoc; else None.
        index: Position of the item; 0 for a task without with-items.
        attempt: Which dispatch of this run is live, from 1; grows when a lost executor makes it run again.
        accepted: Whether the result counts for the task; a retry or rerun takes it back.
        output: The result value (data, or error payload when ``state`` is ERROR).
        timeout: Limit for one run in seconds; None for no limit.
        synchronous: False once the executor said that somebody else will complete it.
        base_input: Input of ``base``; None when the action is not ad hoc and ``input`` is what it gets.
        round: Round of the task that gave it out; one of an earlier round no longer moves the task.
        priority: How urgent it is; None for the normal priority.
        blanked: Whether ``keep-result: false`` threw the result away; users then see an empty output.
        needs: What it needs of the worker that takes it; None when executors run it themselves.
        worker: Id of the worker that ended it; empty for none.
        permanent: Whether it failed in a way that another try would not mend.
    """

    id: str
    name: str
    state: State
    created_at: int
    updated_at: int
    base: str | None = None
    index: int = 0
    attempt: int = 1
    accepted: bool = False
    input: Mapping[str, Json] = {}
    output: Json = None
    state_info: str | None = None
    safe_rerun: bool = False
    target: str | None = None
    timeout: float | None = None
    synchronous: bool = True
    base_input: Mapping[str, Json] | None = None
    blanked: bool = False
    priority: str | None = None
    round: int = 1
    needs: WorkerNeeds | None = None
    worker: str = ""
    permanent: bool = False


class ChildExecution(Struct, frozen=True, kw_only=True, gc=False):
    """One sub-workflow execution as its parent task sees it; ``input`` is all that it was given.

    ``round`` is the round of the task that started it; one of an earlier round no longer moves the task.
    ``priority`` is that of its task, None for the normal one or for none of its own.
    ``order`` is that of the child's news that made the record what it is, ``replays`` that of ``Execution``.
    """

    id: str
    workflow: str
    state: State
    created_at: int
    updated_at: int
    index: int = 0
    accepted: bool = False
    input: Mapping[str, Json] = {}
    round: int = 1
    order: int = 0
    replays: int = 0
    priority: str | None = None
    output: Json = None
    state_info: str | None = None


class Items(Struct, frozen=True, kw_only=True, gc=False):
    """Progress of a with-items task in counters, so that each item costs the same.

    Attributes:
        total: Length of the collections.
        started: How many items were given out so far, which is also the next index.
        running: Items given out and not finished.
        failed: Accepted items in ERROR.
        cancelled: Accepted items in CANCELLED.
        concurrency: Most items that run at once; None for no limit.
        rerun: Indexes that a partial rerun gives out again, in ascending order; ``started`` then counts in it.
    """

    total: int
    started: int = 0
    running: int = 0
    failed: int = 0
    cancelled: int = 0
    concurrency: int | None = None
    rerun: tuple[int, ...] = ()


class TaskExecution(Struct, frozen=True, kw_only=True, gc=False):
    """One execution of a task.

    Attributes:
        round: Grows with every (re)start of the task's work: first run, retry, rerun, join re-activation.
            Timers carry it; one of an earlier round changes nothing.
        triggered_by: The (task id, event) pairs that led here; events as in the spec, such as ``on-success``.
        context: Branch variables visible on entry. Derived from ``triggered_by``; not persisted.
        published: Branch variables this task published; None before publishing.
        published_global: Global variables this task published.
        processed: Whether its transitions were evaluated.
        next_tasks: (task name, event) pairs that it led to, engine commands excluded.
        previous: Id of the execution of the same task before this one.
        retry_no: Retries so far; None when the retry policy never acted.
        waited_before: Whether ``wait-before`` was served; likewise ``waited_after``.
        pending_state: Final state that ``wait-after`` holds back, with ``pending_info``.
        resolved: Policies as evaluated for this run, by policy name.
        items: Counters of a with-items task.
        number: Position in the order in which the execution created its tasks.
        delayed_by: Kind of the timer that a DELAYED task waits for; without meaning in other states.
        timeout_round: Round whose start armed the timer of the ``timeout`` policy; 0 when none is armed.
        deadline: When that timer is due; 0 when none is armed.
        forced: Whether the engine failed the task together with the workflow; nothing follows then.
        superseded_by: Id of the task whose replay took the place of this one; it counts for nothing any more.
        suspended: State to go back to when a person lets the suspended task go on; None when it is not suspended.
        suspended_at: When it was suspended.
        suspensions: How often it was suspended.
        held: End that came while it was suspended: state, reason, and whether policies are passed over.
        due: When the timer is due that a DELAYED task waits for.
        arrived: For a join, the (task id, event) pair that came last from each inbound task. Derived; not persisted.
        elements: Collections of a with-items task as evaluated. Derived; not persisted.
    """

    id: str
    name: str
    type: TaskType
    state: State
    created_at: int
    updated_at: int
    state_info: str | None = None
    started_at: int | None = None
    finished_at: int | None = None
    round: int = 1
    triggered_by: tuple[tuple[str, str], ...] = ()
    context: Context | None = None
    published: Mapping[str, Json] | None = None
    published_global: Mapping[str, Json] = {}
    processed: bool = False
    has_next: bool = False
    next_tasks: tuple[tuple[str, str], ...] = ()
    error_handled: bool = False
    previous: str | None = None
    join: bool = False
    retry_no: int | None = None
    retry_broken: bool = False
    waited_before: bool = False
    waited_after: bool = False
    pending_state: State | None = None
    pending_info: str | None = None
    resolved: Mapping[str, Json] = {}
    items: Items | None = None
    number: int = 0
    delayed_by: str | None = None
    timeout_round: int = 0
    deadline: int = 0
    forced: bool = False
    superseded_by: str | None = None
    suspended: State | None = None
    suspended_at: int = 0
    suspensions: int = 0
    held: tuple[State, str | None, bool] | None = None
    due: int = 0
    arrived: Map[str, tuple[str, str]] = Map()
    elements: tuple[Sequence[Json], ...] | None = None
    actions: Map[str, ActionExecution] = Map()
    children: Map[str, ChildExecution] = Map()


class Parent(Struct, frozen=True, kw_only=True, gc=False):
    """The task whose sub-workflow an execution is."""

    execution_id: str
    task_id: str
    index: int = 0


class Execution(Struct, frozen=True, kw_only=True, gc=False):
    """One workflow execution.

    Attributes:
        partition: 0..255; children share their root's.
        definition: The parsed workflow it was started with.
        workflow_name: Stored name (``workbook.member`` for a workbook's), unlike ``definition.name``.
        workbook: Name of the workbook the definition came from; None if it stands alone.
        params: Start parameters as given, such as ``env``, ``task_name``, ``notify``.
        env: Evaluated environment of the root execution.
        vars: Evaluated ``vars``.
        globals: Globally published variables.
        live: How many tasks are not final; 0 asks for completion.
        last: Id of the newest execution of each task, by task name.
        open: How many executions of each task may still lead somewhere, by task name; without zeros.
        waiting: Ids of join tasks that are WAITING.
        replays: How often it was over and a replay, in it or below it, brought it back.
        backlog: Commands put off by ``pause``, in order; the machine's own form.
        sequence: How many ids were derived so far.
        told: How much was told to the parent so far; gives what is told its order.
        revision: How many events were applied; the shell numbers history with it.
    """

    id: str
    root_id: str
    partition: int
    project: str
    definition: Workflow
    workflow_id: str
    workflow_version: int
    workflow_name: str
    state: State
    created_at: int
    updated_at: int
    workflow_namespace: str = ""
    workbook: str | None = None
    parent: Parent | None = None
    description: str = ""
    tags: tuple[str, ...] = ()
    finished_at: int | None = None
    state_info: str | None = None
    input: Mapping[str, Json] = {}
    params: Mapping[str, Json] = {}
    env: Mapping[str, Json] = {}
    vars: Mapping[str, Json] = {}
    globals: Mapping[str, Json] = {}
    output: Json = None
    tasks: Map[str, TaskExecution] = Map()
    live: int = 0
    last: Map[str, str] = Map()
    open: Map[str, int] = Map()
    waiting: tuple[str, ...] = ()
    backlog: tuple[Json, ...] = ()
    replays: int = 0
    sequence: int = 0
    told: int = 0
    revision: int = 0


def waits(task: TaskExecution) -> bool:
    """Tell whether a join waits for branches, suspended or not."""
    return task.state is State.WAITING or task.suspended is State.WAITING


def settled(task: TaskExecution) -> bool:
    """Tell whether a task is final and nothing will follow from it any more."""
    return task.state in FINAL and (task.processed or task.forced)


DERIVED_TASK_FIELDS: Final = frozenset({"context", "arrived", "elements", "actions", "children"})
"""Fields of a task that its row need not hold: ``restored`` rebuilds them from the other rows."""

DERIVED_EXECUTION_FIELDS: Final = frozenset({"definition", "tasks", "last", "open", "waiting", "live"})
"""Fields of an execution that its row need not hold: ``restored`` rebuilds them from the other rows."""
