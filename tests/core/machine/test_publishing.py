"""What tasks publish, who sees it, and what an execution gives at its end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.machine.plays import Play


def ended(text: str, *deeds: str, **options: Any) -> Any:
    """Return the output of an execution."""
    return Play(text, **options).after(deeds).execution.output


SCOPES = "publish: {branch: {b: 1, same: clause}, global: {g: 2}, atomic: {a: 3}}"


@pytest.mark.parametrize(
    ("task", "published", "shared"),
    [
        ("publish: {x: 1}", {"x": 1}, {}),
        ("publish: {x: 1}, publish-on-error: {y: 1}", {"x": 1}, {}),
        ("action: std.fail, publish: {x: 1}, publish-on-error: {y: 1}", {"y": 1}, {}),
        (f"on-success: {{{SCOPES}}}", {"b": 1, "same": "clause"}, {"g": 2, "a": 3}),
        (f"action: std.fail, on-error: {{{SCOPES}}}", {"b": 1, "same": "clause"}, {"g": 2, "a": 3}),
        (f"on-complete: {{{SCOPES}}}", {"b": 1, "same": "clause"}, {"g": 2, "a": 3}),
        (f"action: std.fail, on-complete: {{{SCOPES}}}", {"b": 1, "same": "clause"}, {"g": 2, "a": 3}),
        (f"on-error: {{{SCOPES}}}", {}, {}),
        (f"publish: {{same: task}}, on-success: {{{SCOPES}}}", {"b": 1, "same": "task"}, {"g": 2, "a": 3}),
        (f"publish: {{same: task}}, on-complete: {{{SCOPES}}}", {"b": 1, "same": "clause"}, {"g": 2, "a": 3}),
        ("on-success: {publish: {branch: {d: {x: 1}}}}, publish: {d: {y: 2}}", {"d": {"x": 1, "y": 2}}, {}),
    ],
)
def test_sections_of_publish(task: str, published: dict[str, Any], shared: dict[str, Any]) -> None:
    play = Play(f"w:\n  tasks:\n    t: {{{task}}}").after()
    [done] = play.tasks("t")

    assert (done.published, done.published_global, play.execution.globals) == (published, shared, shared)


@pytest.mark.parametrize(
    ("task", "published"),
    [
        ("publish-on-skip: {x: 1}, publish: {y: 1}", {"x": 1}),
        ("on-skip: {publish: {branch: {b: 1}}}", {"b": 1}),
        ("publish-on-skip: {x: 1}, on-complete: {publish: {branch: {c: 1}}}", {"x": 1, "c": 1}),
    ],
)
def test_sections_of_publish_of_a_skipped_task(task: str, published: dict[str, Any]) -> None:
    play = Play(f"w:\n  tasks:\n    t: {{action: std.fail, {task}}}").after(["skip t"])

    assert play.told().startswith("SUCCESS")
    assert play.tasks("t")[0].published == published


def test_nothing_is_published_by_a_cancelled_task() -> None:
    text = "w:\n  tasks:\n    t: {action: std.async_noop, publish: {x: 1}, on-complete: {publish: {branch: {y: 1}}}}"
    play = Play(text).after(["cancel t"])

    assert play.told(output=False) == "CANCELLED [t CANCELLED]"
    assert not play.tasks("t")[0].published


def test_all_of_one_section_sees_what_was_before() -> None:
    text = "w:\n  vars: {a: old}\n  tasks:\n    t: {publish: {a: new, b: <% $.a %>, me: <% task().name %>}}"

    assert ended(text) == {"a": "new", "b": "old", "me": "t"}


def test_branch_hides_global_hides_vars_hides_input() -> None:
    text = (
        "w:\n  input: [i, v, g, b]\n  vars: {v: var, g: var, b: var}\n  tasks:\n"
        "    t: {on-success: {publish: {global: {g: global, b: global}, branch: {b: branch}}, next: u}}\n"
        "    u: {publish: {seen: [<% $.i %>, <% $.v %>, <% $.g %>, <% $.b %>, '{{ _.b }}']}}\n"
        "  output: {seen: <% $.seen %>, globals: [<% global(g) %>, <% global(b) %>, <% global(v) %>, <% global(i) %>]}"
    )

    assert ended(text, i="in", v="in", g="in", b="in") == {
        "seen": ["in", "var", "global", "branch", "branch"],
        "globals": ["global", "global", "var", None],
    }


def test_branches_do_not_see_one_another() -> None:
    text = (
        "w:\n  tasks:\n    a: {publish: {x: 1}, on-success: a2}\n    a2: {publish: {a: <% $.get(x) %>}}\n"
        "    b: {publish: {y: 1}, on-success: b2}\n    b2: {publish: {b: <% $.get(x) %>}}"
    )

    assert ended(text) == {"a": 1, "b": None, "x": 1, "y": 1}


def test_a_join_brings_branches_together() -> None:
    text = (
        "w:\n  tasks:\n    s: {publish: {d: {k: 0, z: 0}, l: [0]}, on-success: [a, b]}\n"
        "    a: {publish: {d: {k: 1, a: 1}}, on-success: j}\n    b: {publish: {l: [1]}, on-success: j}\n"
        "    j: {join: all}\n  output: {d: <% $.d %>, l: <% $.l %>}"
    )

    assert ended(text) == {"d": {"k": 1, "a": 1, "z": 0}, "l": [1]}


@pytest.mark.parametrize(
    ("end", "output"),
    [
        ("", {"x": 1}),
        ("  output: {a: <% $.x + 1 %>, deep: [{k: '{{ _.x }}'}]}", {"a": 2, "deep": [{"k": 1}]}),
        ("  output: {a: <% task(t).result %>}", {"a": 5}),
        ("  output: {a: plain, b: null, c: 1.5}", {"a": "plain", "b": None, "c": 1.5}),
        ("  output-on-error: {a: 1}", {"x": 1}),
    ],
)
def test_output_of_a_success(end: str, output: dict[str, Any]) -> None:
    task = "{action: std.echo output=5, publish: {x: 1}}"
    text = f"w:\n  input: [i: 1]\n  vars: {{v: 1}}\n  tasks:\n    t: {task}\n{end}"

    assert ended(text) == output


@pytest.mark.parametrize(
    ("end", "output"),
    [
        ("", {"x": 1}),
        ("  output: {a: 1}", {"x": 1}),
        ("  output-on-error: {a: <% $.x %>}", {"a": 1}),
    ],
)
def test_output_of_a_failure(end: str, output: dict[str, Any]) -> None:
    play = Play(
        f"w:\n  tasks:\n    s: {{publish: {{x: 1}}, on-success: t}}\n    t: {{action: std.fail}}\n{end}"
    ).after()

    assert play.execution.output == {"result": play.execution.state_info, **output}


def test_an_output_that_cannot_be_evaluated_is_an_error() -> None:
    play = Play("w:\n  tasks:\n    t: {publish: {x: 1}}\n  output: {y: <% $.nope %>}").after()

    assert play.told() == "ERROR [t SUCCESS]"
    assert "$.nope" in str(play.execution.state_info)


def test_an_output_on_error_that_cannot_be_evaluated_is_told_beside_the_reason() -> None:
    play = Play("w:\n  tasks:\n    t: {on-success: 'fail(msg=\"why\")'}\n  output-on-error: {y: <% $.nope %>}").after()

    assert str(play.execution.state_info).startswith("why\nFailed to evaluate expression in output-on-error!")


@pytest.mark.parametrize(
    "task",
    [
        "publish: {x: <% $.nope %>}",
        "on-success: [{h: <% $.nope %>}]",
        "on-success: {publish: {global: {x: <% $.nope %>}}}",
        "on-success: ['fail msg=<% $.nope %>']",
        "action: std.echo output=<% $.nope %>",
        "action: std.echo, input: <% 5 %>",
        "action: <% 5 %>",
        "wait-before: <% $.nope %>",
        "retry: {count: 1, delay: 1, continue-on: <% $.nope %>}",
        "with-items: i in <% $.nope %>",
        "with-items: 'i in [1]', input: {x: <% $.nope %>}",
        "action: no.such",
    ],
)
def test_mistakes_fail_task_and_execution_whatever_on_error_says(task: str) -> None:
    action = "" if "action" in task else "action: std.noop, "
    play = Play(f"w:\n  tasks:\n    t: {{{action}{task}, on-error: h}}\n    h: {{tags: [x]}}").after()

    assert play.told() == "ERROR [t ERROR]"
    assert play.tasks("t")[0].state_info == play.execution.state_info
    assert play.execution.output["result"] == play.execution.state_info
