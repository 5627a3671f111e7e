"""What can be worked out about a definition ahead: compiled expressions, transitions by state, routes.

Built once for each ``Workflow`` and kept, so that an event costs only what is new in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final, TypeAlias

from msgspec import Struct

from mistral_core.expressions import Scope, compiled_render, is_expression
from mistral_core.language.model import Publish, Task, Transition, Trigger, Workflow, WorkflowType
from mistral_core.machine.context import merged
from mistral_core.machine.state import State

Program: TypeAlias = Callable[[Scope], Any]

_KEPT_PLANS: Final = 4096


class Fired(Struct, frozen=True, gc=False):
    """A transition that is taken: its target, an engine command or a task, and through which clause."""

    target: str
    trigger: str
    command: bool = False
    join: bool = False
    info: str | None = None


class Step(Struct, frozen=True, kw_only=True):
    """One transition, ready to be tried; ``taken`` is what comes of it, but for arguments."""

    taken: Fired
    condition: Program | None
    arguments: Program | None


class Publication(Struct, frozen=True, kw_only=True):
    """What a task publishes in one state: programs for branch and global variables; None for nothing."""

    branch: Program | None
    globals: Program | None


class TaskPlan:
    """What is known ahead about one task."""

    def __init__(self, workflow: Workflow, task: Task) -> None:
        self.spec = task
        self.workflow = task.workflow is not None
        name = task.workflow or task.action or "std.noop"
        self.static_name: str | None = None if is_expression(name) else name
        self.name: Program = compiled_render(name)
        self.input: Program = compiled_render(task.input)
        self.target: Program | None = None if task.target is None else compiled_render(task.target)
        self.safe_rerun: Program | None = None if task.safe_rerun is None else compiled_render(task.safe_rerun)
        self.priority: Program | None = None if task.priority is None else compiled_render(task.priority)
        self.worker: Program | None = None if task.worker is None else compiled_render(task.worker)
        policies = task.policies
        self.prepares = bool(policies.pause_before or policies.wait_before or policies.timeout)
        self.concludes = bool(policies.wait_after or policies.fail_on or policies.retry)
        self.join = task.join is not None
        self.publications = {state: _publication(task, state) for state in (State.SUCCESS, State.ERROR, State.SKIPPED)}
        self.steps = {
            State.SUCCESS: _steps(workflow, task, Trigger.ON_SUCCESS) + _steps(workflow, task, Trigger.ON_COMPLETE),
            State.ERROR: _steps(workflow, task, Trigger.ON_ERROR) + _steps(workflow, task, Trigger.ON_COMPLETE),
            State.SKIPPED: _steps(workflow, task, Trigger.ON_SKIP),
        }
        self.skipped_otherwise = _steps(workflow, task, Trigger.ON_SUCCESS)
        self.conditional = any(
            step.condition or step.arguments
            for steps in (*self.steps.values(), self.skipped_otherwise)
            for step in steps
        )
        self.unconditional = {state: tuple(step.taken for step in steps) for state, steps in self.steps.items()}
        if not self.unconditional[State.SKIPPED]:
            self.unconditional[State.SKIPPED] = tuple(step.taken for step in self.skipped_otherwise)
        self.ends = not any(self.unconditional.values())
        self.targets = frozenset(
            each.target for trigger in Trigger for each in task.clause(trigger).next if not each.command
        )
        self.bindings: tuple[tuple[str, Program], ...] = ()
        if task.with_items is not None:
            self.bindings = tuple((name, _collection(source)) for name, source in task.with_items.bindings)


class Plan:
    """What is known ahead about one workflow."""

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.reverse = workflow.type is WorkflowType.REVERSE
        self.tasks = {name: TaskPlan(workflow, task) for name, task in workflow.tasks.items()}
        self.order = {name: position for position, name in enumerate(workflow.tasks)}
        self.sources: dict[str, tuple[str, ...]] = {
            name: tuple(sorted({source for source, _ in pairs}, key=self.order.__getitem__))
            for name, pairs in workflow.inbound.items()
        }
        self.start_tasks = frozenset(workflow.start_tasks)
        self.joins = tuple(name for name, plan in self.tasks.items() if plan.join)
        self.vars: Program = compiled_render(workflow.vars)
        self.output: Program | None = None if workflow.output is None else compiled_render(workflow.output)
        self.output_on_error: Program | None = (
            None if workflow.output_on_error is None else compiled_render(workflow.output_on_error)
        )
        self._reach: dict[str, tuple[str, ...]] = {}
        self._ways: dict[str, frozenset[str]] = {}

    def needed(self, join: str) -> int:
        """Return how many inbound tasks must have led to a join for it to run."""
        wanted = self.tasks[join].spec.join
        return len(self.sources.get(join, ())) if wanted == "all" else int(wanted or 0)

    def joins_behind(self, name: str) -> tuple[str, ...]:
        """Return the joins that a task may lead to, directly or not, itself included."""
        found = self._reach.get(name)
        if found is None:
            seen, open_names = {name}, [name]
            while open_names:
                fresh = self.tasks[open_names.pop()].targets - seen
                seen |= fresh
                open_names.extend(fresh)
            found = self._reach[name] = tuple(each for each in self.joins if each in seen)
        return found

    def leading_to(self, target: str) -> frozenset[str]:
        """Return the tasks of a direct workflow that may lead to one of them, itself included."""
        found = self._ways.get(target)
        if found is None:
            seen, open_names = {target}, [target]
            while open_names:
                fresh = set(self.sources.get(open_names.pop(), ())) - seen
                seen |= fresh
                open_names.extend(fresh)
            found = self._ways[target] = frozenset(seen)
        return found

    @cached_property
    def dependents(self) -> Mapping[str, tuple[str, ...]]:
        """For each task of a reverse workflow, those that require it."""
        result: dict[str, list[str]] = {name: [] for name in self.tasks}
        for name, task in self.workflow.tasks.items():
            for required in task.requires:
                result[required].append(name)
        return {name: tuple(names) for name, names in result.items()}


_plans: dict[int, Plan] = {}


def plan_of(workflow: Workflow) -> Plan:
    """Return the plan of a definition; each object has its own, kept while it is used often enough."""
    plan = _plans.get(id(workflow))
    if plan is None:
        if len(_plans) >= _KEPT_PLANS:
            del _plans[next(iter(_plans))]
        # The plan holds the workflow, so its id cannot pass to another object while the plan is kept.
        plan = _plans[id(workflow)] = Plan(workflow)
    return plan


def _steps(workflow: Workflow, task: Task, trigger: Trigger) -> tuple[Step, ...]:
    return tuple(_step(workflow, each, trigger) for each in task.clause(trigger).next)


def _step(workflow: Workflow, transition: Transition, trigger: Trigger) -> Step:
    target = None if transition.command else workflow.tasks[transition.target]
    return Step(
        taken=Fired(
            target=transition.target,
            trigger=trigger.value,
            command=transition.command,
            join=target is not None and target.join is not None,
        ),
        condition=None if transition.condition is None else compiled_render(transition.condition),
        arguments=compiled_render(transition.arguments) if transition.arguments else None,
    )


def _publication(task: Task, state: State) -> Publication | None:
    """Compile what is published in a state: on-complete wins over the task, the task over its clause."""
    own, trigger = {
        State.SUCCESS: (task.publish, Trigger.ON_SUCCESS),
        State.ERROR: (task.publish_on_error, Trigger.ON_ERROR),
        State.SKIPPED: (task.publish_on_skip, Trigger.ON_SKIP),
    }[state]
    clause = task.clause(trigger).publish or Publish()
    complete = task.on_complete.publish or Publish()
    branch = merged(merged(clause.branch, own), complete.branch)
    shared = merged(merged(merged(merged(clause.atomic, clause.global_), complete.atomic), complete.global_), {})
    if not branch and not shared:
        return None
    return Publication(
        branch=compiled_render(branch) if branch else None,
        globals=compiled_render(shared) if shared else None,
    )


def _collection(source: str | tuple[Any, ...]) -> Program:
    if isinstance(source, str):
        return compiled_render(source)
    return lambda scope: source
