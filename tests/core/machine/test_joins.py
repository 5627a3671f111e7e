"""Joins and loops as a whole: which branches a join waits for, and what becomes of it when they do not come."""

from __future__ import annotations

import pytest

from tests.core.machine.plays import Play


def told(tasks: str, *deeds: str, **options: str) -> str:
    return Play(f"w:\n  vars: {{n: 0}}\n  tasks:\n{tasks}", **options).after(deeds).told(output=False)


OK, FAIL, HELD = "action: std.noop", "action: std.fail", "action: std.async_noop"


@pytest.mark.parametrize(
    ("a", "b", "join", "end"),
    [
        (f"{OK}, on-success: j", f"{OK}, on-success: j", "all", "SUCCESS [a SUCCESS, b SUCCESS, j SUCCESS]"),
        (f"{FAIL}, on-error: j", f"{OK}, on-success: j", "all", "SUCCESS [a ERROR, b SUCCESS, j SUCCESS]"),
        (f"{FAIL}, on-complete: j", f"{OK}, on-complete: j", "all", "ERROR [a ERROR, b SUCCESS, j SUCCESS]"),
        (f"{FAIL}, on-success: j", f"{OK}, on-success: j", "all", "ERROR [a ERROR, b SUCCESS, j ERROR]"),
        (f"{FAIL}, on-success: j", f"{OK}, on-success: j", "one", "ERROR [a ERROR, b SUCCESS, j SUCCESS]"),
        (f"{FAIL}, on-success: j", f"{OK}, on-success: j", "2", "ERROR [a ERROR, b SUCCESS, j ERROR]"),
        (
            f"{FAIL}, on-error: noop, on-success: j",
            f"{OK}, on-success: j",
            "1",
            "SUCCESS [a ERROR, b SUCCESS, j SUCCESS]",
        ),
        (f"{FAIL}, on-success: j", f"{FAIL}, on-success: j", "one", "ERROR [a ERROR, b ERROR]"),
        (
            f"{OK}, on-success: [{{j: <% false %>}}]",
            f"{OK}, on-success: j",
            "all",
            "ERROR [a SUCCESS, b SUCCESS, j ERROR]",
        ),
        (f"{OK}, on-success: j", f"{OK}, on-success: j", "0", "SUCCESS [a SUCCESS, b SUCCESS, j SUCCESS, j SUCCESS]"),
        (
            f"{OK}, on-success: j, on-complete: j",
            f"{OK}, on-error: j",
            "one",
            "SUCCESS [a SUCCESS, b SUCCESS, j SUCCESS]",
        ),
    ],
)
def test_a_join_of_two(a: str, b: str, join: str, end: str) -> None:
    assert told(f"    a: {{{a}}}\n    b: {{{b}}}\n    j: {{join: {join}}}") == end


@pytest.mark.parametrize(
    ("tasks", "deeds", "end"),
    [
        pytest.param(
            "    a: {action: std.fail, on-success: j}\n    b: {on-success: j}\n    j: {join: all, on-error: h}\n"
            "    h: {tags: [x]}",
            [],
            "ERROR [a ERROR, b SUCCESS, j ERROR, h SUCCESS]",
            id="its own on-error may handle the failed join",
        ),
        pytest.param(
            "    a: {on-success: [{x: <% false %>}]}\n    x: {on-success: j}\n    b: {on-success: j}\n"
            "    j: {join: all}",
            [],
            "ERROR [a SUCCESS, b SUCCESS, j ERROR]",
            id="a branch that nothing leads to any more",
        ),
        pytest.param(
            "    a: {action: std.async_noop, on-success: [{x: <% false %>}]}\n    x: {on-success: j}\n"
            "    b: {on-success: j}\n    j: {join: all}",
            ["restore", "succeed a"],
            "ERROR [a SUCCESS, b SUCCESS, j ERROR]",
            id="it is waited for what may still lead there",
        ),
        pytest.param(
            "    a: {action: std.fail, on-error: noop, on-success: j}\n    b: {on-success: j}\n    c: {on-success: k}\n"
            "    j: {join: all, on-success: k}\n    k: {join: all}",
            [],
            "ERROR [a ERROR, b SUCCESS, c SUCCESS, j ERROR, k ERROR]",
            id="a failed join fails the next one",
        ),
        pytest.param(
            "    a: {action: std.fail, on-error: noop, on-success: j}\n    b: {on-success: j}\n    c: {on-success: k}\n"
            "    j: {join: all, on-error: k}\n    k: {join: all}",
            [],
            "SUCCESS [a ERROR, b SUCCESS, c SUCCESS, j ERROR, k SUCCESS]",
            id="or leads to it by its error",
        ),
        pytest.param(
            "    a: {action: std.fail, on-success: j}\n    b: {on-success: j}\n    j: {join: all}",
            ["skip a"],
            "SUCCESS [a SKIPPED, b SUCCESS, j SUCCESS]",
            id="a skipped branch counts",
        ),
        pytest.param(
            "    a: {action: flaky fail=1, on-success: j}\n    b: {on-success: j}\n    j: {join: all}",
            ["rerun a"],
            "SUCCESS [a SUCCESS, b SUCCESS, j SUCCESS]",
            id="a branch that is run again brings it back",
        ),
        pytest.param(
            "    f: {on-success: [a, b]}\n    a: {publish: {n: <% $.n + 1 %>}, on-success: j}\n    b: {on-success: j}\n"
            "    j: {join: all, on-success: [{g: <% $.n < 2 %>}]}\n    g: {on-success: f}\n    s: {on-success: f}",
            ["restore"],
            "SUCCESS [s SUCCESS, f SUCCESS, a SUCCESS, b SUCCESS, j SUCCESS, g SUCCESS,"
            " f SUCCESS, a SUCCESS, b SUCCESS, j SUCCESS]",
            id="each round of a loop has its own",
        ),
    ],
)
def test_branches_that_may_not_come(tasks: str, deeds: list[str], end: str) -> None:
    assert told(tasks, *deeds) == end


def test_a_failed_join_names_who_failed_it() -> None:
    play = Play(
        "w:\n  tasks:\n    a: {action: std.fail, on-success: j}\n    b: {on-success: j}\n    j: {join: all}"
    ).after()
    [join], [a], [b] = play.tasks("j"), play.tasks("a"), play.tasks("b")

    assert join.state_info == "Failed by tasks: ['a']"
    assert join.triggered_by == ((b.id, "on-success"), (a.id, "not triggered"))


def test_a_task_waits_for_its_join() -> None:
    play = Play(
        "w:\n  tasks:\n    a: {action: std.async_noop, on-success: j}\n    b: {on-success: j}\n    j: {join: all}"
    ).after()

    assert play.told() == "RUNNING [a RUNNING, b SUCCESS, j WAITING]"
    assert play.tasks("j")[0].state_info == "Task is waiting."


@pytest.mark.parametrize(
    ("tasks", "end"),
    [
        (
            "    s: {on-success: t}\n    t: {publish: {n: <% $.n + 1 %>}, on-success: [{t: <% $.n < 3 %>}]}",
            "SUCCESS [s SUCCESS, t SUCCESS, t SUCCESS, t SUCCESS]",
        ),
        (
            "    s: {on-success: t}\n    t: {publish: {n: <% $.n + 1 %>}, on-success: [{u: <% $.n < 2 %>}]}\n"
            "    u: {on-success: t}",
            "SUCCESS [s SUCCESS, t SUCCESS, u SUCCESS, t SUCCESS]",
        ),
        (
            "    a: {on-success: t}\n    b: {on-success: t}\n    t: {tags: [x]}",
            "SUCCESS [a SUCCESS, b SUCCESS, t SUCCESS, t SUCCESS]",
        ),
    ],
)
def test_a_task_without_join_runs_for_each_that_leads_to_it(tasks: str, end: str) -> None:
    assert told(tasks) == end


def test_the_newest_run_of_a_task_is_the_one_that_others_see() -> None:
    play = Play(
        "w:\n  vars: {n: 0}\n  tasks:\n    s: {on-success: t}\n"
        "    t: {action: std.echo output=<% $.n %>, publish: {n: <% $.n + 1 %>},"
        " on-success: [{t: <% $.n < 3 %>}, {e: <% $.n >= 3 %>}]}\n"
        "    e: {publish: {last: <% task(t).result %>, own: <% task().name %>}}"
    ).after()

    assert play.execution.output == {"last": 2, "n": 3, "own": "e"}
