"""How urgent actions are: the task says it, else the defaults, else whoever started the execution."""

from __future__ import annotations

from typing import Any

import pytest

from mistral_core.errors import Invalid, InvalidDefinition
from mistral_core.language import parse_workflows
from mistral_core.machine.command import StartChild
from mistral_core.machine.rehearsal import Rehearsal
from mistral_core.machine.state import State

FLOW = """version: '2.0'
w:
  input: [{{p: low}}]
  {defaults}
  tasks:
    t: {{action: std.noop, {own}}}
"""


def world_of(text: str) -> Rehearsal:
    return Rehearsal({each.workflow.name: each.workflow for each in parse_workflows(text)})


def priorities(own: str, defaults: str = "", **params: Any) -> list[str | None]:
    world = world_of(FLOW.format(own=own, defaults=defaults))
    execution = world.executions[world.start("w", params=params)]
    return [action.priority for task in execution.tasks.values() for action in task.actions.values()]


@pytest.mark.parametrize(
    ("own", "defaults", "params", "expected"),
    [
        ("", "", {}, [None]),
        ("priority: high", "", {}, ["high"]),
        ("priority: normal", "", {"priority": "high"}, [None]),
        ("", "", {"priority": "high"}, ["high"]),
        ("", "task-defaults: {priority: low}", {"priority": "high"}, ["low"]),
        ("priority: high", "task-defaults: {priority: low}", {}, ["high"]),
        ("priority: <% $.p %>", "", {}, ["low"]),
        ('priority: <% $.i %>, with-items: \'i in ["high", "normal", "low"]\'', "", {}, ["high", "low", None]),
    ],
)
def test_which_priority_an_action_has(
    own: str, defaults: str, params: dict[str, Any], expected: list[str | None]
) -> None:
    assert sorted(map(str, priorities(own, defaults, **params))) == sorted(map(str, expected))


@pytest.mark.parametrize("wrong", ["urgent", "5", "true", "[high]", "before <% x %>"])
def test_a_priority_that_there_is_not_is_refused_with_the_definition(wrong: str) -> None:
    with pytest.raises(InvalidDefinition, match="must be 'high', 'normal' or 'low'"):
        parse_workflows(FLOW.format(own=f"priority: {wrong}", defaults=""))


def test_an_expression_that_gives_no_priority_fails_the_task_and_the_workflow() -> None:
    world = world_of(FLOW.format(own="priority: <% 5 %>", defaults=""))

    execution = world.executions[world.start("w")]

    assert execution.state is State.ERROR
    assert "The priority must be one of high, normal, low, not a value of type int." in str(execution.state_info)


def test_params_are_checked_at_the_start() -> None:
    with pytest.raises(Invalid, match="The priority must be one of high, normal, low, not 'urgent'"):
        priorities("", priority="urgent")


def test_a_sub_workflow_is_as_urgent_as_its_task() -> None:
    world = world_of(
        """version: '2.0'
w:
  tasks:
    a: {workflow: child, priority: high}
    b: {workflow: child}
child: {tasks: {t: {action: std.noop}}}
"""
    )
    execution = world.executions[world.start("w", params={"priority": "low"})]

    children = [child for task in execution.tasks.values() for child in task.children.values()]
    assert sorted(str(child.priority) for child in children) == ["high", "low"]
    assert any(isinstance(command, StartChild) for _, command in world.journal)
