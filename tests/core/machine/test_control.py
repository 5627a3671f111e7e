"""What people ask of executions and tasks: pausing, stopping, running again, skipping, and what is refused."""

from __future__ import annotations

import re

import pytest

from tests.core.machine.plays import Play

TWO = "w:\n  tasks:\n    t: {action: std.async_noop, on-success: u}\n    u: {publish: {x: 1}}\n  output: {v: 1}"


@pytest.mark.parametrize(
    ("deeds", "told", "refused"),
    [
        (["pause", "succeed t"], "PAUSED [t SUCCESS]", None),
        (["pause", "succeed t", "restore", "resume"], 'SUCCESS {"v": 1} [t SUCCESS, u SUCCESS]', None),
        (["pause", "resume", "succeed t"], 'SUCCESS {"v": 1} [t SUCCESS, u SUCCESS]', None),
        (["pause", "pause", "resume", "resume", "succeed t"], 'SUCCESS {"v": 1} [t SUCCESS, u SUCCESS]', None),
        (["stop SUCCESS enough"], 'SUCCESS {"v": 1} [t RUNNING]', None),
        (["stop ERROR enough"], "ERROR [t RUNNING]", None),
        (["stop CANCELLED enough"], "CANCELLED [t RUNNING]", None),
        (["pause", "stop CANCELLED"], "CANCELLED [t RUNNING]", None),
        (["pause", "stop ERROR"], "ERROR [t RUNNING]", None),
        (["pause", "stop SUCCESS"], "PAUSED [t RUNNING]", "from PAUSED to SUCCESS"),
        (["stop CANCELLED", "succeed t"], "CANCELLED [t RUNNING]", None),
        (["stop ERROR", "succeed t"], "ERROR [t SUCCESS]", None),
        (["succeed t", "pause"], 'SUCCESS {"v": 1} [t SUCCESS, u SUCCESS]', "from SUCCESS to PAUSED"),
        (["succeed t", "resume"], 'SUCCESS {"v": 1} [t SUCCESS, u SUCCESS]', None),
        (["succeed t", "stop ERROR"], 'SUCCESS {"v": 1} [t SUCCESS, u SUCCESS]', None),
        (["succeed t", "stop CANCELLED"], 'SUCCESS {"v": 1} [t SUCCESS, u SUCCESS]', None),
        (["succeed t", "stop SUCCESS"], 'SUCCESS {"v": 1} [t SUCCESS, u SUCCESS]', "from SUCCESS to SUCCESS"),
        (["cancel t"], "CANCELLED [t CANCELLED]", None),
        (["skip t"], "RUNNING [t RUNNING]", "Only a task in ERROR can be skipped"),
        (["rerun t"], "RUNNING [t RUNNING]", "Only a task in ERROR can be run again"),
        (
            ["succeed t", "rerun t"],
            'SUCCESS {"v": 1} [t SUCCESS, u SUCCESS]',
            "Rerunning succeeded tasks is not supported",
        ),
    ],
)
def test_control_of_an_execution(deeds: list[str], told: str, refused: str | None) -> None:
    play = Play(TWO).after(deeds)

    assert play.told() == told
    assert [refused in each for each in play.refusals if refused] == [True] * (refused is not None)


@pytest.mark.parametrize("state", ["SUCCESS", "ERROR", "CANCELLED"])
def test_a_stop_says_why(state: str) -> None:
    execution = Play(TWO).after([f"stop {state} 'no longer needed'"]).execution

    assert execution.state_info == "no longer needed"
    assert execution.output == ({"v": 1} if state == "SUCCESS" else {"result": "no longer needed"})


@pytest.mark.parametrize(
    ("task", "deeds", "told"),
    [
        ("action: flaky fail=1, on-success: u", ["rerun t"], "SUCCESS [s SUCCESS, t SUCCESS, u SUCCESS]"),
        ("action: flaky fail=2, on-success: u", ["rerun t"], "ERROR [s SUCCESS, t ERROR]"),
        (
            "action: flaky fail=2, on-success: u",
            ["rerun t", "restore", "rerun t"],
            "SUCCESS [s SUCCESS, t SUCCESS, u SUCCESS]",
        ),
        (
            "action: flaky fail=3, on-success: u, retry: {count: 1, delay: 0}",
            ["rerun t"],
            "SUCCESS [s SUCCESS, t SUCCESS, u SUCCESS]",
        ),
        (
            "action: flaky fail=1, on-error: fail, on-success: u",
            ["rerun t"],
            "SUCCESS [s SUCCESS, t SUCCESS, u SUCCESS]",
        ),
        (
            "action: flaky fail=1, wait-before: 3, on-success: u",
            ["pass 3", "rerun t"],
            "SUCCESS [s SUCCESS, t SUCCESS, u SUCCESS]",
        ),
        ("action: std.fail, on-success: u", ["skip t"], "SUCCESS [s SUCCESS, t SKIPPED, u SUCCESS]"),
        ("action: std.fail, on-skip: u", ["skip t"], "SUCCESS [s SUCCESS, t SKIPPED, u SUCCESS]"),
        (
            "action: std.fail, on-skip: [{k: <% false %>}], on-success: u",
            ["skip t"],
            "SUCCESS [s SUCCESS, t SKIPPED, u SUCCESS]",
        ),
        (
            "action: std.fail, on-complete: u, on-skip: noop",
            ["skip t"],
            "SUCCESS [s SUCCESS, t SKIPPED, u SUCCESS]",
        ),
        ("action: std.fail, on-skip: fail, on-success: u", ["skip t"], "ERROR [s SUCCESS, t SKIPPED]"),
        ("action: std.fail, on-skip: [pause, u]", ["skip t"], "PAUSED [s SUCCESS, t SKIPPED]"),
        (
            "action: std.fail, on-skip: [pause, u]",
            ["skip t", "resume"],
            "SUCCESS [s SUCCESS, t SKIPPED, u SUCCESS]",
        ),
        (
            "action: std.fail, retry: {count: 1, delay: 0}, fail-on: true, on-success: u",
            ["skip t"],
            "SUCCESS [s SUCCESS, t SKIPPED, u SUCCESS]",
        ),
    ],
)
def test_running_again_and_skipping(task: str, deeds: list[str], told: str) -> None:
    tasks = {"u": "{publish: {y: <% $.x %>}}", "k": "{tags: [x]}"}
    others = "".join(f"    {name}: {text}\n" for name, text in tasks.items() if re.search(rf"\b{name}\b", task))
    play = Play(f"w:\n  tasks:\n    s: {{publish: {{x: 1}}, on-success: t}}\n    t: {{{task}}}\n{others}")

    assert play.after(deeds).told(output=False) == told


def test_a_skipped_task_keeps_its_error_and_says_so() -> None:
    [task] = Play("w:\n  tasks:\n    t: {action: std.fail}").after(["skip t"]).tasks("t")

    assert task.state_info == "Task was skipped."
    assert [each.output for each in task.actions.values()] == ["Fail action expected exception."]


def test_what_led_to_a_task_stays_when_it_is_run_again() -> None:
    play = Play("w:\n  tasks:\n    s: {on-success: t}\n    t: {action: flaky fail=1}")
    before = play.after().tasks("t")[0].triggered_by

    assert play.after(["rerun t"]).tasks("t")[0].triggered_by == before == ((play.tasks("s")[0].id, "on-success"),)


REVERSE = (
    "w:\n  type: reverse\n  tasks:\n    a: {%s, publish: {x: 1}}\n    b: {requires: a, publish: {y: <%% $.x + 1 %%>}}\n"
    "    c: {requires: [a, b], publish: {z: <%% $.x + $.y %%>}}\n    other: {action: std.fail}"
)


@pytest.mark.parametrize(
    ("task", "target", "deeds", "told"),
    [
        ("action: std.noop", "c", [], 'SUCCESS {"x": 1, "y": 2, "z": 3} [a SUCCESS, b SUCCESS, c SUCCESS]'),
        ("action: std.noop", "b", [], 'SUCCESS {"x": 1, "y": 2} [a SUCCESS, b SUCCESS]'),
        ("action: std.fail", "c", [], "ERROR [a ERROR]"),
        (
            "action: flaky fail=1, retry: {count: 1, delay: 1}",
            "b",
            [],
            'SUCCESS {"x": 1, "y": 2} [a SUCCESS, b SUCCESS]',
        ),
        ("action: flaky fail=1", "b", ["rerun a"], 'SUCCESS {"x": 1, "y": 2} [a SUCCESS, b SUCCESS]'),
        ("action: std.noop, pause-before: true", "b", ["resume"], 'SUCCESS {"x": 1, "y": 2} [a SUCCESS, b SUCCESS]'),
    ],
)
def test_backwards_from_a_target(task: str, target: str, deeds: list[str], told: str) -> None:
    assert Play(REVERSE % task, params={"task_name": target}).after(deeds).told() == told
