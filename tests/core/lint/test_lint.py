"""Calls and forms, comments, invalid documents, and the rules themselves."""

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from mistral_core.lint import RULES, Level, check
from mistral_core.offered_input import offered_input
from mistral_core.standard import STANDARD
from mistral_executor.actions.registry import described
from tests.core.lint.linted import codes, of_tasks

ROOT = Path(__file__).parents[3]


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
        ("{action: std.noop, worker: {queue: x}}", ["4 no-effect"]),
        ("{action: my.own, worker: {queue: x}}", []),
        ("{workflow: child a=1, worker: {queue: x}}", ["4 no-effect"]),
        ("{action: std.echo, input: {output: '<% $.x'}}", ["4 unclosed-expression"]),
        ("{action: std.echo output=<% json_pp(1) %>}", ["4 old-form"]),
    ],
)
def test_calls_and_forms(task, found):
    child = "child:\n  input: [a, {b: 1}]\n  tasks:\n    t: {action: std.echo output=<% $.a + $.b %>}\n"

    assert codes(f"version: '2.0'\nw:\n  tasks:\n    t: {task}\n{child}") == found


@pytest.mark.parametrize(
    ("task", "found"),
    [
        ("{action: my.own width=1}", []),
        ("{action: my.own width=1 height=2}", []),
        ("{action: my.own width=1 hight=2}", ["4 action-input"]),
        ("{action: my.own}", ["4 action-input"]),
        ("{action: my.own, input: '<% $ %>'}", []),
        ("{action: my.other width=1}", []),
        ("{action: my.any width=1}", []),
        ("{action: mine anything=1}", ["4 action-input", "4 action-input"]),
    ],
)
def test_calls_of_actions_that_workers_offer(task, found):
    schema = '{"properties": {"width": {}, "height": {"default": 2}}, "required": ["width"]}'
    offered = {"my.own": offered_input(schema), "my.any": offered_input(""), "mine": offered_input(schema)}
    assert codes(f"version: '2.0'\nw:\n  tasks:\n    t: {task}\n", offered=offered) == found


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
    found, known = described(action.name, action.load()), STANDARD[action.name]
    declared = found.signature

    assert set(known.required) == set(declared.required)
    assert {*known.required, *known.optional} == declared.names
    assert known.asynchronous is not found.synchronous
