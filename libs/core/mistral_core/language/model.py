"""What a parsed definition is: immutable values, with every default of the language already applied.

The parser makes them, the machine reads them, nobody changes them. Effective tasks already hold what
``task-defaults`` gave them, and one-line parameters are already merged into ``input``. Values that may hold
expressions are kept as written; the machine renders them when it needs them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


class Required:
    """Marks a parameter that has no default. Only the instance ``REQUIRED`` exists."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Final = Required()

ENGINE_COMMANDS: Final = frozenset({"noop", "fail", "succeed", "pause"})


class WorkflowType(StrEnum):
    """How the next tasks are found: by transitions, or backwards from a target through ``requires``."""

    DIRECT = "direct"
    REVERSE = "reverse"


class Trigger(StrEnum):
    """The clause through which one task leads to another."""

    ON_SUCCESS = "on-success"
    ON_ERROR = "on-error"
    ON_COMPLETE = "on-complete"
    ON_SKIP = "on-skip"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared input. ``default`` is ``REQUIRED`` when the caller must give it; defaults are never evaluated."""

    name: str
    default: Any = REQUIRED


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One entry of a clause: a task or an engine command, taken when ``condition`` holds.

    Attributes:
        target: Name of a task of this workflow, or of an engine command.
        command: Whether ``target`` is an engine command (a task of the same name wins).
        condition: Expression text; None means always.
        arguments: Parameters of an engine command, such as ``msg``; may hold expressions.
    """

    target: str
    command: bool = False
    condition: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """What a task publishes, by scope. Empty mappings publish nothing there."""

    branch: Mapping[str, Any] = field(default_factory=dict)
    global_: Mapping[str, Any] = field(default_factory=dict)
    atomic: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.branch or self.global_ or self.atomic)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """The parsed form of ``on-success`` and its siblings."""

    publish: Publish | None = None
    next: tuple[Transition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How a finished task is tried again; integers, or expressions that give them. Delays in seconds."""

    count: int | str
    delay: int | str
    break_on: str | None = None
    continue_on: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """All policies of a task; None when not set. Times in seconds; strings are expressions."""

    pause_before: bool | str | None = None
    wait_before: int | str | None = None
    wait_after: int | str | None = None
    fail_on: bool | str | None = None
    retry: Retry | None = None
    timeout: int | str | None = None
    concurrency: int | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithItems:
    """The collections a task runs over, zipped: variable name and either an expression or a literal list."""

    bindings: tuple[tuple[str, str | tuple[Any, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One effective task.

    Attributes:
        action: Name of the action or an expression that gives it; None for a sub-workflow task.
        workflow: Name of the sub-workflow or an expression; None for an action task.
        input: Mapping of parameters, or one expression that gives a mapping.
        publish: Task-level branch variables on SUCCESS; likewise ``publish_on_error``, ``publish_on_skip``.
        priority: How urgent its actions are; a name, an expression, or None when not said.
        join: None, ``"all"``, or how many inbound transitions must have fired (``one`` is 1, 0 is None).
        safe_rerun: Whether the action may run twice; a string is an expression; None when not said.
        requires: Names of the tasks that must succeed first (reverse workflows); selectors are resolved.
        worker: What it needs of the worker that runs its action, as written; None when it says nothing.
        spec: The task as the user may see it through ``task().spec``.
        line: Line of its key in the definition, 1-based; 0 when unknown.
    """

    name: str
    action: str | None = None
    workflow: str | None = None
    input: Mapping[str, Any] | str = field(default_factory=dict)
    with_items: WithItems | None = None
    publish: Mapping[str, Any] = field(default_factory=dict)
    publish_on_error: Mapping[str, Any] = field(default_factory=dict)
    publish_on_skip: Mapping[str, Any] = field(default_factory=dict)
    policies: Policies = field(default_factory=Policies)
    target: str | None = None
    keep_result: bool = True
    safe_rerun: bool | str | None = None
    priority: str | None = None
    worker: Mapping[str, Any] | None = None
    join: int | str | None = None
    on_success: Clause = field(default_factory=Clause)
    on_error: Clause = field(default_factory=Clause)
    on_complete: Clause = field(default_factory=Clause)
    on_skip: Clause = field(default_factory=Clause)
    requires: tuple[str, ...] = ()
    description: str | None = None
    tags: tuple[str, ...] = ()
    spec: Mapping[str, Any] = field(default_factory=dict)
    line: int = 0

    def clause(self, trigger: Trigger) -> Clause:
        """Return the clause of that trigger."""
        match trigger:
            case Trigger.ON_SUCCESS:
                return self.on_success
            case Trigger.ON_ERROR:
                return self.on_error
            case Trigger.ON_COMPLETE:
                return self.on_complete
            case Trigger.ON_SKIP:
                return self.on_skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredTrigger:
    """What starts a workflow, as its own text says.

    Attributes:
        name: Its key in the text.
        kind: The key that it is described under, such as ``cron``.
        settings: What is there, read by the module of that kind.
        input: Of every start, as written; what may hold expressions is for the kind to say.
        params: Of every start, such as ``env``.
        line: Line of its key in the definition, 1-based.
    """

    name: str
    kind: str
    settings: Any
    input: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    description: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One parsed workflow.

    Attributes:
        name: Name as written; inside a workbook without the workbook's name.
        tasks: Effective tasks by name, in the order of the text.
        inbound: For each task, the (task, trigger) pairs that may lead to it; empty for start tasks.
        start_tasks: Names of the tasks of a direct workflow that nothing leads to, in the order of the text.
        triggers: What starts it; none when it was read back from what is stored.
        spec: The workflow as the user may see it through ``execution().spec``.
    """

    name: str
    type: WorkflowType = WorkflowType.DIRECT
    description: str | None = None
    tags: tuple[str, ...] = ()
    input: tuple[Parameter, ...] = ()
    output: Mapping[str, Any] | None = None
    output_on_error: Mapping[str, Any] | None = None
    vars: Mapping[str, Any] = field(default_factory=dict)
    tasks: Mapping[str, Task] = field(default_factory=dict)
    inbound: Mapping[str, tuple[tuple[str, Trigger], ...]] = field(default_factory=dict)
    start_tasks: tuple[str, ...] = ()
    triggers: tuple[DeclaredTrigger, ...] = ()
    spec: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdhocAction:
    """An action defined in text by another action (its base), which may itself be ad hoc."""

    name: str
    base: str
    base_input: Mapping[str, Any] | str = field(default_factory=dict)
    input: tuple[Parameter, ...] = ()
    output: Any = REQUIRED
    description: str | None = None
    tags: tuple[str, ...] = ()
    spec: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """A named set of workflows and ad-hoc actions; members by local name, with their slice of the text.

    Attributes:
        texts: Slices of all members; of a workflow and an action of the same name, that of the workflow.
        action_texts: Slices of the ad-hoc actions alone.
    """

    name: str
    description: str | None = None
    tags: tuple[str, ...] = ()
    workflows: Mapping[str, Workflow] = field(default_factory=dict)
    actions: Mapping[str, AdhocAction] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    action_texts: Mapping[str, str] = field(default_factory=dict)
