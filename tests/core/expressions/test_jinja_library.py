"""All filters and tests of Jinja are there and yield what they should, with limits around them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jinja2.defaults import DEFAULT_FILTERS, DEFAULT_TESTS

from mistral_core.expressions import Scope, evaluate

DATA: dict[str, Any] = {
    "l": [3, 1, 2],
    "rows": [{"k": "x", "v": 1, "on": True}, {"k": "y", "v": 2, "on": False}],
    "d": {"b": 1, "a": 2},
    "html": "<b>fat</b>",
    "none": None,
}

FILTERS = [
    ("-3 | abs", 3),
    ("'a' | attr('b') is defined", False),
    ("_.l | batch(2, 0)", [[3, 1], [2, 0]]),
    ("'ab c' | capitalize", "Ab c"),
    ("'a' | center(3)", " a "),
    ("_.l | count", 3),
    ("_.nope | d(5)", 5),
    ("_.none | default('x', true)", "x"),
    ("_.d | dictsort", [["a", 2], ["b", 1]]),
    ("_.html | e", "&lt;b&gt;fat&lt;/b&gt;"),
    ("_.html | escape", "&lt;b&gt;fat&lt;/b&gt;"),
    ("1000 | filesizeformat", "1.0 kB"),
    ("_.l | first", 3),
    ("'1.5' | float", 1.5),
    ("_.html | forceescape", "&lt;b&gt;fat&lt;/b&gt;"),
    ("'%s-%s' | format(1, 2)", "1-2"),
    ("_.rows | groupby('k') | map('first')", ["x", "y"]),
    ("'a\\nb' | indent(2)", "a\n  b"),
    ("'12' | int", 12),
    ("'x' | int(7)", 7),
    ("_.d | items", [["b", 1], ["a", 2]]),
    ("_.l | join('-')", "3-1-2"),
    ("_.rows | join(',', attribute='k')", "x,y"),
    ("_.l | last", 2),
    ("_.l | length", 3),
    ("'ab' | list", ["a", "b"]),
    ("'AB' | lower", "ab"),
    ("_.l | map('string')", ["3", "1", "2"]),
    ("_.rows | map(attribute='v')", [1, 2]),
    ("_.l | max", 3),
    ("_.l | min", 1),
    ("{'a': 1} | pprint", "{'a': 1}"),
    ("[4, 4] | random", 4),
    ("_.l | reject('gt', 1)", [1]),
    ("_.rows | rejectattr('on') | map(attribute='k')", ["y"]),
    ("'aa' | replace('a', 'b', 1)", "ba"),
    ("_.l | reverse", [2, 1, 3]),
    ("2.567 | round(1)", 2.6),
    ("_.html | safe", "<b>fat</b>"),
    ("_.l | select('odd')", [3, 1]),
    ("_.rows | selectattr('v', 'equalto', 2) | map(attribute='k')", ["y"]),
    ("_.l | slice(2)", [[3, 1], [2]]),
    ("_.l | sort(reverse=true)", [3, 2, 1]),
    ("5 | string", "5"),
    ("_.html | striptags", "fat"),
    ("_.rows | sum('v')", 3),
    ("'ab cd' | title", "Ab Cd"),
    ("{'a': '<'} | tojson", '{"a": "\\u003c"}'),
    ("' a ' | trim", "a"),
    ("'abcdefghijkl' | truncate(6, true, leeway=0)", "abc..."),
    ("[1, 1, 2] | unique", [1, 2]),
    ("'ab' | upper", "AB"),
    ("'a b/c' | urlencode", "a%20b/c"),
    ("'see www.example.org' | urlize", 'see <a href="https://www.example.org" rel="noopener">www.example.org</a>'),
    ("'a b c' | wordcount", 3),
    ("'aa bb' | wordwrap(2)", "aa\nbb"),
    ("{'a': 1} | xmlattr", ' a="1"'),
]

TESTS = [
    ("true is boolean", True),
    ("task is callable", True),
    ("_.l is defined", True),
    ("6 is divisibleby 3", True),
    ("1 is eq 1 and 1 is equalto 1 and 1 is ne 2", True),
    ("_.html is escaped", False),
    ("2 is even and 1 is odd", True),
    ("false is false and true is true", True),
    ("'upper' is filter and 'odd' is test", True),
    ("1.5 is float and 1 is integer and 1 is number", True),
    ("2 is ge 2 and 2 is gt 1 and 2 is greaterthan 1", True),
    ("1 is in [1, 2]", True),
    ("_.l is iterable and _.l is sequence", True),
    ("1 is le 1 and 1 is lt 2 and 1 is lessthan 2", True),
    ("'a' is lower and 'A' is upper", True),
    ("_.d is mapping", True),
    ("_.none is none", True),
    ("_.none is sameas none", True),
    ("'a' is string", True),
    ("_.nope is undefined", True),
]

OTHERS = [
    ("_.l | select('>', 1) | select('>=', 2) | list", [3, 2]),
    ("_.l | select('<', 3) | select('<=', 1) | list", [1]),
    ("_.l | reject('==', 3) | select('!=', 1) | list", [2]),
    ("cycler('a', 'b').next()", "a"),
    ("dict(a=1)", {"a": 1}),
    ("namespace(a=1).a", 1),
    ("joiner(',')()", ""),
    ("range(1, 6, 2)", [1, 3, 5]),
]


@pytest.mark.parametrize(("text", "expected"), [*FILTERS, *OTHERS, *TESTS])
def test_value_with_its_type(text: str, expected: Any, scope: Callable[..., Scope]):
    value = evaluate(f"{{{{ {text} }}}}", scope(**DATA))

    assert value == expected
    assert type(value) is type(expected)


def test_every_filter_and_test_of_the_library_has_a_case():
    tables = Path(__file__).read_text()

    assert {name for name in DEFAULT_FILTERS if f"| {name}" not in tables} == set()
    assert {
        name
        for name in DEFAULT_TESTS
        if not re.search(rf"(is {re.escape(name)}\b|is {re.escape(name)} |'{name}')", tables)
    } == set()
