"""One-line parameters are read as they are meant, and what cannot be read is refused rather than dropped."""

import contextlib
import time

import pytest

from mistral_core.language.shorthand import parse_arguments, parse_invocation


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"two words"', "two words"),
        ("'single'", "single"),
        ('""', ""),
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("1e3", 1000.0),
        ("true", True),
        ("false", False),
        ("null", None),
        ("[1, 2, 3]", [1, 2, 3]),
        ('["a b", {"k": [null]}]', ["a b", {"k": [None]}]),
        ('{"a": {"b": 1}}', {"a": {"b": 1}}),
        ("{x: 1, y: 2}", {"x": 1, "y": 2}),
        ("['x']", "['x']"),
        ("[<% $.x %>, 2]", "[<% $.x %>, 2]"),
        ("<% $.a + 1 %>", "<% $.a + 1 %>"),
        ("<% $.a %>-<% $.b %>", "<% $.a %>-<% $.b %>"),
        ("{{ _.a + 1 }}", "{{ _.a + 1 }}"),
        ('"at <% $.get("k") %>"', 'at <% $.get("k") %>'),
        (r'"say \"hi\""', 'say "hi"'),
        (r'"C:\dir\"', "C:\\dir\\"),
        ("http://host/?a=1&b=2", "http://host/?a=1&b=2"),
        ("007", "007"),
        ("NaN", "NaN"),
        ("1e999", "1e999"),
    ],
)
def test_a_value_means_what_it_looks_like(written: str, value: object):
    assert parse_arguments(f"before=1 it={written} after=2") == {"before": 1, "it": value, "after": 2}


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("std.noop", "std.noop"),
        ("<% $.action %>", "<% $.action %>"),
        ("{{ 'std.' ~ _.kind }}", "{{ 'std.' ~ _.kind }}"),
        ("<% $.family %>.echo", "<% $.family %>.echo"),
    ],
)
def test_a_name_ends_at_the_first_blank_outside_expressions(written: str, name: str):
    assert parse_invocation(written).name == name
    assert parse_invocation(f"{written} k=1").name == name
    assert parse_invocation(f"{written} k=1").arguments == {"k": 1}


@pytest.mark.parametrize("written", ['fail(msg="a b")', 'fail msg="a b"', "fail(msg='a b')", 'fail( msg="a b" )'])
def test_a_call_and_a_line_mean_the_same(written: str):
    invocation = parse_invocation(written)

    assert (invocation.name, invocation.arguments) == ("fail", {"msg": "a b"})


def test_a_call_may_be_empty():
    assert parse_invocation("fail()").arguments == {}


def test_commas_may_stand_between_parameters():
    assert parse_arguments('a=1, b="x",c=2') == {"a": 1, "b": "x", "c": 2}


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("my action", "key=value is expected"),
        ('std.echo output="x" junk', "at 'junk'"),
        ("std.echo output=two words", "must be quoted"),
        ('std.echo output="open', "not closed"),
        ("std.echo output=[1, 2", "not closed"),
        ("std.echo output=", "a value is expected"),
        ("*x y=1", "a name is expected"),
    ],
)
def test_what_cannot_be_read_is_refused(written: str, complaint: str):
    with pytest.raises(ValueError, match=complaint):
        parse_invocation(written)


@pytest.mark.parametrize("part", ["<%", "[", '\\"', "b=1,", "{a:", ",a", "b=[ ", "b=[] ", 'b="" ', "a(", "{{ b="])
def test_hostile_text_takes_linear_time(part: str):
    begun = time.process_time()

    with contextlib.suppress(ValueError):
        parse_invocation("a b=" + part * (200_000 // len(part)))

    assert time.process_time() - begun < 2
