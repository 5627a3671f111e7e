"""A world for properties: random workflows, and events that come in any order, often twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import strategies as st
from immutables import Map
from msgspec.structs import replace

from mistral_core.errors import WorkflowError
from mistral_core.language.model import Workflow
from mistral_core.machine import Surroundings, begin, decide, restored
from mistral_core.machine.command import CancelTimer, RunAction, StartChild, StartTimer, TellChild, TellParent
from mistral_core.machine.event import (
    ActionFinished,
    ActionLost,
    ChildRefused,
    Event,
    Outcome,
    Start,
    TimerFired,
)
from mistral_core.machine.execution import Execution, Parent, settled
from mistral_core.machine.state import FINAL, State

ROOT = "00000001-0000-7000-8000-000000000000"
AT = 1_750_000_000_000_000


class Chaos:
    """A world that delivers what is pending in any order, and often twice."""

    def __init__(self, workflows: dict[str, Workflow], chance: random.Random, *, calm: bool) -> None:
        self.workflows = workflows
        self.chance = chance
        self.calm = calm
        self.now = AT
        self.executions: dict[str, Execution] = {}
        self.pending: list[tuple[str, Event]] = []
        self.asked: Counter[tuple[str, int]] = Counter()
        self.reopening = False

    def begin(self, start: Start) -> None:
        if start.id in self.executions:
            return
        decision = begin(start, Surroundings())
        self.executions[start.id] = decision.execution
        self.carry_out(start.id, decision.commands)

    def run_some(self, count: int) -> None:
        """Deliver some of what is pending."""
        for _ in range(count):
            if not self.pending:
                return
            self.deliver(*self.pending.pop(self.chance.randrange(len(self.pending))))

    def run(self, most: int = 3_000) -> None:
        """Deliver until nothing is pending."""
        for _ in range(most):
            if not self.pending:
                return
            position = 0 if self.calm else self.chance.randrange(len(self.pending))
            execution_id, event = self.pending.pop(position)
            if not self.calm and self.chance.random() < 0.2:
                self.pending.append((execution_id, event))
            self.deliver(execution_id, event)
        pytest.fail("the execution does not come to an end")

    def deliver(self, execution_id: str, event: Event) -> None:
        self.now += 1
        event = replace(event, at=max(self.now, event.at))
        before = self.executions.get(execution_id)
        if before is None:
            return
        try:
            decision = decide(before, event, Surroundings())
        except WorkflowError:
            return
        self.executions[execution_id] = decision.execution
        self.check(before, decision.execution)
        self.carry_out(execution_id, decision.commands)
        self.check_repeat(decision.execution, event)
        if not self.calm and self.chance.random() < 0.1:
            self.executions[execution_id] = reloaded(decision.execution)

    def check(self, before: Execution, after: Execution) -> None:
        assert after.live == sum(task.state not in FINAL for task in after.tasks.values())
        assert dict(after.open) == dict(Counter(task.name for task in after.tasks.values() if not settled(task)))
        assert set(after.waiting) == {task.id for task in after.tasks.values() if task.state is State.WAITING}
        for task in after.tasks.values():
            live = Counter(
                action.index
                for action in task.actions.values()
                if action.state is State.RUNNING and action.round == task.round
            )
            assert all(count == 1 for count in live.values()), "two live runs of one item"
        if before.state in FINAL and not self.reopening:
            assert (after.state, after.output) == (before.state, before.output), "final is final"

    def check_repeat(self, execution: Execution, event: Event) -> None:
        if isinstance(event, ActionFinished | TimerFired | ActionLost):
            again = decide(execution, event, Surroundings())
            assert again.execution is execution
            assert not again.commands

    def carry_out(self, execution_id: str, commands: tuple[Any, ...]) -> None:
        for command in commands:
            match command:
                case RunAction():
                    self.asked[command.action_id, command.attempt] += 1
                    assert self.asked[command.action_id, command.attempt] == 1, "asked twice"
                    self.pending.append((execution_id, self.outcome(execution_id, command)))
                case StartTimer(task_id=task_id, kind=kind, round=number, due=due):
                    fired = TimerFired(at=due, task_id=task_id, kind=kind, round=number)
                    self.pending.append((execution_id, fired))
                case CancelTimer() if self.chance.random() < 0.5:
                    self.forget(execution_id, command)
                case TellParent():
                    self.pending.append((command.execution_id, command.event))
                case TellChild():
                    self.pending.append((command.child_id, command.event))
                case StartChild():
                    self.start_child(execution_id, command)

    def outcome(self, execution_id: str, command: RunAction) -> Event:
        """Return how an action ends, by its task and by how often that ran: the same in whatever order."""
        task = self.executions[execution_id].tasks[command.task_id]
        action = task.actions[command.action_id]
        tries = (task.retry_no or 0) + action.index
        ids: dict[str, Any] = {"task_id": task.id, "action_id": action.id, "attempt": command.attempt}
        if action.name == "lost" and command.attempt == 1:
            return ActionLost(at=AT, **ids)
        failed = action.name == "std.fail" or (action.name == "flaky" and tries % 2 == 0)
        outcome = Outcome.ERROR if failed else Outcome.SUCCESS
        return ActionFinished(at=AT, outcome=outcome, value=f"{task.name}-{tries}", **ids)

    def forget(self, execution_id: str, command: CancelTimer) -> None:
        self.pending = [
            (each, event)
            for each, event in self.pending
            if not (
                each == execution_id
                and isinstance(event, TimerFired)
                and (event.task_id, event.kind, event.round) == (command.task_id, command.kind, command.round)
            )
        ]

    def start_child(self, execution_id: str, command: StartChild) -> None:
        parent = Parent(execution_id=execution_id, task_id=command.task_id, index=command.index)
        try:
            self.begin(start_of(self.workflows[command.workflow], command.child_id, dict(command.input), parent))
        except WorkflowError as error:
            ids = {"task_id": command.task_id, "child_id": command.child_id}
            self.pending.append((execution_id, ChildRefused(at=AT, message=str(error), **ids)))


def start_of(workflow: Workflow, execution_id: str, given: dict[str, Any], parent: Parent | None = None) -> Start:
    return Start(
        at=AT,
        id=execution_id,
        root_id=ROOT,
        partition=0,
        project="p",
        definition=workflow,
        workflow_id=workflow.name,
        workflow_version=1,
        workflow_name=workflow.name,
        parent=parent,
        input=given,
        root_env={} if parent else None,
    )


def reloaded(execution: Execution) -> Execution:
    """Return the execution as it comes back from its rows."""
    tasks = {task.id: replace(task, context=None, arrived=Map(), elements=None) for task in execution.tasks.values()}
    bare = replace(execution, tasks=Map(tasks), last=Map(), open=Map(), waiting=(), live=0)
    return restored(bare)


@st.composite
def workflow_texts(draw: st.DrawFn, *, strict: bool) -> str:
    """Draw a workflow; a strict one ends in the same way in whatever order things happen."""
    count = draw(st.integers(2, 7))
    names = [f"t{number}" for number in range(count)]
    clauses: dict[str, dict[str, list[str]]] = {name: {} for name in names}
    sources: dict[str, set[str]] = {name: set() for name in names}
    for number, name in enumerate(names[1:], 1):
        for source in draw(st.sets(st.sampled_from(names[:number]), max_size=3)):
            clause = draw(st.sampled_from(["on-success", "on-success", "on-success", "on-error", "on-complete"]))
            clauses[source].setdefault(clause, []).append(name)
            sources[name].add(source)
    text = ["version: '2.0'", "w:", "  tasks:"]
    for name in names:
        text.extend(_task(draw, name, clauses[name], len(sources[name]), strict=strict))
    return "\n".join([*text, *_CHILD])


_CHILD = ["child:", "  input: [v]", "  output: {r: <% $.v %>}", "  tasks:", "    c: {action: flaky}"]


def _task(draw: st.DrawFn, name: str, clauses: dict[str, list[str]], sources: int, *, strict: bool) -> Iterator[str]:
    yield f"    {name}:"
    if draw(st.integers(0, 5)) == 0:
        yield "      workflow: child"
        yield "      input: {v: 1}"
    else:
        yield f"      action: {draw(st.sampled_from(['std.noop', 'std.noop', 'std.fail', 'flaky', 'lost']))}"
        yield f"      safe-rerun: {draw(st.sampled_from(['true', 'false']))}"
    yield f"      publish: {{p_{name}: <% task().result %>}}"
    if draw(st.integers(0, 3)) == 0:
        yield "      with-items: i in [1, 2, 3]"
        yield f"      concurrency: {draw(st.integers(0, 2))}"
    if draw(st.integers(0, 3)) == 0:
        yield f"      retry: {{count: {draw(st.integers(1, 2))}, delay: {draw(st.integers(0, 1))}}}"
    for policy in draw(st.sets(st.sampled_from(["wait-before", "wait-after"]))):
        yield f"      {policy}: 1"
    if not strict and draw(st.integers(0, 4)) == 0:
        yield "      timeout: 2"
    if sources > 1 and (strict or draw(st.booleans())):
        yield f"      join: {'all' if strict else draw(st.sampled_from(['all', 'one', '2']))}"
    for clause, targets in clauses.items():
        listed = [f"'{target}'" for target in targets]
        if not strict and draw(st.integers(0, 9)) == 0:
            listed.insert(draw(st.integers(0, len(listed))), draw(st.sampled_from(["fail", "succeed", "noop"])))
        yield f"      {clause}: [{', '.join(listed)}]"
