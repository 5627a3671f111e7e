"""Sub-workflows: what they are given, what their task makes of their end, and what passes up and down."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.machine.plays import Play

ALL = ", publish: {r: <% task().result %>}, publish-on-error: {r: <% task().result %>}, on-error: h"


def calling(task: str, child: str, **options: Any) -> Play:
    return Play(f"w:\n  tasks:\n    s: {{{task}{ALL}}}\n    h: {{tags: [x]}}\nc:\n  {child}", **options)


@pytest.mark.parametrize(
    ("task", "child", "result"),
    [
        ("workflow: c", "tasks: {t: {publish: {x: 1}}}", {"x": 1}),
        ("workflow: c a=1", "input: [a, b: 2]\n  output: {s: <% $.a + $.b %>}\n  tasks: {t: {tags: [x]}}", {"s": 3}),
        (
            "workflow: c, input: '<% {a => 4} %>'",
            "input: [a]\n  output: {s: <% $.a %>}\n  tasks: {t: {tags: [x]}}",
            {"s": 4},
        ),
        ("workflow: <% c %>", "tasks: {t: {publish: {x: 1}}}", {"x": 1}),
        ("workflow: \"{{ 'c' }}\"", "tasks: {t: {publish: {x: 1}}}", {"x": 1}),
        (
            "workflow: c extra=5",
            "output: {p: <% execution().params.extra %>, i: <% execution().input %>}\n  tasks: {t: {tags: [x]}}",
            {"p": 5, "i": {}},
        ),
        (
            'workflow: c task_name="b"',
            "type: reverse\n  tasks: {a: {publish: {x: 1}}, b: {requires: a, publish: {y: <% $.x + 1 %>}}}",
            {"x": 1, "y": 2},
        ),
        ("workflow: c", "output: {e: <% env().k %>}\n  tasks: {t: {tags: [x]}}", {"e": "root"}),
        ("workflow: c, input: {env: {k: own}}", "output: {e: <% env().k %>}\n  tasks: {t: {tags: [x]}}", {"e": "root"}),
        ("keep-result: false, workflow: c", "tasks: {t: {publish: {x: 1}}}", {"x": 1}),
    ],
)
def test_what_a_sub_workflow_is_given_and_gives(task: str, child: str, result: dict[str, Any]) -> None:
    play = calling(task, child, params={"env": {"k": "root"}}).after()

    assert play.told(output=False) == "SUCCESS [s SUCCESS]"
    assert play.execution.output == {"r": result}


@pytest.mark.parametrize(
    ("task", "child", "told"),
    [
        ("workflow: nowhere", "tasks: {t: {tags: [x]}}", "nowhere"),
        ("workflow: <% nowhere %>", "tasks: {t: {tags: [x]}}", "nowhere"),
        (
            "workflow: c",
            "input: [a]\n  tasks: {t: {tags: [x]}}",
            "Invalid input [name=c, class=DirectWorkflowSpec, missing=['a']]",
        ),
        ("workflow: c", "vars: {v: <% $.nope %>}\n  tasks: {t: {tags: [x]}}", "$.nope"),
        ("workflow: c", "type: reverse\n  tasks: {t: {tags: [x]}}", "Invalid task name"),
        ("workflow: c", "tasks: {t: {on-success: 'fail(msg=\"no\")'}}\n  output-on-error: {k: 1}", "no"),
        ("workflow: c", "tasks: {t: {action: std.fail}}", "Failure caused by error in tasks: t"),
        ("workflow: c", "output: {v: <% $.nope %>}\n  tasks: {t: {tags: [x]}}", "$.nope"),
        ("workflow: c", "tasks: {t: {action: no.such}}", "no.such"),
        ("workflow: c, timeout: 5", "tasks: {t: {action: std.async_noop}}", "Task timed out"),
    ],
)
def test_a_failed_sub_workflow_is_an_error_that_can_be_handled(task: str, child: str, told: str) -> None:
    play = calling(task, child).after()

    assert play.told(output=False) == "SUCCESS [s ERROR, h SUCCESS]"
    assert told in str(play.tasks("s")[0].state_info)


def test_the_result_of_a_failed_one_is_its_output() -> None:
    play = calling("workflow: c", "tasks: {t: {on-success: 'fail(msg=\"no\")'}}\n  output-on-error: {k: 1}").after()

    assert play.execution.output == {"r": {"result": "no", "k": 1}}
    assert play.tasks("s")[0].state_info == "no"


def test_globals_are_not_shared() -> None:
    shared = "on-success: {publish: {global: {g: %s}}, next: %s}"
    play = Play(
        f"w:\n  tasks:\n    a: {{{shared % ('parent', 's')}}}\n"
        "    s: {workflow: c, publish: {r: <% task().result %>}}\n"
        "  output: {own: <% global(g) %>, r: <% $.r %>}\n"
        f"c:\n  tasks:\n    a: {{publish: {{before: <% global(g) %>}}, {shared % ('child', 'noop')}}}"
    ).after()

    assert play.execution.output == {"own": "parent", "r": {"before": None}}


HELD = "tasks: {a: {action: std.async_noop, on-success: b}, b: {tags: [x]}}"


@pytest.mark.parametrize(
    ("deeds", "told", "child"),
    [
        (["pause"], "PAUSED [s PAUSED]", "PAUSED"),
        (["pause", "succeed s/a"], "PAUSED [s PAUSED]", "PAUSED"),
        (["pause", "succeed s/a", "resume"], "SUCCESS [s SUCCESS]", "SUCCESS"),
        (["pause s"], "PAUSED [s PAUSED]", "PAUSED"),
        (["pause s", "resume s"], "RUNNING [s RUNNING]", "RUNNING"),
        (["pause s", "resume", "succeed s/a"], "SUCCESS [s SUCCESS]", "SUCCESS"),
        (["stop SUCCESS why s"], "SUCCESS [s SUCCESS]", "SUCCESS"),
        (["stop ERROR why s"], "SUCCESS [s ERROR, h SUCCESS]", "ERROR"),
        (["stop CANCELLED why s"], "CANCELLED [s CANCELLED]", "CANCELLED"),
        (["stop CANCELLED why"], "CANCELLED [s CANCELLED]", "CANCELLED"),
        (["stop ERROR why"], "ERROR [s RUNNING]", "RUNNING"),
        (["pause s", "stop CANCELLED why"], "CANCELLED [s CANCELLED]", "CANCELLED"),
        (["fail s/a", "resume"], "SUCCESS [s ERROR, h SUCCESS]", "ERROR"),
    ],
)
def test_control_passes_up_and_down(deeds: list[str], told: str, child: str) -> None:
    play = calling("workflow: c", HELD).after(deeds)

    assert play.told(output=False) == told
    assert [str(each.state) for each in play.world.executions.values()][1] == child


DEEP = (
    "w:\n  tasks:\n    s: {workflow: m, on-success: z}\n    z: {tags: [x]}\n"
    "m:\n  tasks:\n    s: {workflow: c}\nc:\n  tasks:\n    t: {%s}"
)


def test_cancelling_reaches_the_deepest() -> None:
    play = Play(DEEP % "action: std.async_noop").after(["stop CANCELLED enough"])

    assert {(str(each.state), each.state_info) for each in play.world.executions.values()} == {("CANCELLED", "enough")}


@pytest.mark.parametrize("path", ["s/s/t", "s/s", "s"])
def test_running_again_anywhere_brings_back_all_above(path: str) -> None:
    play = Play(DEEP % "action: flaky fail=1").after(["restore", f"rerun {path}"])

    assert play.told(output=False) == "SUCCESS [s SUCCESS, z SUCCESS]"


def test_each_try_of_a_retry_is_a_new_sub_workflow() -> None:
    play = Play(
        "w:\n  tasks:\n    s: {workflow: c, retry: {count: 3, delay: 1}}\nc:\n  tasks:\n    t: {action: flaky fail=2}"
    ).after()
    children = sorted(play.tasks("s")[0].children.values(), key=lambda each: each.round)

    assert [(str(each.state), each.accepted) for each in children] == [
        ("ERROR", False),
        ("ERROR", False),
        ("SUCCESS", True),
    ]


def test_a_workflow_may_call_itself() -> None:
    play = Play(
        "w:\n  input: [n: 3]\n  tasks:\n    t: {on-success: [{s: <% $.n > 0 %>}]}\n"
        "    s: {workflow: w n=<% $.n - 1 %>, publish: {below: <% task().result.depth %>}}\n"
        "  output: {depth: '<% $.get(below, 0) + 1 %>'}"
    ).after()

    assert play.execution.output == {"depth": 4}
