"""Whatever is sent: it is a definition, or it is refused as none. Nothing else happens, and not slowly."""

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mistral_core.errors import InvalidDefinition
from mistral_core.language import keys, parse_actions, parse_workbook, parse_workflows, workflow_from_text
from mistral_core.language.yaml_text import dump

READERS = (parse_workflows, parse_actions, parse_workbook, workflow_from_text)

_PIECES = [
    *("version: '2.0'", "w:", "tasks:", "t:", "on-success:", "join: ", "requires: ", "fail(", "t", "yes"),
    *(
        "action: std.echo output=",
        "retry: count=",
        "with-items: x in ",
        "<% $.x %>",
        "<% ( %>",
        "{{ _.x }}",
        "{% if %}",
    ),
    *(
        "- ",
        "  ",
        "\n",
        "\n  ",
        "\n    ",
        ": ",
        "? ",
        "{",
        "}",
        "[",
        "]",
        ",",
        '"',
        "'",
        "|",
        ">",
        "#",
        "---",
        "...",
        "<<",
    ),
    *("&a", "*a", "@", "%", "`", "!!str", "!t", "1e999", ".nan", "0x_", "~", "-1", "1.5", "\\"),
    *("\t", "\r", "\ufeff", "\x85", "\u2028", "\ud800", "\x00", "\ue000"),
]

_WORDS = sorted({*keys.DIRECT_TASK, *keys.REVERSE_TASK, *keys.WORKFLOW, *keys.WORKBOOK, *keys.ACTION, *keys.RETRY})

_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["t", "u", "all", "<% $.x %>", "<% ( %>", "{{ _.x }}", "x in <% $ %>", "x in [1]", "a b=1", "fail(msg=1)"]
    ),
    st.text(max_size=5),
)
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*_WORDS, "t", "u", "publish", "next", "branch"]), inner, max_size=4)
    ),
    max_leaves=12,
)
_tasks = st.dictionaries(
    st.sampled_from(["t", "u", "noop"]), st.dictionaries(st.sampled_from(_WORDS), _values, max_size=4), max_size=3
)
_workflows = st.fixed_dictionaries({"tasks": _tasks}, optional={"type": st.just("reverse"), "task-defaults": _values})
_documents = st.fixed_dictionaries(
    {"version": st.just("2.0"), "w": _workflows | _values},
    optional={"name": _values, "workflows": st.dictionaries(st.just("w"), _workflows), "actions": _values},
)


def fault_of(read: Any, text: str) -> InvalidDefinition | None:
    try:
        read(text)
    except InvalidDefinition as fault:
        return fault
    return None


def read_all(text: str) -> None:
    for read in READERS:
        fault = fault_of(read, text)
        assert fault is None or 1 <= (fault.line or 0) <= len(text.splitlines()) + 2


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=25).map("".join))
def test_any_text_is_read_or_refused(text: str):
    read_all(text)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_documents)
def test_any_structure_is_read_or_refused(document: dict[str, Any]):
    read_all(json.dumps(document))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_documents)
def test_what_is_read_can_be_read_again_from_its_stored_text(document: dict[str, Any]):
    try:
        parsed = parse_workflows(dump(document))
    except InvalidDefinition:
        return

    for each in parsed:
        assert workflow_from_text(each.text, each.workflow.name).spec == each.workflow.spec


def large_workflow(tasks: int) -> str:
    lines = ["version: '2.0'", "large:", "  tasks:"]
    for number in range(tasks):
        lines += [f"    t{number}:", f"      action: std.echo output=<% $.v{number} + 1 %>"]
        lines += ["      publish:", f"        v{number}: <% task().result %>", "      retry: {count: 2, delay: 1}"]
        if number:
            lines += [f"      on-success: [{{t{number - 1}: <% $.v{number} > 1 %>}}]"]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("read", [parse_workflows, workflow_from_text])
def test_a_thousand_tasks_take_less_than_a_second(read: Any):
    text = large_workflow(1_000)
    begun = time.process_time()

    read(text)

    assert time.process_time() - begun < 1


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "{a: " * 200_000,
        "- " * 200_000,
        "a: " * 200_000,
        "- a\n" * 200_000,
        "&a *a " * 100_000,
        "? " * 200_000,
    ],
)
def test_bombs_are_refused_quickly(text: str):
    begun = time.process_time()

    with pytest.raises(InvalidDefinition):
        parse_workflows(text)

    assert time.process_time() - begun < 5
