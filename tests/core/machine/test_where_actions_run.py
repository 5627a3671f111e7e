"""Where an action may run and whether it may run twice: literal values and expressions, also over items."""

from __future__ import annotations

from typing import Any

import pytest

from mistral_core.language import parse_workflows
from mistral_core.machine.rehearsal import Rehearsal
from mistral_core.machine.state import State

FLOW = """version: '2.0'
w:
  input: [{{place: gpu}}, {{safe: true}}]
  {defaults}
  tasks:
    t: {{action: std.async_noop, {own}}}
"""


def actions(own: str, defaults: str = "") -> list[Any]:
    parsed = parse_workflows(FLOW.format(own=own, defaults=defaults))
    world = Rehearsal({each.workflow.name: each.workflow for each in parsed})
    execution = world.executions[world.start("w")]
    found = [action for task in execution.tasks.values() for action in task.actions.values()]
    return sorted(found, key=lambda each: each.index)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("", [None]),
        ("target: gpu", ["gpu"]),
        ("target: <% $.place %>", ["gpu"]),
        ("target: 'rack <% $.place %>'", ["rack gpu"]),
        ("target: '{{ _.place }}'", ["gpu"]),
        ("target: <% null %>", [None]),
        ("target: <% 5 %>", ["5"]),
        ('target: <% $.h %>, with-items: \'h in ["a", "b"]\'', ["a", "b"]),
    ],
)
def test_the_target_of_an_action(own: str, expected: list[str | None]) -> None:
    assert [action.target for action in actions(own)] == expected


@pytest.mark.parametrize(
    ("own", "defaults", "expected"),
    [
        ("", "", False),
        ("safe-rerun: true", "", True),
        ("safe-rerun: <% $.safe %>", "", True),
        ("safe-rerun: <% not $.safe %>", "", False),
        ("", "task-defaults: {safe-rerun: true}", True),
        ("safe-rerun: false", "task-defaults: {safe-rerun: true}", False),
    ],
)
def test_whether_an_action_may_run_twice(own: str, defaults: str, expected: bool) -> None:
    assert [action.safe_rerun for action in actions(own, defaults)] == [expected]


def test_a_target_that_cannot_be_evaluated_fails_task_and_workflow() -> None:
    parsed = parse_workflows(FLOW.format(own="target: <% $.nowhere %>, on-error: noop", defaults=""))
    world = Rehearsal({each.workflow.name: each.workflow for each in parsed})

    execution = world.executions[world.start("w")]

    assert execution.state is State.ERROR
    assert "Failed to run task" in str(execution.state_info)
