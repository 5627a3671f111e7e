"""The YAML dialect: plain values with their places, and nothing that could hurt."""

import json

import pytest

from mistral_core.errors import InvalidDefinition
from mistral_core.language.yaml_text import TextLimits, dump, load


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("# only a comment\n", {}),
        ("a: 1\nb: [x, 2.5, null, yes, 'no']", {"a": 1, "b": ["x", 2.5, None, True, "no"]}),
        ("a: 0x1F\nb: 017\nc: 1_000\nd: 1:30", {"a": 31, "b": 15, "c": 1000, "d": 90}),
        ("a: 2020-01-01\nb: 12:61\nc: 0x_\nd: '='", {"a": "2020-01-01", "b": "12:61", "c": "0x_", "d": "="}),
        ("on: 1\n2: two\nnull: x\ntrue: y", {"on": 1, "2": "two", "null": "x", "true": "y"}),
        ("a: !!str 5", {"a": "5"}),
        ("a: |\n  line\n  two\n", {"a": "line\ntwo\n"}),
        ("out: <% dict(a => 1) %>", {"out": "<% dict(a => 1) %>"}),
    ],
)
def test_text_becomes_plain_values(text: str, value: object):
    assert load(text).value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &x 1", {"a": "&x 1"}),
        ("a: *y", {"a": "*y"}),
        ("a: @z", {"a": "@z"}),
        ("cron: * * * * *", {"cron": "* * * * *"}),
        ("[&a, *b,@c]", ["&a", "*b", "@c"]),
        ("&k: 1", {"&k": 1}),
        ("a: |\n  *bold*\n  &amp\nb: 'x & * @'", {"a": "*bold*\n&amp\n", "b": "x & * @"}),
    ],
)
def test_what_other_yaml_takes_for_anchors_is_text(text: str, value: object):
    assert load(text).value == value


@pytest.mark.parametrize("value", [{"a": ["x/y", "ü😀😀", "\\ud83d"], "b": {"c": None, "d": -1.5}}, {}])
def test_json_is_read_too(value: object):
    assert load(json.dumps(value, indent="\t")).value == value


@pytest.mark.parametrize(
    ("text", "complaint", "line"),
    [
        ("a: 1\nb: 2\na: 3", "'a' stands twice in the same mapping, first in line 1", 3),
        ("x:\n  y: !!python/object/apply:os.getcwd []", "tag .* is not allowed", 2),
        ("a: !mine 1", "tag '!mine' is not allowed", 1),
        ("w: &x\n  a: 1", "anchors and aliases are not supported", 2),
        ("a: {{ _.x }}", "quote text that begins with '{'", 1),
        ("? [a]\n: b", "a key must be text", 1),
        ("a: 1\n---\nb: 2", "only one document", 2),
        ('ok: 1\na: "open\n b', "unexpected end of stream", 2),
        ("a: b: c", "mapping values are not allowed", 1),
        ("ok: 1\na: %x", "quote text that begins with '%'", 2),
        ("x: 1\na: \x00", "control characters", 2),
        ('x: 1\na: "\\0"', "NUL", 2),
        ("x: 1\na: \ud800", "not Unicode", 2),
        ("a: .inf", "quote it if it is text", 1),
        ("a: \ue000", r"U\+E000", 1),
    ],
)
def test_what_is_not_our_yaml_is_refused_with_its_line(text: str, complaint: str, line: int):
    with pytest.raises(InvalidDefinition, match=complaint) as refused:
        load(text)

    assert refused.value.line == line
    assert str(refused.value).startswith("Definition could not be parsed: ")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x" * 101, "101 characters"),
        ("[" * 12, "nested more than 10 levels"),
        ("- \n" * 31, "more than 30 values"),
        ("- " * 40, "nested more than 10 levels"),
    ],
)
def test_limits_hold(text: str, complaint: str):
    with pytest.raises(InvalidDefinition, match=complaint):
        load(text, TextLimits(characters=100, depth=10, nodes=30))


def test_a_place_is_known_for_every_value():
    loaded = load("a:\n  - x\n  - k: 1\n    l:\n      m: 2\n")

    assert loaded.position(("a",)) == (1, 1)
    assert loaded.position(("a", 1)) == (3, 5)
    assert loaded.position(("a", 1, "l", "m")) == (5, 7)
    assert loaded.position(("a", 1, "nowhere", "below")) == (3, 5)


@pytest.mark.parametrize("value", [{"on": "yes", "d": "2020-01-01", "s": "&x", "n": "012", "t": "a\n b", "l": [None]}])
def test_what_is_written_is_read_back(value: object):
    assert load(dump(value)).value == value
