"""Definitions written as JSON: every JSON text means what it says, and faults have their place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral_core.errors import InvalidDefinition
from mistral_core.language import parse_actions, parse_workbook, parse_workflows, workflow_from_text
from mistral_core.language.yaml_text import load

WORKFLOW = {
    "version": "2.0",
    "w": {
        "type": "direct",
        "input": ["a", {"b": 1.5}],
        "output": {"x": "<% $.x %>"},
        "tasks": {
            "t": {
                "action": "std.echo",
                "input": {"output": "<% $.a + 1 %>"},
                "publish": {"x": "<% task().result %>"},
                "on-success": [{"u": "<% $.x > 1 %>"}, "noop"],
            },
            "u": {"action": "std.noop", "join": "all", "retry": {"count": 2, "delay": 0}},
        },
    },
}
STYLES: list[dict[str, Any]] = [
    {},
    {"indent": "\t"},
    {"indent": 4},
    {"separators": (",", ":")},
    {"ensure_ascii": False},
]


@pytest.mark.parametrize("style", STYLES)
def test_a_workflow_in_json_is_the_same_as_in_yaml(style: dict[str, Any]) -> None:
    text = json.dumps(WORKFLOW, **style)
    parsed = parse_workflows(text)[0]

    assert parsed.text == text
    assert parsed.workflow.spec["tasks"]["t"]["input"] == {"output": "<% $.a + 1 %>"}
    assert [each.target for each in parsed.workflow.tasks["t"].on_success.next] == ["u", "noop"]
    assert workflow_from_text(text).tasks.keys() == {"t", "u"}


def test_workbooks_and_actions_too() -> None:
    action = {"base": "std.echo", "base-input": {"output": "<% $.s %>!"}, "input": ["s"]}
    book = {"version": "2.0", "name": "b", "workflows": {"w": WORKFLOW["w"]}, "actions": {"shout": action}}

    assert parse_workbook(json.dumps(book, indent="\t")).workflows.keys() == {"w"}
    assert parse_actions(json.dumps({"version": "2.0", "shout": action}))[0].action.base == "std.echo"


_TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\ue000"), max_size=20)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES, st.sampled_from(STYLES), st.sampled_from(["", "\n", " \t\r\n ", "\ufeff"]))
def test_any_json_gives_its_values(value: Any, style: dict[str, Any], before: str) -> None:
    document = {"version": "2.0", "value": value}

    assert load(before + json.dumps(document, **style)).value == document


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r'"\ud83d\ude00 \u00e9"', "\U0001f600 \u00e9"),
        (r'"\\ud83d\\ude00"', "\\ud83d\\ude00"),
        (r'"\"\\\/\b\f\n\r\t"', '"\\/\b\f\n\r\t'),
        ('"a: &b, *c @d - # e"', "a: &b, *c @d - # e"),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("-0.5e-3", -0.0005),
        ("1E2", 100.0),
        ('"true"', True and "true"),
        ('"2.0"', "2.0"),
        ('"null"', "null"),
        ("[]", []),
        ("{}", {}),
        ('""', ""),
        ('"{{ _.x }} {% if y %}"', "{{ _.x }} {% if y %}"),
    ],
)
def test_what_json_can_write(written: str, value: Any) -> None:
    assert load('{"version": "2.0",\n\t"value": ' + written + "}").value == {"version": "2.0", "value": value}


@pytest.mark.parametrize(
    ("text", "told", "line"),
    [
        ('{"version": "2.0",\n "w": {"tasks": {"t": {"action": "a"}},\n "w2": 1,\n "w2": 2}}', "'w2' stands twice", 4),
        ('{"version": "2.0",\n "w": {"tasks": {\n  "t": {"actoin": "a"}}}}', "did you mean 'action'", 3),
        ('{"version": "2.0",\n "w": {"tasks": {\n\t"t": {\n\t\t"join": 2.5}}}}', "'join'", 4),
        ('{"version": "2.0",\n "w": {"tasks": {"t": {"on-success":\n ["nobody"]}}}}', "Task 'nobody' not found", 3),
        ('{"version": "2.0",\n "w": ', "could not be parsed", 2),
        ('{"version": "2.0",\n "w": {"tasks": [}}', "could not be parsed", 2),
        ('{"version": "2.0"}\n{"x": 1}', "could not be parsed", 2),
        ('{"version": "2.0",\n"w": {"vars": {"x": 1e999}, "tasks": {"t": {"action": "a"}}}}', "1e999", 2),
    ],
)
def test_faults_have_their_line(text: str, told: str, line: int) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        parse_workflows(text)

    assert told in str(refused.value)
    assert refused.value.line == line
