"""Each rule finds what it is about, at its place, and leaves sound workflows alone."""

import textwrap
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from mistral_core.lint import RULES, Level, check
from mistral_core.standard import STANDARD
from mistral_executor.actions.signature import signature_of

ROOT = Path(__file__).parents[3]


def codes(text: str, **options: bool) -> list[str]:
    return [f"{finding.line} {finding.code}" for finding in check(textwrap.dedent(text).lstrip("\n"), **options)]


def of_tasks(tasks: str, head: str = "") -> list[str]:
    """Findings of a workflow with these tasks, of which the first begins on line 4 (plus the head)."""
    text = "version: '2.0'\nw:\n" + textwrap.indent(head, "  ") + "  tasks:\n"
    return codes(text + textwrap.indent(textwrap.dedent(tasks).lstrip("\n"), "    "))


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.name)
def test_the_examples_have_no_more_than_hints(path):
    assert [each for each in check(path.read_text(encoding="utf-8")) if each.level is not Level.HINT] == []


def test_an_invalid_document_is_an_error_with_its_place():
    [finding] = check("version: '2.0'\nw:\n  tasks:\n    t:\n      acton: std.noop\n")

    assert (finding.code, finding.level, finding.line, finding.column) == ("invalid", Level.ERROR, 5, 7)
    assert "did you mean 'action'?" in finding.message


def test_a_wrong_test_file_is_an_error():
    [finding] = check("cases:\n  one:\n    expects: {}\n")

    assert (finding.code, finding.line) == ("invalid", 3)


def test_a_ring_that_nothing_enters_is_unreachable():
    found = of_tasks(
        """
        a: {action: std.noop}
        b: {action: std.noop, on-success: [{c: <% task(b).state = SUCCESS %>}]}
        c: {action: std.noop, on-success: b}
        """
    )

    assert found == ["5 unreachable-task", "6 unreachable-task"]


@pytest.mark.parametrize(
    ("clause", "code"),
    [
        ("[{b: <% false %>}]", "never-taken"),
        ("[{b: '{{ 1 > 2 }}'}]", "never-taken"),
        ("[fail, b]", "never-taken"),
        ("[{b: <% 1 = 1 %>}]", "constant-expression"),
        ("{b: <% task().result = 1 %>}", "old-form"),
        ("{next: {b: <% task().result = 1 %>}}", "old-form"),
    ],
)
def test_conditions_that_do_not_do_what_they_seem_to(clause, code):
    assert [each.split()[1] for each in of_tasks(f"a: {{on-success: {clause}}}\nb: {{action: std.noop}}\n")] == [code]


def test_a_join_all_over_both_outcomes_of_a_task_cannot_complete():
    found = of_tasks(
        """
        a: {on-success: b, on-error: c}
        b: {on-success: d}
        c: {on-success: d}
        d: {join: all}
        """.replace("{on", "{action: std.http url=x, on")
    )

    assert found == ["7 impossible-join"]


def test_a_join_that_waits_for_what_comes_after_it_cannot_complete():
    found = of_tasks(
        """
        a: {action: std.noop, on-success: b}
        b: {join: all, on-success: c}
        c: {action: std.noop, on-success: [{b: <% task(a).result %>}]}
        """
    )

    assert found == ["5 impossible-join"]


def test_a_join_of_one_over_both_outcomes_is_sound():
    found = of_tasks(
        """
        a: {action: std.noop, on-success: [b], on-error: [c]}
        b: {on-success: d}
        c: {on-success: d}
        d: {join: one}
        """
    )

    assert found == []


@pytest.mark.parametrize(
    ("on_success", "found"),
    [
        ("[a]", ["4 endless-cycle"]),
        ("[{a: <% task().result < 3 %>}]", []),
        ("[a, fail]", []),
    ],
)
def test_a_ring_without_a_condition_is_endless(on_success, found):
    tasks = f"a: {{action: std.noop, on-success: b}}\nb: {{action: std.noop, on-success: {on_success}}}\n"

    assert of_tasks("s: {action: std.noop, on-success: a}\n" + tasks) == [each.replace("4 ", "5 ") for each in found]


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


@pytest.mark.parametrize(
    ("task", "found"),
    [
        ("{action: std.ecko output=1}", ["4 unknown-action"]),
        ("{action: std.echo}", ["4 action-input"]),
        ("{action: std.echo output=1 colour=2}", ["4 action-input"]),
        ("{action: my.own thing=1}", []),
        ("{action: std.echo, input: '<% {output => 1} %>'}", ["4 constant-expression"]),
        ("{workflow: child}", ["4 workflow-input"]),
        ("{workflow: child a=1}", []),
        ("{workflow: child a=1 bb=2}", ["4 workflow-input"]),
        ("{workflow: child a=1 env=2}", []),
        ("{workflow: childs}", ["4 unknown-workflow"]),
        ("{workflow: elsewhere}", []),
        ("{workflow: child a=1, keep-result: false}", ["4 no-effect"]),
        ("{action: std.noop, concurrency: 2}", ["4 no-effect"]),
        ("{action: std.echo, input: {output: '<% $.x'}}", ["4 unclosed-expression"]),
        ("{action: std.echo output=<% json_pp(1) %>}", ["4 old-form"]),
    ],
)
def test_calls_and_forms(task, found):
    child = "child:\n  input: [a, {b: 1}]\n  tasks:\n    t: {action: std.echo output=<% $.a + $.b %>}\n"

    assert codes(f"version: '2.0'\nw:\n  tasks:\n    t: {task}\n{child}") == found


def test_names_of_a_workbook_are_found_without_its_name():
    text = """
        version: '2.0'
        name: book
        actions:
          shout:
            input: [what]
            base: std.echo output=<% $.what %>
        workflows:
          w:
            tasks:
              a: {action: shout wat=1}
              b: {workflow: child}
          child:
            input: [n]
            tasks:
              t: {action: std.echo output=<% $.n %>}
        """

    assert codes(text) == ["10 action-input", "10 action-input", "11 workflow-input"]


def test_odd_but_valid_workflows():
    found = of_tasks(
        """
        fail: {with-items: x in <% $.list %>, action: std.echo output=<% $.x %>}
        """,
        "colour: red\ninput: [{list: <% 1 %>}]\n"
        "task-defaults: {requires: fail, on-error: {publish: {branch: {a: 1}}}}\n",
    )

    assert found == ["3 ignored-key", "4 literal-default", "5 no-effect", "5 no-effect", "7 command-name"]


def test_an_item_hidden_by_a_variable():
    found = of_tasks(
        """
        a: {action: std.noop, publish: {x: 1}, on-success: b}
        b: {with-items: "x in [1, 2]", action: std.echo output=<% $.x %>}
        """
    )

    assert found == ["5 shadowed-item"]


def test_a_task_led_to_twice():
    assert of_tasks("a: {action: std.noop, on-success: b, on-complete: b}\nb: {action: std.noop}\n") == ["4 runs-twice"]


def test_unhandled_errors_are_found_only_when_asked_for():
    text = "version: '2.0'\nw:\n  tasks:\n    t: {action: std.http url=x}\n    u: {action: std.noop}\n"

    assert codes(text) == []
    assert codes(text, pedantic=True) == ["4 unhandled-error"]


@pytest.mark.parametrize(
    ("above", "behind"),
    [
        ("# lint: ignore=unknown-action", ""),
        ("", "# lint: ignore=unknown-action, action-input"),
        ("", "# lint: ignore"),
        ("# lint: ignore-file=unknown-action", ""),
    ],
)
def test_a_comment_takes_out_what_is_meant(above, behind):
    text = f"version: '2.0'\nw:\n  tasks:\n    {above}\n    t: {{action: std.ecko}} {behind}\n"

    assert codes(text) == []


def test_a_comment_about_another_code_takes_out_nothing():
    text = "version: '2.0'\nw:\n  tasks:\n    t: {action: std.ecko} # lint: ignore=old-form\n"

    assert codes(text) == ["4 unknown-action"]


def test_a_comment_does_not_hide_that_a_document_is_invalid():
    assert codes("# lint: ignore-file\nversion: '2.0'\nw: {tasks: {t: {x: 1}}}\n") == ["3 invalid"]


def test_every_rule_says_what_and_why():
    assert all(rule.about.endswith(".") and rule.why.endswith(".") for rule in RULES.values())


@pytest.mark.parametrize(
    "action", [each for each in entry_points(group="mistral_mesh.actions") if each.name.startswith("std.")]
)
def test_every_standard_action_is_known_with_its_parameters(action):
    declared, known = signature_of(action.load()), STANDARD[action.name]

    assert set(known.required) == set(declared.required)
    assert {*known.required, *known.optional} == declared.names
