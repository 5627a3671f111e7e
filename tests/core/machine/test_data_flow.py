"""Variables on their way: merging at joins, ad-hoc actions, facts about other executions, what functions show."""

from __future__ import annotations

from typing import Any

import pytest
from immutables import Map

from mistral_core.language import parse_actions, parse_workflows
from mistral_core.language.model import AdhocAction
from mistral_core.machine import MoreFactsNeeded, Surroundings, TasksQuery
from mistral_core.machine.command import RunAction
from mistral_core.machine.context import EMPTY, Context, merge, publish
from mistral_core.machine.execution import Execution
from mistral_core.machine.rehearsal import Rehearsal
from mistral_core.machine.state import State


def _published(*rounds: dict[str, Any]) -> Context:
    context = EMPTY
    for each in rounds:
        context = publish(context, each)
    return context


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ([{"a": 1}], [{"b": 2}], {"a": 1, "b": 2}),
        ([{"a": 1}, {"a": 2}], [{"a": 3}], {"a": 2}),
        ([{"a": 3}], [{"a": 1}, {"a": 2}], {"a": 2}),
        ([{"a": 1}], [{"a": 2}], {"a": 2}),
        ([{"d": {"x": 1}}], [{"d": {"y": 2}}], {"d": {"x": 1, "y": 2}}),
        ([{"d": {"x": 1}}, {"d": {"x": 2}}], [{"d": {"x": 3, "y": 4}}], {"d": {"x": 2, "y": 4}}),
        ([{"l": [1]}], [{"l": [2]}], {"l": [2]}),
        ([{"d": {"x": 1}}, {"d": 1}], [{"d": {"x": 1}}], {"d": 1}),
        ([{"d": {"x": 1}}], [{"d": {"x": 1}}, {"d": 1}], {"d": 1}),
        ([{"d": 1}, {"d": {"x": 1}}], [{"d": 1}], {"d": {"x": 1}}),
        ([{"d": 1}], [{"d": 1}, {"d": {"x": 1}}], {"d": {"x": 1}}),
        ([], [{"a": 1}], {"a": 1}),
    ],
)
def test_merging_branches(left: list[Any], right: list[Any], expected: dict[str, Any]) -> None:
    assert merge([_published(*left), _published(*right)]).values == Map(expected)


def test_publishing_replaces_a_mapping_as_a_whole() -> None:
    context = _published({"d": {"x": 1}}, {"d": {"y": 2}})

    assert context.values["d"] == {"y": 2}


def _run(text: str, *, actions: str = "", **options: Any) -> tuple[Rehearsal, Execution]:
    adhoc: dict[str, AdhocAction] = {}
    if actions:
        adhoc = {each.action.name: each.action for each in parse_actions(actions)}
    surroundings = Surroundings(adhoc=lambda name, workbook, namespace: adhoc.get(name))
    workflows = {each.workflow.name: each.workflow for each in parse_workflows(text)}
    world = Rehearsal(workflows, surroundings=surroundings)
    execution_id = world.start("w", **options)
    world.run()
    return world, world.executions[execution_id]


CHAIN = """
version: '2.0'
inner:
  input: [v]
  base: std.echo output="<% $.v %>1"
  output: <% $ + "a" %>
outer:
  input: [v, {suffix: "!"}]
  base: inner v="<% $.v %>2<% $.suffix %>"
  output: {got: <% $ %>}
again:
  base: around
around:
  base: again
"""


def _workflow(task: str) -> str:
    return f"version: '2.0'\nw:\n  tasks:\n    t:\n{task}    h: {{action: std.noop}}\n"


def test_an_adhoc_action_runs_its_base_and_shapes_its_result() -> None:
    task = '      action: outer v="s"\n      publish: {r: <% task().result %>}\n'

    world, execution = _run(_workflow(task), actions=CHAIN)

    run = next(command for _, command in world.journal if isinstance(command, RunAction))
    assert (run.action, run.input) == ("std.echo", {"output": "s2!1"})
    assert execution.output == {"r": {"got": "s2!1a"}}


@pytest.mark.parametrize(
    ("action", "complaint"),
    [
        ("outer", "missing=['v']"),
        ("outer v=1 x=2", "unexpected=['x']"),
        ("again", "Found a cycle in an ad-hoc action chain"),
    ],
)
def test_a_wrong_call_of_an_adhoc_action_fails_the_execution(action: str, complaint: str) -> None:
    _, execution = _run(_workflow(f"      action: {action}\n      on-error: [h]\n"), actions=CHAIN)

    assert execution.state is State.ERROR
    assert complaint in str(execution.state_info)


def test_the_environment_gives_actions_defaults() -> None:
    task = "      action: std.echo output=2\n"
    params = {"env": {"__actions": {"std.echo": {"output": 1, "delay": 0}}}}

    world, _ = _run(_workflow(task), params=params)

    run = next(command for _, command in world.journal if isinstance(command, RunAction))
    assert run.input == {"output": 2, "delay": 0}


def test_facts_about_another_execution_are_asked_for() -> None:
    task = "      action: std.noop\n      publish: {n: <% tasks('other').len() %>}\n"

    with pytest.raises(MoreFactsNeeded) as stopped:
        _run(_workflow(task))

    assert stopped.value.query == TasksQuery("default", "other")


def test_tasks_of_the_execution_itself_are_known() -> None:
    task = (
        "      action: std.noop\n      publish: {names: <% tasks(execution().id).name.orderBy($) %>,"
        " now: <% task().state %>}\n"
    )

    _, execution = _run(_workflow(task))

    assert execution.output == {"names": ["h", "t"], "now": "SUCCESS"}


def test_an_item_hides_inputs_but_not_branch_variables() -> None:
    text = """
version: '2.0'
w:
  input: [x]
  tasks:
    t:
      with-items: x in [1, 2]
      action: std.echo output=<% $.x %>
      publish: {x: <% task().result %>}
      on-success: u
    u:
      with-items: x in [1, 2]
      action: std.echo output=<% $.x %>
      publish: {y: <% task().result %>}
"""

    _, execution = _run(text, x="outer")

    assert execution.output == {"x": [1, 2], "y": [[1, 2], [1, 2]]}


def test_atomic_and_global_variables_are_seen_everywhere() -> None:
    text = """
version: '2.0'
w:
  tasks:
    a:
      action: std.noop
      on-success:
        publish: {atomic: {n: 1}, global: {d: {x: 1}}}
        next: b
    b:
      action: std.noop
      on-success:
        publish: {global: {d: {y: 2}}}
  output: {n: <% $.n %>, d: <% global(d) %>}
"""

    _, execution = _run(text)

    assert execution.output == {"n": 1, "d": {"x": 1, "y": 2}}
