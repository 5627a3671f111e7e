"""Whatever is repeated, late or out of order: an execution ends once, in the same way, and never gets stuck."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mistral_core.language import parse_workflows
from mistral_core.machine.event import (
    PauseRequested,
    ReplayRequested,
    RerunRequested,
    ResumeRequested,
    SkipRequested,
    StopRequested,
    SuspendRequested,
    TaskResumeRequested,
)
from mistral_core.machine.state import FINAL, State
from tests.core.machine.chaos import AT, ROOT, Chaos, start_of, workflow_texts


def _run(text: str, seed: int, *, calm: bool, requests: bool = False) -> Chaos:
    workflows = {each.workflow.name: each.workflow for each in parse_workflows(text)}
    world = Chaos(workflows, random.Random(seed), calm=calm)
    world.begin(start_of(workflows["w"], ROOT, {}))
    if requests:
        for request in (PauseRequested(at=AT), ResumeRequested(at=AT), ResumeRequested(at=AT)):
            world.pending.insert(world.chance.randint(0, len(world.pending)), (ROOT, request))
    world.run()
    for _ in range(50):
        if not any(each.state is State.PAUSED for each in world.executions.values()):
            return world
        world.pending.extend((each, ResumeRequested(at=AT)) for each in world.executions)
        world.run()
    pytest.fail("the execution stays paused")


def _shape(world: Chaos) -> tuple[Any, ...]:
    root = world.executions[ROOT]
    counting = (task for task in root.tasks.values() if task.superseded_by is None)
    return root.state, sorted((task.name, task.state.value) for task in counting)


def _joins_failed(world: Chaos) -> bool:
    """Tell whether a join failed: it does so at once, with the variables of what had arrived by then."""
    return any("Failed by tasks" in (task.state_info or "") for task in world.executions[ROOT].tasks.values())


def _variables(world: Chaos) -> dict[str, Any]:
    """Return the output but for the reason of a failure, which names ids."""
    return {name: value for name, value in world.executions[ROOT].output.items() if name != "result"}


_SETTINGS = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@_SETTINGS
@given(workflow_texts(strict=True), st.integers(0, 2**32))
def test_order_and_repetition_do_not_change_how_an_execution_ends(text: str, seed: int) -> None:
    expected = _run(text, 0, calm=True)

    world = _run(text, seed, calm=False)

    assert world.executions[ROOT].state in FINAL
    assert _shape(world) == _shape(expected)
    if not _joins_failed(expected):
        assert set(world.executions[ROOT].output) == set(expected.executions[ROOT].output)


@_SETTINGS
@given(workflow_texts(strict=False), st.integers(0, 2**32), st.booleans())
def test_no_execution_gets_stuck(text: str, seed: int, requests: bool) -> None:
    world = _run(text, seed, calm=False, requests=requests)

    assert all(each.state in FINAL for each in world.executions.values() if each.id == ROOT)


@_SETTINGS
@given(workflow_texts(strict=False), st.integers(0, 2**32), st.sampled_from(["SUCCESS", "ERROR", "CANCELLED"]))
def test_a_stopped_execution_stays_as_it_was_stopped(text: str, seed: int, state: str) -> None:
    workflows = {each.workflow.name: each.workflow for each in parse_workflows(text)}
    world = Chaos(workflows, random.Random(seed), calm=False)
    world.begin(start_of(workflows["w"], ROOT, {}))

    world.deliver(ROOT, StopRequested(at=AT, state=State(state), message="enough"))
    ended = world.executions[ROOT].state
    world.run()

    assert world.executions[ROOT].state is ended
    assert ended in FINAL


@_SETTINGS
@given(workflow_texts(strict=False), st.integers(0, 2**32), st.integers(0, 40))
def test_what_was_stopped_and_run_again_comes_to_an_end(text: str, seed: int, before: int) -> None:
    workflows = {each.workflow.name: each.workflow for each in parse_workflows(text)}
    world = Chaos(workflows, random.Random(seed), calm=False)
    world.reopening = True
    world.begin(start_of(workflows["w"], ROOT, {}))
    world.run_some(before)
    world.deliver(ROOT, StopRequested(at=AT, state=world.chance.choice([State.ERROR, State.CANCELLED])))

    for _ in range(5):
        world.run_some(world.chance.randint(0, 40))
        execution_id = world.chance.choice(sorted(world.executions))
        tasks = world.executions[execution_id].tasks.values()
        failed = sorted((task.number, task.id) for task in tasks if task.state is State.ERROR)
        if failed:
            task_id = world.chance.choice(failed)[1]
            kind = world.chance.choice([RerunRequested, SkipRequested])
            world.deliver(execution_id, kind(at=AT, task_id=task_id))
    world.run()

    assert world.executions[ROOT].state in FINAL


@_SETTINGS
@given(workflow_texts(strict=True), st.integers(0, 2**32), st.integers(0, 60))
def test_what_is_replayed_comes_to_an_end_whatever_else_runs(text: str, seed: int, before: int) -> None:
    world = _begun(text, seed)
    world.run_some(before)

    for _ in range(4):
        execution_id = world.chance.choice(sorted(world.executions))
        tasks = world.executions[execution_id].tasks.values()
        finished = sorted((task.number, task.id) for task in tasks if task.state in FINAL)
        if finished:
            request = ReplayRequested(at=AT, task_id=world.chance.choice(finished)[1])
            world.deliver(execution_id, request)
            again = world.executions[execution_id]
            world.deliver(execution_id, request)
            assert set(world.executions[execution_id].tasks) == set(again.tasks)
        world.run_some(world.chance.randint(0, 40))
    world.run()

    assert world.executions[ROOT].state in FINAL


@_SETTINGS
@given(workflow_texts(strict=True), st.integers(0, 2**32))
def test_a_replay_that_goes_as_before_ends_as_before(text: str, seed: int) -> None:
    expected = _run(text, 0, calm=True)
    world = _begun(text, seed)
    world.run()

    for _ in range(2):
        execution_id = world.chance.choice(sorted(world.executions))
        tasks = world.executions[execution_id].tasks.values()
        counting = sorted((task.number, task.id) for task in tasks if task.superseded_by is None)
        world.deliver(execution_id, ReplayRequested(at=AT, task_id=world.chance.choice(counting)[1]))
        world.run()

    assert _shape(world) == _shape(expected)
    if not _joins_failed(expected):
        assert _variables(world) == _variables(expected)


@_SETTINGS
@given(workflow_texts(strict=True), st.integers(0, 2**32))
def test_suspending_tasks_does_not_change_how_an_execution_ends(text: str, seed: int) -> None:
    expected = _run(text, 0, calm=True)
    world = _begun(text, seed)

    for _ in range(40):
        world.run_some(world.chance.randint(0, 3))
        execution_id = world.chance.choice(sorted(world.executions))
        for task in sorted(world.executions[execution_id].tasks.values(), key=lambda each: each.number):
            kind = SuspendRequested if world.chance.random() < 0.3 else TaskResumeRequested
            world.deliver(execution_id, kind(at=AT, task_id=task.id))
    world.run()
    assert world.executions[ROOT].state in FINAL or _suspended(world)
    while suspended := _suspended(world):
        for execution_id, task_id in suspended:
            world.deliver(execution_id, TaskResumeRequested(at=AT, task_id=task_id))
        world.run()

    assert _shape(world) == _shape(expected)


def _begun(text: str, seed: int) -> Chaos:
    workflows = {each.workflow.name: each.workflow for each in parse_workflows(text)}
    world = Chaos(workflows, random.Random(seed), calm=False)
    world.reopening = True
    world.begin(start_of(workflows["w"], ROOT, {}))
    return world


def _suspended(world: Chaos) -> list[tuple[str, str]]:
    return [
        (execution_id, task.id)
        for execution_id, execution in world.executions.items()
        for task in execution.tasks.values()
        if task.suspended is not None and execution.state not in FINAL
    ]
