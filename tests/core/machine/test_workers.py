"""Which runs go to workers, what they need of them, and what follows from how workers end them."""

from __future__ import annotations

from typing import Any

import pytest

from mistral_core.language import parse_actions, parse_workflows
from mistral_core.machine import Surroundings, decide, restored
from mistral_core.machine.event import ActionFinished, ActionLost, Outcome
from mistral_core.machine.execution import ActionExecution, Execution
from mistral_core.machine.needs import WorkerNeeds, pool_of
from mistral_core.machine.rehearsal import Rehearsal
from mistral_core.machine.surroundings import Offer
from mistral_core.priority import DEFAULT_QUEUE

FLOW = """version: '2.0'
w:
  input: [{{place: gpu}}, {{safe: true}}]
  {defaults}
  tasks:
    t: {{action: {action}, {own}}}
"""
OWN = "default"
ADHOC = "version: '2.0'\nmine:\n  base: a.b\n  base-input: {size: 3}\na.c:\n  base: std.async_noop\n"


class Scene:
    """A workflow among workers: ``a.b`` is offered by the own project, ``a.c`` by another one."""

    def __init__(self, text: str, **around: Any) -> None:
        adhoc = {each.action.name: each.action for each in parse_actions(ADHOC)}
        around.setdefault("offers", {"a.b": Offer("p"), "a.s": Offer("q", safe_rerun=True), "a.c": Offer("q")})
        self.around = Surroundings(adhoc=lambda name, workbook, namespace: adhoc.get(name), **around)
        workflows = {each.workflow.name: each.workflow for each in parse_workflows(text)}
        self.world = Rehearsal(workflows, stub=lambda name, given: None, surroundings=self.around)
        self.root = self.world.start("w")
        self.begun = self.execution
        self.world.run(until=self.world.now)

    @property
    def execution(self) -> Execution:
        return self.world.executions[self.root]

    def actions(self, task: str = "t") -> list[ActionExecution]:
        found = [a for each in self.execution.tasks.values() if each.name == task for a in each.actions.values()]
        return sorted(found, key=lambda each: (each.created_at, each.index))

    def end(self, task: str = "t", outcome: Outcome = Outcome.SUCCESS, **more: Any) -> None:
        record = next(each for each in self.execution.tasks.values() if each.name == task)
        action = next(each for each in self.actions(task) if each.state == "RUNNING")
        event = ActionFinished(
            at=self.world.now,
            task_id=record.id,
            action_id=action.id,
            attempt=action.attempt,
            outcome=outcome,
            **more,
        )
        self.world.tell(self.root, event)
        self.world.run(until=self.world.now)


def needs(own: str, *, action: str = "a.b", defaults: str = "", **around: Any) -> list[WorkerNeeds | None]:
    return [each.needs for each in Scene(FLOW.format(own=own, action=action, defaults=defaults), **around).actions()]


@pytest.mark.parametrize(
    ("action", "own", "expected"),
    [
        ("a.b", "", WorkerNeeds(project="p")),
        ("a.b", "target: gpu", WorkerNeeds(project="p", queue="gpu")),
        ("a.b", "target: gpu, worker: {queue: <% $.place %>2}", WorkerNeeds(project="p", queue="gpu2")),
        ("a.s", "", WorkerNeeds(project="q")),
        ("mine", "", WorkerNeeds(project="p")),
        ("a.c", "", None),
        ("a.unknown", "", None),
        ("a.unknown", "worker: {queue: x}", WorkerNeeds(project=OWN, queue="x")),
        ("std.async_noop", "worker: {queue: x}", None),
        ("a.b", "worker: {labels: {gpu: true, cores: 8}}", [("cores", "8"), ("gpu", "true")]),
        ("a.b", "worker: {labels: {zone: <% $.place %>}}", [("zone", "gpu")]),
    ],
)
def test_what_a_run_needs(action: str, own: str, expected: Any) -> None:
    found = needs(own, action=action)
    if isinstance(expected, list):
        expected = WorkerNeeds(project="p", labels=tuple(expected))
    assert found == [expected]


def test_what_was_uploaded_comes_before_what_is_offered() -> None:
    assert needs("worker: {queue: x}", uploaded=frozenset({("", "a.b")})) == [None]
    assert needs("", uploaded=frozenset({("elsewhere", "a.b")})) == [WorkerNeeds(project="p")]


def test_each_item_has_needs_of_its_own() -> None:
    own = 'with-items: \'i in ["x", "y"]\', worker: {queue: <% $.i %>, limit: {key: <% $.i %>, concurrency: 2}}'
    assert [(each.queue, each.limit_key, each.concurrency) for each in needs(own) if each] == [
        ("x", "x", 2),
        ("y", "y", 2),
    ]


def test_what_a_task_says_is_laid_over_the_defaults() -> None:
    defaults = "task-defaults: {worker: {queue: slow, prefers: {ssd: true}, limit: {rate: 2}}}"
    (found,) = needs("worker: {queue: fast}", defaults=defaults)
    assert found is not None
    assert (found.queue, found.preferred, found.rate, found.limit_key) == ("fast", (("ssd", "true"),), 2.0, "a.b")


def test_temporary_workers_are_told_apart_by_root_execution() -> None:
    scene = Scene(FLOW.format(own="worker: {fleet: cutters, workers: 9}", action="a.b", defaults=""))
    (action,) = scene.actions()
    assert action.needs is not None
    assert action.needs.fleet_workers == 9
    assert action.needs.labels == (("mistral.execution", scene.root), ("mistral.fleet", "cutters"))


@pytest.mark.parametrize(
    ("own", "complaint"),
    [
        ("worker: {queue: <% 5 %>}", "'queue' must be text"),
        ("worker: {labels: {a: '<% [1] %>'}}", "'labels' must be text"),
        ("worker: {sticky: <% 1 %>}", "'sticky' must be true or false"),
        ("worker: {schedule-to-start: '<% \"x\" %>'}", "'schedule-to-start' must be a number"),
        ("worker: {limit: {concurrency: <% 1.5 %>}}", "'limit.concurrency' must be a whole number"),
        ("worker: {limit: {rate: <% -1 %>}}", "'limit.rate' must be a number"),
    ],
)
def test_values_of_the_wrong_kind_fail_the_task(own: str, complaint: str) -> None:
    scene = Scene(FLOW.format(own=own, action="a.b", defaults=""))
    (task,) = scene.execution.tasks.values()
    assert task.state == "ERROR"
    assert complaint in (task.state_info or "")


def test_an_offer_that_is_safe_to_repeat_makes_the_run_so() -> None:
    found = [Scene(FLOW.format(own="", action=name, defaults="")).actions()[0].safe_rerun for name in ("a.b", "a.s")]
    assert found == [False, True]


def test_the_time_to_begin_starts_again_with_every_attempt() -> None:
    scene = Scene(FLOW.format(own="worker: {schedule-to-start: 5}, safe-rerun: true", action="a.b", defaults=""))
    (first,) = scene.actions()
    assert first.needs is not None
    assert first.needs.begin_by == first.created_at + 5_000_000
    (task,) = scene.begun.tasks.values()
    lost = ActionLost(at=first.created_at + 60_000_000, task_id=task.id, action_id=first.id, attempt=1)
    after = decide(scene.begun, lost, scene.around).execution
    again = after.tasks[task.id].actions[first.id]
    assert again.attempt == 2
    assert again.needs is not None
    assert again.needs.begin_by == first.created_at + 65_000_000


def test_a_sticky_task_wants_the_worker_that_ran_the_last_one() -> None:
    text = """version: '2.0'
w:
  tasks:
    t: {action: a.b, on-success: u}
    u: {action: a.b, worker: {sticky: true}, on-success: v}
    v: {action: a.s, worker: {sticky: true}}
"""
    scene = Scene(text)
    scene.end("t", worker="w-7")
    (second,) = scene.actions("u")
    assert second.needs is not None
    assert second.needs.sticky == "w-7"
    scene.end("u", worker="w-8")
    (third,) = scene.actions("v")
    # It is another project's workers that offer this one.
    assert third.needs is not None
    assert third.needs.sticky == ""


@pytest.mark.parametrize(("permanent", "tries"), [(False, 3), (True, 1)])
def test_a_permanent_failure_is_not_tried_again(permanent: bool, tries: int) -> None:
    scene = Scene(FLOW.format(own="retry: {count: 2, delay: 0}", action="a.b", defaults=""))
    while scene.execution.state == "RUNNING":
        scene.end(outcome=Outcome.ERROR, value="no", permanent=permanent)
    assert len(scene.actions()) == tries
    assert scene.execution.state == "ERROR"


def test_a_permanent_failure_of_one_item_ends_all_tries() -> None:
    own = "with-items: 'i in <% [1, 2] %>', concurrency: 1, retry: {count: 2, delay: 0}"
    scene = Scene(FLOW.format(own=own, action="a.b", defaults=""))
    scene.end(outcome=Outcome.ERROR, permanent=True)
    scene.end(outcome=Outcome.ERROR)
    assert scene.execution.state == "ERROR"
    assert len(scene.actions()) == 2


def test_needs_outlive_a_restart() -> None:
    scene = Scene(FLOW.format(own="worker: {labels: {a: b}}", action="a.b", defaults=""))
    (action,) = scene.actions()
    (task,) = restored(scene.execution).tasks.values()
    assert task.actions[action.id].needs == action.needs


def test_pools_that_differ_in_anything_but_numbers_have_queues_of_their_own() -> None:
    plain = WorkerNeeds(project="p")
    others = [
        WorkerNeeds(project="q"),
        WorkerNeeds(project="p", queue="x"),
        WorkerNeeds(project="p", labels=(("a", "b"),)),
        WorkerNeeds(project="p", limit_key="k", concurrency=1),
    ]
    assert plain.queue == DEFAULT_QUEUE
    assert len({pool_of(each, "a.b").token for each in (plain, *others)}) == 5
    assert pool_of(others[3], "a.b").token == pool_of(WorkerNeeds(project="p", limit_key="k", rate=2), "a.b").token
