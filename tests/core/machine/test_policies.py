"""Policies of a task: what they change, what they say, and what happens when they cannot be read."""

from __future__ import annotations

import pytest

from tests.core.machine.plays import Play


def runs(task: str, *deeds: str, **given: object) -> tuple[str, int, str | None]:
    """Return the state of the task, how often it ran, and its text."""
    text = f"w:\n  input: [{', '.join(given) or 'x: 1'}]\n  tasks:\n    t: {{{task}}}\n"
    found = Play(text, **given).after(deeds).tasks("t")[0]
    return str(found.state), len(found.actions), found.state_info


ECHO, FAIL = "action: std.echo output=1", "action: std.fail"
STD_FAIL = "Fail action expected exception."


@pytest.mark.parametrize(
    ("task", "end"),
    [
        (f"{FAIL}, retry: {{count: 2, delay: 1}}", ("ERROR", 3, STD_FAIL)),
        (f"{FAIL}, retry: {{count: 0, delay: 1}}", ("ERROR", 1, STD_FAIL)),
        (f"{FAIL}, retry: count=2 delay=3", ("ERROR", 3, STD_FAIL)),
        (f"{FAIL}, retry: {{count: <% $.x + 1 %>, delay: '{{{{ _.x }}}}'}}", ("ERROR", 3, STD_FAIL)),
        ("action: flaky fail=2, retry: {count: 5, delay: 0}", ("SUCCESS", 3, None)),
        (f"{ECHO}, retry: {{count: 2, delay: 0}}", ("SUCCESS", 1, None)),
        (f"{ECHO}, retry: {{count: 2, delay: 0, continue-on: <% true %>}}", ("SUCCESS", 3, None)),
        (f"{FAIL}, retry: {{count: 2, delay: 0, continue-on: <% false %>}}", ("ERROR", 1, STD_FAIL)),
        (f"{FAIL}, retry: {{count: 2, delay: 0, continue-on: <% true %>}}", ("ERROR", 3, STD_FAIL)),
        (f"{FAIL}, retry: {{count: 2, delay: 0, break-on: <% true %>}}", ("ERROR", 1, STD_FAIL)),
        (
            f"{FAIL}, retry: {{count: 2, delay: 0, break-on: <% false %>, continue-on: <% true %>}}",
            ("ERROR", 3, STD_FAIL),
        ),
        (
            f"{FAIL}, retry: {{count: 2, delay: 0, break-on: <% true %>, continue-on: <% true %>}}",
            ("ERROR", 1, STD_FAIL),
        ),
        (f"{ECHO}, retry: {{count: 2, delay: 0, break-on: <% true %>, continue-on: <% true %>}}", ("SUCCESS", 3, None)),
        (
            f"{FAIL}, publish-on-error: {{y: true}}, retry: {{count: 2, delay: 0, break-on: <% $.y %>}}",
            ("ERROR", 1, STD_FAIL),
        ),
        (
            "action: flaky fail=0, publish: {n: <% task().result %>},"
            " retry: {count: 9, delay: 0, continue-on: <% $.n < 3 %>}",
            ("SUCCESS", 3, None),
        ),
        ("action: flaky fail=0, fail-on: <% task().result < 3 %>, retry: {count: 5, delay: 0}", ("SUCCESS", 3, None)),
        (f"{ECHO}, fail-on: <% task().result = 1 %>", ("ERROR", 1, "Failed by 'fail-on' policy")),
        (f"{ECHO}, fail-on: <% task().result = 2 %>", ("SUCCESS", 1, None)),
        (f"{ECHO}, fail-on: true", ("ERROR", 1, "Failed by 'fail-on' policy")),
        (f"{FAIL}, fail-on: true", ("ERROR", 1, STD_FAIL)),
        (f"{ECHO}, wait-before: 5, wait-after: 5", ("SUCCESS", 1, None)),
        ("action: std.async_noop, timeout: 3", ("ERROR", 1, "Task timed out [timeout(s)=3].")),
        ("action: std.async_noop, timeout: <% $.x * 4.0 %>", ("ERROR", 1, "Task timed out [timeout(s)=4].")),
        (f"{ECHO}, timeout: 3, wait-before: 5", ("ERROR", 0, "Task timed out [timeout(s)=3].")),
        (
            "action: std.async_noop, timeout: 3, retry: {count: 4, delay: 0}",
            ("ERROR", 1, "Task timed out [timeout(s)=3]."),
        ),
        (f"{FAIL}, timeout: 3, retry: {{count: 4, delay: 2}}", ("ERROR", 2, "Task timed out [timeout(s)=3].")),
    ],
)
def test_how_a_task_ends(task: str, end: tuple[str, int, str | None]) -> None:
    assert runs(task) == end


@pytest.mark.parametrize(
    ("policy", "name"),
    [
        ("wait-before", "WaitBefore"),
        ("wait-after", "WaitAfter"),
        ("timeout", "Timeout"),
        ("pause-before", "PauseBefore"),
        ("fail-on", "FailOn"),
        ("with-items: 'i in [1]', concurrency", "Concurrency"),
    ],
)
@pytest.mark.parametrize("value", ["text", 1.5, -1, [1], None])
def test_a_policy_of_the_wrong_type_fails_task_and_execution(policy: str, name: str, value: object) -> None:
    task = f"{policy}: <% $.v %>, action: std.noop, on-error: h"
    play = Play(f"w:\n  input: [v]\n  tasks:\n    t: {{{task}}}\n    h: {{tags: [x]}}", v=value)

    assert play.after().told() == "ERROR [t ERROR]"
    assert f"Invalid data type in {name}Policy" in str(play.execution.state_info)
    assert play.execution.state_info == play.tasks("t")[0].state_info


@pytest.mark.parametrize("part", ["count: <% $.v %>, delay: 0", "count: 1, delay: <% $.v %>"])
def test_so_does_a_retry(part: str) -> None:
    play = Play(
        f"w:\n  input: [v]\n  tasks:\n    t: {{action: std.fail, retry: {{{part}}}, on-error: noop}}", v="1"
    ).after()

    assert play.told() == "ERROR [t ERROR]"
    assert "Invalid data type in RetryPolicy" in str(play.execution.state_info)


@pytest.mark.parametrize(
    ("task", "state", "info", "then"),
    [
        ("wait-before: 9", "DELAYED", "Delayed by 'wait-before' policy [delay=9]", "SUCCESS [t SUCCESS]"),
        ("wait-after: 9", "DELAYED", "Delayed by 'wait-after' policy [delay=9]", "SUCCESS [t SUCCESS]"),
        ("action: std.fail, wait-after: 9", "DELAYED", "Delayed by 'wait-after' policy [delay=9]", "ERROR [t ERROR]"),
        (
            "action: std.fail, retry: {count: 1, delay: 9}",
            "DELAYED",
            "Delayed by 'retry' policy [delay=9]",
            "ERROR [t ERROR]",
        ),
    ],
)
def test_a_task_says_why_it_waits(task: str, state: str, info: str, then: str) -> None:
    play = Play(f"w:\n  tasks:\n    t: {{{task}}}")
    play.world.run(until=play.world.now)
    [waiting] = play.tasks("t")

    assert (str(waiting.state), waiting.state_info) == (state, info)
    assert play.after(["restore"]).told(output=False) == then


@pytest.mark.parametrize("join", ["", "join: all, "])
def test_pause_before_holds_the_execution(join: str) -> None:
    play = Play(
        f"w:\n  tasks:\n    a: {{on-success: t}}\n    t: {{{join}pause-before: <% true %>, wait-before: 2}}"
    ).after()

    assert play.told() == "PAUSED [a SUCCESS, t IDLE]"
    assert "pause-before" in str(play.tasks("t")[0].state_info)
    assert play.after(["restore", "resume"]).told() == "SUCCESS {} [a SUCCESS, t SUCCESS]"


def test_fail_on_keeps_what_was_published_and_leads_to_on_error() -> None:
    play = Play(
        "w:\n  tasks:\n    t: {publish: {a: 1}, publish-on-error: {b: 2}, fail-on: true, on-error: h}\n"
        "    h: {publish: {seen: '<% $.a %> <% $.get(b) %>'}}\n  output: {seen: <% $.seen %>}"
    ).after()

    assert play.told() == 'SUCCESS {"seen": "1 None"} [t ERROR, h SUCCESS]'


def test_the_last_try_counts_and_those_before_do_not() -> None:
    [task] = Play("w:\n  tasks:\n    t: {action: flaky fail=2, retry: {count: 2, delay: 0}}").after().tasks("t")
    actions = sorted(task.actions.values(), key=lambda each: each.round)

    assert [(str(each.state), each.accepted) for each in actions] == [
        ("ERROR", False),
        ("ERROR", False),
        ("SUCCESS", True),
    ]
    assert task.retry_no == 2


@pytest.mark.parametrize(
    ("own", "kept"), [("", None), ("keep-result: false, ", None), ("keep-result: <% false %>, ", 7)]
)
def test_a_result_is_kept_unless_the_task_says_no(own: str, kept: int | None) -> None:
    play = Play(
        f"w:\n  tasks:\n    t: {{{own}action: std.echo output=7, publish: {{r: <% task().result %>}}, on-success: u}}\n"
        "    u: {publish: {later: <% task(t).result %>}}"
    ).after()

    assert play.execution.output == {"r": 7, "later": 7 if not own else kept}
