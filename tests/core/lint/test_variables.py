"""Variables that nothing sets, nothing reads, or that are not visible where they are read."""

import pytest

from mistral_core.lint import check
from tests.core.lint.linted import of_tasks


@pytest.mark.parametrize(
    ("expression", "sure"),
    [
        ("<% $.gone %>", True),
        ("<% $.gone.first() %>", True),
        ("<% $.gone + 1 %>", True),
        ("<% str($.gone) %>", True),
        ("'{{ _.gone }}'", True),
        ("'{{ _[\"gone\"] }}'", True),
        ("<% $.get(gone) %>", False),
        ("'<% $.get(gone, 1) %>'", False),
        ("<% $.list.select($.gone) %>", False),
        ("<% $.containsKey(gone) and $.gone %>", False),
        ("'{{ _.gone | default(1) }}'", False),
        ("'{{ 1 if _.gone is defined else 2 }}'", False),
        ("<% env().gone %>", False),
        ("<% task().gone %>", False),
    ],
)
def test_a_variable_that_nothing_sets_is_found_where_it_must_be_there(expression, sure):
    found = of_tasks(f"t: {{action: std.echo, input: {{output: [<% $.list %>, {expression}]}}}}\n", "input: [list]\n")

    assert found == (["5 undefined-variable"] if sure else [])


def test_a_variable_of_another_branch_is_out_of_reach():
    found = of_tasks(
        """
        a: {action: std.noop, publish: {x: 1}}
        b: {action: std.echo output=<% $.x %>}
        """
    )

    assert found == ["5 out-of-reach"]


def test_a_variable_is_visible_behind_its_task_and_in_its_clauses_but_not_while_it_is_published():
    assert (
        of_tasks(
            """
            a:
              action: std.noop
              publish: {x: 1}
              on-success: [{b: <% $.x = 1 %>}]
            b: {action: std.echo output=<% $.x %>}
            """
        )
        == []
    )
    assert of_tasks("a: {action: std.noop, publish: {x: 1, y: <% $.x %>}}\n") == ["4 out-of-reach"]


def test_global_variables_are_visible_everywhere():
    tasks = "a: {action: std.noop, on-success: {publish: {global: {x: 1}}}}\nb: {action: std.echo output=<% $.x %>}\n"

    assert of_tasks(tasks) == []


def test_what_is_never_read_is_found():
    found = of_tasks(
        "t: {action: std.noop, publish: {y: 1, z: 2}}\n",
        "input: [a, {b: 1}, c]\nvars: {v: <% $.a %>}\noutput: {o: <% $.y + $.b %>}\n",
    )

    assert found == ["3 unused-input", "4 unused-variable", "7 unused-variable"]


def test_whoever_takes_all_variables_reads_each():
    assert of_tasks("t: {action: std.echo output=<% json_dump($) %>}\n", "input: [a]\n") == []


def test_an_item_hidden_by_a_variable():
    found = of_tasks(
        """
        a: {action: std.noop, publish: {x: 1}, on-success: b}
        b: {with-items: "x in [1, 2]", action: std.echo output=<% $.x %>}
        """
    )

    assert found == ["5 shadowed-item"]


def test_the_name_of_a_task_is_no_variable():
    text = "version: '2.0'\nw:\n  tasks:\n    t: {action: std.noop, publish: {x: <% $.t.id %>}}\n"

    [finding] = check(text)

    assert finding.code == "undefined-variable"
    assert "write task(t).result" in finding.message
