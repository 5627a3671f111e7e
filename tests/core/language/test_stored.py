"""Stored definitions are read back without a second check, and described for the outside."""

import pytest

from mistral_core.errors import InvalidDefinition
from mistral_core.language import input_text, interface, parse_workflows, workflow_from_text

TWO = "version: '2.0'\na: {tasks: {t: {action: x}}}\nb: {tasks: {t: {action: y}}}\n"


def test_the_named_workflow_is_read():
    assert workflow_from_text(TWO, "b").tasks["t"].action == "y"
    assert workflow_from_text(TWO, "book.a").tasks["t"].action == "x"


def test_the_only_workflow_needs_no_name():
    assert workflow_from_text("w:\n  tasks: {t: {action: x}}\n").name == "w"
    assert workflow_from_text("w:\n  tasks: {t: {action: x}}\n", "book.w").name == "w"


@pytest.mark.parametrize("name", [None, "c"])
def test_a_missing_name_is_refused(name: str | None):
    with pytest.raises(InvalidDefinition):
        workflow_from_text(TWO, name)


def test_what_came_in_comes_back():
    text = "version: 2\nw:\n  tasks:\n    a: {action: 'std.echo output=<% 1 %>', on-success: b}\n    b: {join: all}\n"

    assert workflow_from_text(text) == parse_workflows(text)[0].workflow


def test_input_is_described_in_one_line_and_as_interface():
    [parsed] = parse_workflows(
        "version: 2\nw:\n  input: [a, b: 2, c: null]\n  output: {o: 1, p: 2}\n  tasks: {t: {action: x}}\n"
    )

    assert input_text(parsed.workflow.input) == 'a, b="2", c="None"'
    assert interface(parsed.workflow) == {"input": ["a", {"b": 2}, {"c": None}], "output": ["o", "p"]}
