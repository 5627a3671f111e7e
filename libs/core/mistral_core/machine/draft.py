"""A decision while it is being made: the one mutable thing of the machine, alive for one call.

It collects new versions of records, what was touched and what the shell must do; ``decision`` freezes all of it.
Work that follows from work goes through ``agenda``, not through recursion.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from mistral_core.machine.command import Announce, Command, Decision, Lifecycle
from mistral_core.machine.execution import ActionExecution, ChildExecution, Execution, TaskExecution, settled
from mistral_core.machine.identity import derived_id
from mistral_core.machine.plan import Plan, TaskPlan, plan_of
from mistral_core.machine.state import FINAL, State
from mistral_core.machine.surroundings import Surroundings

MOST_STEPS: Final = 20_000
"""Tasks that one decision may complete; only a loop of tasks that need nothing from outside gets there."""


class Draft:
    """The execution under change at time ``at``, with its ``state`` as of now. Tasks are changed through it only."""

    __slots__ = (
        "actions",
        "agenda",
        "at",
        "before",
        "checks",
        "children",
        "commands",
        "documents",
        "execution",
        "last",
        "live",
        "open",
        "plan",
        "resuming",
        "sequence",
        "state",
        "steps",
        "surroundings",
        "tasks",
        "touched",
    )

    def __init__(self, execution: Execution, at: int, surroundings: Surroundings) -> None:
        self.before = execution
        self.execution = execution
        self.state: State = execution.state
        self.at = at
        self.surroundings = surroundings
        self.plan: Plan = plan_of(execution.definition)
        self.tasks = execution.tasks.mutate()
        self.last = execution.last.mutate()
        self.open = execution.open.mutate()
        self.live = execution.live
        self.sequence = execution.sequence
        self.commands: list[Command] = []
        self.touched: set[str] = set()
        self.actions: set[tuple[str, str]] = set()
        self.children: set[tuple[str, str]] = set()
        self.agenda: deque[tuple[str, State, str | None]] = deque()
        self.documents: dict[str, tuple[TaskExecution, dict[str, Any]]] = {}
        self.checks: dict[str, None] = {}
        self.resuming = False
        self.steps = 0

    @property
    def target(self) -> str | None:
        """Name of the task up to which a direct workflow is run; None when it is run whole."""
        return None if self.plan.reverse else self.execution.params.get("task_name")

    def next_id(self) -> str:
        """Return an id that no record of this execution has."""
        self.sequence += 1
        return derived_id(self.before.id, self.sequence)

    def next_order(self) -> int:
        """Return a number that grows with all that this execution tells its parent, over all its versions."""
        self.amend(told=self.execution.told + 1)
        return self.execution.told

    def tell(self, command: Command) -> None:
        """Add a command for the shell."""
        self.commands.append(command)

    def announce(self, event: Lifecycle, task: TaskExecution | None = None) -> None:
        """Announce an event of a task, or of the execution itself, with the state it has now."""
        subject = self.execution if task is None else task
        self.commands.append(
            Announce(
                at=self.at,
                event=event,
                state=subject.state,
                task_id=None if task is None else task.id,
                state_info=subject.state_info,
            )
        )

    def amend(self, **fields: Any) -> None:
        """Change fields of the execution itself."""
        self.execution = replace(self.execution, updated_at=self.at, **fields)
        self.state = self.execution.state

    def add(self, task: TaskExecution) -> None:
        """Take in a new task, which is not final."""
        self.tasks[task.id] = task
        self.last[task.name] = task.id
        self.touched.add(task.id)
        self.live += 1
        self._open(task.name, 1)

    def change(self, task: TaskExecution, **fields: Any) -> TaskExecution:
        """Change fields of a task and return its new version."""
        changed = replace(task, updated_at=self.at, **fields)
        self.put(task, changed)
        return changed

    def put(self, task: TaskExecution, changed: TaskExecution) -> None:
        """Store a new version of a task."""
        if task.state is not changed.state:
            self.live += (task.state in FINAL) - (changed.state in FINAL)
            self._count_open(task, changed)
        elif task.processed is not changed.processed or task.forced is not changed.forced:
            self._count_open(task, changed)
        self.tasks[task.id] = changed
        self.touched.add(task.id)

    def _count_open(self, task: TaskExecution, changed: TaskExecution) -> None:
        if settled(task) is not (now := settled(changed)):
            self._open(task.name, -1 if now else 1)

    def _open(self, name: str, by: int) -> None:
        count = self.open.get(name, 0) + by
        if count:
            self.open[name] = count
        else:
            del self.open[name]

    def note(self, task: TaskExecution, **fields: Any) -> TaskExecution:
        """Change derived fields of a task, which need no new row."""
        changed = replace(task, **fields)
        self.tasks[task.id] = changed
        return changed

    def change_action(self, task: TaskExecution, action: ActionExecution, **fields: Any) -> ActionExecution:
        """Change fields of an action without a new row for its task; return the action's new version."""
        changed = replace(action, updated_at=self.at, **fields)
        self.tasks[task.id] = replace(task, actions=task.actions.set(action.id, changed))
        self.actions.add((task.id, action.id))
        return changed

    def change_child(self, task: TaskExecution, child: ChildExecution, **fields: Any) -> ChildExecution:
        """Change fields of a sub-workflow record without a new row for its task; return its new version."""
        changed = replace(child, updated_at=self.at, **fields)
        self.tasks[task.id] = replace(task, children=task.children.set(child.id, changed))
        self.children.add((task.id, child.id))
        return changed

    def newest(self, name: str) -> TaskExecution | None:
        """Return the newest execution of the task of that name, unless a replay has taken its place."""
        task_id = self.last.get(name)
        task = None if task_id is None else self.tasks[task_id]
        return None if task is None or task.superseded_by is not None else task

    def plan_for(self, task: TaskExecution) -> TaskPlan:
        """Return what is known ahead about a task."""
        return self.plan.tasks[task.name]

    def in_order(self) -> Iterator[TaskExecution]:
        """Yield all tasks in the order of their creation; for rare events only."""
        snapshot = self.tasks.finish()
        self.tasks = snapshot.mutate()
        yield from sorted(snapshot.values(), key=_by_number)

    def later(self, task_id: str, state: State, info: str | None = None) -> None:
        """Complete a task with that state once what is going on has been dealt with."""
        self.steps += 1
        self.agenda.append((task_id, state, info))

    def decision(self) -> Decision:
        """Freeze: the new version and what follows, or the old version itself if nothing changed."""
        changed = self.execution is not self.before or self.touched or self.actions or self.children
        if not changed and not self.commands:
            return Decision(self.before)
        execution = replace(
            self.execution,
            updated_at=self.at,
            tasks=self.tasks.finish(),
            last=self.last.finish(),
            open=self.open.finish(),
            live=self.live,
            sequence=self.sequence,
            revision=self.before.revision + 1,
        )
        return Decision(
            execution,
            tuple(self.commands),
            frozenset(self.touched),
            frozenset(self.actions),
            frozenset(self.children),
        )


def _by_number(task: TaskExecution) -> int:
    return task.number
