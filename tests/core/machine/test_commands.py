"""Transitions and engine commands: what fires, in which order, and what is dropped."""

from __future__ import annotations

import pytest

from tests.core.machine.plays import Play


def led(first: str, *deeds: str, extra: str = "") -> str:
    """Return how a workflow ends in which ``t`` is as given; tasks that nothing leads to are left out of it."""
    named = [name for name in ("a", "b", "c") if any(form in first for form in (f"[{name}", f" {name}", f"{{{name}"))]
    tasks = "".join(f"    {name}: {{action: std.noop}}\n" for name in named)
    return Play(f"w:\n  tasks:\n    t: {{{first}}}\n{tasks}{extra}").after(deeds).told(output=False)


@pytest.mark.parametrize(
    ("clauses", "told"),
    [
        ("on-success: [a, b]", "SUCCESS [t SUCCESS, a SUCCESS, b SUCCESS]"),
        ("on-success: a, on-complete: b", "SUCCESS [t SUCCESS, a SUCCESS, b SUCCESS]"),
        ("on-success: a, on-complete: a", "SUCCESS [t SUCCESS, a SUCCESS, a SUCCESS]"),
        ("on-error: a", "SUCCESS [t SUCCESS]"),
        ("on-success: [noop, a]", "SUCCESS [t SUCCESS, a SUCCESS]"),
        ("on-success: [{a: <% true %>}, {b: <% false %>}]", "SUCCESS [t SUCCESS, a SUCCESS]"),
        ("on-success: {a: <% false %>}", "SUCCESS [t SUCCESS]"),
        ("on-success: {next: {a: <% true %>}}", "SUCCESS [t SUCCESS, a SUCCESS]"),
        ("on-success: [a, fail, b]", "ERROR [t SUCCESS, a SUCCESS]"),
        ("on-success: [fail, a]", "ERROR [t SUCCESS]"),
        ("on-success: [succeed, a]", "SUCCESS [t SUCCESS]"),
        ("on-success: [a, succeed, b]", "SUCCESS [t SUCCESS, a SUCCESS]"),
        ("on-success: fail, on-complete: a", "ERROR [t SUCCESS]"),
        ("on-success: a, on-complete: fail", "ERROR [t SUCCESS, a SUCCESS]"),
        ("on-success: [{fail: <% false %>}, a]", "SUCCESS [t SUCCESS, a SUCCESS]"),
        ("action: std.fail, on-error: noop", "SUCCESS [t ERROR]"),
        ("action: std.fail, on-error: a", "SUCCESS [t ERROR, a SUCCESS]"),
        ("action: std.fail, on-complete: a", "ERROR [t ERROR, a SUCCESS]"),
        ("action: std.fail, on-success: a", "ERROR [t ERROR]"),
        ("action: std.fail, on-error: [{a: <% false %>}]", "ERROR [t ERROR]"),
        ("action: std.fail, on-error: [{a: <% false %>}, {b: <% true %>}]", "SUCCESS [t ERROR, b SUCCESS]"),
        ("action: std.fail, on-error: fail, on-complete: a", "ERROR [t ERROR]"),
        ("action: std.fail, on-error: succeed", "SUCCESS [t ERROR]"),
        ("action: std.fail, on-complete: succeed", "SUCCESS [t ERROR]"),
    ],
)
def test_what_follows_a_task(clauses: str, told: str) -> None:
    assert led(clauses if "action" in clauses else f"action: std.noop, {clauses}") == told


@pytest.mark.parametrize(
    ("command", "told", "info"),
    [
        ('fail msg="m <% $.x %>"', "ERROR [t SUCCESS]", "m 1"),
        ('fail(msg="m")', "ERROR [t SUCCESS]", "m"),
        ("fail(msg=<% {k => $.x} %>)", "ERROR [t SUCCESS]", '{"k": 1}'),
        ("fail", "ERROR [t SUCCESS]", None),
        ('succeed msg="m {{ _.x }}"', "SUCCESS [t SUCCESS]", "m 1"),
        ('pause msg="<% $.x %>"', "PAUSED [t SUCCESS]", "1"),
    ],
)
def test_a_command_bears_a_message(command: str, told: str, info: str | None) -> None:
    play = Play(f"w:\n  tasks:\n    t: {{publish: {{x: 1}}, on-success: ['{command}']}}").after()

    assert play.told(output=False) == told
    assert play.execution.state_info == info


@pytest.mark.parametrize(
    ("clause", "meanwhile", "told"),
    [
        ("[pause, a]", "PAUSED [t SUCCESS]", "SUCCESS [t SUCCESS, a SUCCESS]"),
        ("[a, pause, b]", "PAUSED [t SUCCESS, a SUCCESS]", "SUCCESS [t SUCCESS, a SUCCESS, b SUCCESS]"),
        ("pause", "PAUSED [t SUCCESS]", "SUCCESS [t SUCCESS]"),
        ("[pause, fail, a]", "PAUSED [t SUCCESS]", "ERROR [t SUCCESS]"),
        ("[{pause: <% false %>}, a]", "SUCCESS [t SUCCESS, a SUCCESS]", "SUCCESS [t SUCCESS, a SUCCESS]"),
    ],
)
def test_what_is_behind_a_pause_waits(clause: str, meanwhile: str, told: str) -> None:
    first = f"action: std.noop, on-success: {clause}"

    assert led(first) == meanwhile
    assert led(first, "restore", "resume") == told


def test_a_pause_handles_an_error() -> None:
    assert led("action: std.fail, on-error: [pause, a]", "resume") == "SUCCESS [t ERROR, a SUCCESS]"


def test_other_branches_go_on_when_one_has_failed() -> None:
    text = "w:\n  tasks:\n    t: {action: std.fail}\n    u: {action: std.async_noop, on-success: v}\n    v: {tags: [x]}"

    assert Play(text).after().told() == "RUNNING [t ERROR, u RUNNING]"
    assert Play(text).after(["succeed u"]).told() == "ERROR [t ERROR, u SUCCESS, v SUCCESS]"


def test_what_runs_beside_a_command_that_ends_all_is_recorded_and_leads_nowhere() -> None:
    text = (
        "w:\n  tasks:\n    t: {action: std.async_noop, on-success: succeed}\n"
        "    u: {action: std.async_noop, publish: {x: 1}, on-success: v}\n    v: {action: std.noop}"
    )

    play = Play(text).after(["succeed t", "succeed u"])

    assert play.told() == "SUCCESS {} [t SUCCESS, u SUCCESS]"
    assert play.tasks("u")[0].published == {"x": 1}


@pytest.mark.parametrize("state", ["ERROR", "SUCCESS"])
def test_output_after_a_command_knows_what_its_task_published(state: str) -> None:
    command = {"ERROR": "fail(msg='no')", "SUCCESS": "succeed"}[state]
    text = (
        f'w:\n  tasks:\n    t: {{publish: {{x: 1}}, on-success: ["{command}"]}}\n'
        "  output: {o: <% $.x %>}\n  output-on-error: {e: <% $.x %>}"
    )

    output = Play(text).after().execution.output

    assert output == ({"o": 1} if state == "SUCCESS" else {"result": "no", "e": 1})
