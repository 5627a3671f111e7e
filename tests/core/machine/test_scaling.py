"""What an event costs does not grow with what the execution already holds."""

from __future__ import annotations

import gc
import time
from typing import Any

import pytest

from mistral_core.language import workflow_from_text
from mistral_core.machine.event import Outcome
from mistral_core.machine.rehearsal import Rehearsal
from mistral_core.machine.state import State

ITEMS = """
version: '2.0'
w:
  input: [xs]
  tasks:
    t: {with-items: x in <% $.xs %>, action: std.echo output=<% $.x %>, publish: {r: <% task().result %>}}
"""
ITEMS_LIMITED = ITEMS.replace("with-items", "concurrency: 10, with-items")
LOOP = """
version: '2.0'
w:
  input: [xs]
  vars: {i: 0}
  tasks:
    s: {action: std.noop, on-success: a}
    a:
      action: std.noop
      publish: {i: <% $.i + 1 %>}
      on-success:
        - a: <% $.i < $.xs.len() %>
"""
CHILDREN = """
version: '2.0'
w:
  input: [xs]
  tasks:
    t: {with-items: x in <% $.xs %>, concurrency: 50, workflow: child v=<% $.x %>}
child:
  input: [v]
  tasks:
    c: {action: std.noop}
"""


def _fan(size: int) -> str:
    branches = "".join(
        f"    b{number}: {{action: std.echo output={number}, publish: {{p{number}: <% 1 %>}}, on-success: j}}\n"
        for number in range(size)
    )
    return f"version: '2.0'\nw:\n  tasks:\n{branches}    j: {{join: all, action: std.noop}}\n"


def _cost(text: str, size: int, **given: Any) -> float:
    """Return the processor time for one task or item, in seconds."""
    names = [line[:-1] for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
    workflows = {name: workflow_from_text(text, name) for name in names}
    best = float("inf")
    for _ in range(2):
        world = Rehearsal(workflows)
        gc.collect()
        begun = time.process_time()
        execution_id = world.start("w", **given)
        world.run()
        best = min(best, (time.process_time() - begun) / size)
        assert world.executions[execution_id].state is State.SUCCESS
    return best


@pytest.mark.parametrize("text", [ITEMS, ITEMS_LIMITED, LOOP, CHILDREN], ids=["items", "limited", "loop", "children"])
def test_ten_times_the_work_costs_ten_times_as_much(text: str) -> None:
    few = _cost(text, 200, xs=list(range(200)))
    many = _cost(text, 2_000, xs=list(range(2_000)))

    # The machine that tests run on is shared; what grows with the size would show as a factor of ten.
    assert many / few < 2


def test_a_join_of_many_branches_costs_the_same_for_each() -> None:
    few, many = _cost(_fan(100), 100), _cost(_fan(1_000), 1_000)

    assert many / few < 2.5


def test_a_failed_branch_of_many_is_seen_at_once() -> None:
    text = (
        _fan(1_000).replace("b7: {action: std.echo output=7", "b7: {action: std.fail").replace("join: all", "join: 3")
    )
    world = Rehearsal({"w": workflow_from_text(text, "w")}, stub=lambda name, given: (Outcome.ERROR, "no"))
    execution_id = world.start("w")

    begun = time.process_time()
    world.run()

    assert world.executions[execution_id].state is State.ERROR
    assert time.process_time() - begun < 10
