"""with-items: what it runs over, what comes of it, and running it again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.machine.plays import Play


def over(source: str, **given: Any) -> Play:
    inputs = f"  input: [{', '.join(given)}]\n" if given else ""
    return Play(
        f"w:\n{inputs}  tasks:\n    t:\n      with-items: {source}\n      action: std.echo output=<% $.i %>\n"
        "      publish: {r: <% task().result %>}\n      on-error: h\n    h: {tags: [x]}\n",
        **given,
    ).after()


@pytest.mark.parametrize(
    ("source", "given", "result"),
    [
        ("'i in [1, \"a\", null]'", {}, [1, "a", None]),
        ("i in <% $.xs %>", {"xs": [1, 2]}, [1, 2]),
        ("i in <% $.xs %>", {"xs": [7]}, [7]),
        ("i in <% $.xs %>", {"xs": []}, []),
        ("i in <% $.xs %>", {"xs": {"k": 1, "l": 2}}, ["k", "l"]),
        ("i in <% $.xs %>", {"xs": "ab"}, ["a", "b"]),
        ("i in <% range(3) %>", {}, [0, 1, 2]),
        ("'i in {{ range(2) }}'", {}, [0, 1]),
        ("\"i in {{ _.xs | map('upper') }}\"", {"xs": ["a"]}, ["A"]),
        ("[i in <% $.xs %>, j in <% $.xs %>]", {"xs": [1, 2]}, [1, 2]),
    ],
)
def test_what_items_come_from(source: str, given: dict[str, Any], result: list[Any]) -> None:
    play = over(source, **given)

    assert play.told(output=False) == "SUCCESS [t SUCCESS]"
    assert play.execution.output == {"r": result}


@pytest.mark.parametrize(
    ("source", "given", "told"),
    [
        ("i in <% $.xs %>", {"xs": 5}, "Iterable type is expected"),
        ("i in <% $.xs %>", {"xs": None}, "Iterable type is expected"),
        ("[i in <% $.xs %>, j in <% $.ys %>]", {"xs": [1, 2], "ys": [1]}, "must have the same length"),
        ("[i in <% $.xs %>, j in <% $.ys %>]", {"xs": [], "ys": [1]}, "must have the same length"),
    ],
)
def test_what_items_cannot_come_from(source: str, given: dict[str, Any], told: str) -> None:
    play = over(source, **given)

    assert play.told() == "ERROR [t ERROR]"
    assert "Wrong input format for: " in str(play.execution.state_info)
    assert told in str(play.execution.state_info)


HELD = "w:\n  tasks:\n    t: {with-items: 'i in [0, 1, 2]', action: std.async_noop%s, on-error: h}\n    h: {tags: [x]}"


@pytest.mark.parametrize(
    ("extra", "deeds", "told", "info"),
    [
        ("", ["succeed t[2]", "succeed t[0]", "succeed t[1]"], "SUCCESS {} [t SUCCESS]", None),
        ("", ["fail t[2]", "succeed t[0]"], "RUNNING [t RUNNING]", None),
        (
            "",
            ["fail t[2]", "succeed t[0]", "succeed t[1]"],
            "SUCCESS {} [t ERROR, h SUCCESS]",
            "One or more actions had failed.",
        ),
        ("", ["cancel t[1]"], "CANCELLED [t CANCELLED]", "One or more actions was cancelled."),
        (
            ", concurrency: 1",
            ["fail t[0]", "restore", "succeed t[1]", "succeed t[2]"],
            "SUCCESS {} [t ERROR, h SUCCESS]",
            "One or more actions had failed.",
        ),
        (", concurrency: 9", ["succeed t[0]", "succeed t[1]", "succeed t[2]"], "SUCCESS {} [t SUCCESS]", None),
        (", timeout: 5", ["succeed t[0]"], "SUCCESS {} [t ERROR, h SUCCESS]", "Task timed out [timeout(s)=5]."),
    ],
)
def test_how_a_task_with_items_ends(extra: str, deeds: list[str], told: str, info: str | None) -> None:
    play = Play(HELD % extra).after(deeds)

    assert play.told() == told
    assert play.tasks("t")[0].state_info == info


def test_results_stand_in_the_order_of_the_items() -> None:
    play = Play(HELD % ", publish: {r: <% task().result %>}, publish-on-error: {r: <% task().result %>}")
    play.after(["succeed t[2] 3", "fail t[0] 1", "succeed t[1] 2"])

    assert play.execution.output == {"r": [1, 2, 3]}


def test_items_are_created_in_their_order() -> None:
    [task] = Play(HELD % "").after().tasks("t")
    made = sorted(task.actions.values(), key=lambda each: each.created_at)

    assert [each.index for each in made] == [0, 1, 2]
    assert len({each.created_at for each in made}) == 3


FLAKY = "w:\n  tasks:\n    t: {with-items: 'i in [0, 1, 0]', action: flaky fail=<%% $.i %%>%s}"


@pytest.mark.parametrize(
    ("extra", "deeds", "runs"),
    [
        (", retry: {count: 1, delay: 0}", [], [2, 2, 2]),
        ("", ["rerun t"], [2, 2, 2]),
        ("", ["rerun t keep"], [1, 2, 1]),
        ("", ["restore", "rerun t keep"], [1, 2, 1]),
        (", concurrency: 1", ["rerun t keep"], [1, 2, 1]),
    ],
)
def test_which_items_run_again(extra: str, deeds: list[str], runs: list[int]) -> None:
    play = Play(FLAKY % extra).after(deeds)
    [task] = play.tasks("t")

    assert play.told(output=False) == "SUCCESS [t SUCCESS]"
    assert [sum(each.index == index for each in task.actions.values()) for index in range(3)] == runs
    assert sum(each.accepted for each in task.actions.values()) == 3


def test_sub_workflows_as_items() -> None:
    play = Play(
        "w:\n  tasks:\n    s: {with-items: 'i in [1, 2]', workflow: c i=<% $.i %>, publish: {r: <% task().result %>}}\n"
        "c:\n  input: [i]\n  tasks:\n    t: {action: std.async_noop}\n  output: {twice: <% $.i * 2 %>}"
    ).after(["succeed s#1/t", "succeed s/t"])

    assert play.execution.output == {"r": [{"twice": 2}, {"twice": 4}]}


@pytest.mark.parametrize("deed", ["rerun s keep", "rerun s#1/t"])
def test_a_failed_item_that_is_a_sub_workflow_is_run_again(deed: str) -> None:
    play = Play(
        "w:\n  tasks:\n    s: {with-items: 'i in [0, 1]', workflow: c i=<% $.i %>, publish: {r: <% task().result %>}}\n"
        "c:\n  input: [i]\n  tasks:\n    t: {action: flaky fail=<% $.i %>, publish: {n: <% task().result %>}}"
    ).after([deed])

    assert play.told() == 'SUCCESS {"r": [{"n": 1}, {"n": 2}]} [s SUCCESS]'


def test_the_variable_of_an_item_is_no_part_of_the_name() -> None:
    play = Play(
        "w:\n  tasks:\n    t: {with-items: 'i in [\"std.noop\"]', action: <% $.i %>, on-error: h}\n    h: {tags: [x]}"
    ).after()

    assert play.told(output=False) == "SUCCESS [t ERROR, h SUCCESS]"
