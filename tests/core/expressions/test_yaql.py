"""What YAQL expressions yield, one table for each family of functions."""

from collections.abc import Callable
from typing import Any

import pytest

from mistral_core.errors import ExpressionFailed
from mistral_core.expressions import Scope, evaluate

DATA: dict[str, Any] = {
    "n": 7,
    "s": "build-2041",
    "l": [5, 6, 7],
    "d": {"a": 1, "b.c": 2, "$g": 3},
    "rows": [{"k": "x", "v": 1}, {"k": "y", "v": 2}, {"k": "x", "v": 3}],
    "e": [],
    "nil": None,
    "big": 9007199254740993,
}

OPERATORS = [
    ("$.n + 1", 8),
    ("$.n / 2", 3),
    ("$.n / 2.0", 3.5),
    ("-$.n mod 4", 1),
    ("$.n > 5 and $.n < 9", True),
    ("$.e or other", "other"),
    ("0 and other", 0),
    ("not $.e", True),
    ("7 in $.l", True),
    ("2041 in [1]", False),
    ("$.s =~ 'build-\\d+'", True),
    ("$.s !~ '^rc'", True),
    ("$.d?.a", 1),
    ("$.nil?.a", None),
    ("$.d + {z => 1}", {"a": 1, "b.c": 2, "$g": 3, "z": 1}),
    ("$.l + [8]", [5, 6, 7, 8]),
    ("[1] * 3", [1, 1, 1]),
    ("'ab' * 2", "abab"),
    ("$.big + 1", 9007199254740994),
    ("99999999999 * 99999999999", 9999999999800000000001),
    ("let(x => 5, y => 6) -> $x * $y", 30),
    ("null < 1", True),
    ("1 < null", False),
]

COLLECTIONS = [
    ("$.l.len()", 3),
    ("$.l[0]", 5),
    ("$.l[-1]", 7),
    ("$.d.get(zz, none)", "none"),
    ("$.d.get('b.c')", 2),
    ("$.d.keys()", ["a", "b.c", "$g"]),
    ("$.d.values()", [1, 2, 3]),
    ("$.d.items()", [["a", 1], ["b.c", 2], ["$g", 3]]),
    ("$.d.set(c, 3).len()", 4),
    ("$.d.delete(a)", {"b.c": 2, "$g": 3}),
    ("$.d.containsKey(a)", True),
    ("$.d.containsValue(9)", False),
    ("dict(p => 1)", {"p": 1}),
    ("dict([[x, 1]])", {"x": 1}),
    ("{1 => a}", {"1": "a"}),
    ("[[1, [2]], 3].flatten()", [1, 2, 3]),
    ("$.l.insert(0, 4)", [4, 5, 6, 7]),
    ("$.l.replace(0, 9)", [9, 6, 7]),
    ("set(3, 1, 2, 1)", [1, 2, 3]),
    ("set(1, 2).union(set(3))", [1, 2, 3]),
    ("[1, 1, 2].toSet().len()", 2),
    ("isDict($.d) and isList($.l) and isSet(set(1))", True),
]

QUERIES = [
    ("$.rows.where($.v > 1).select($.k)", ["y", "x"]),
    ("$.rows.k", ["x", "y", "x"]),
    ("$.rows.groupBy($.k, $.v)", [["x", [1, 3]], ["y", [2]]]),
    ("$.rows.groupBy($.k, $.v, [$[0], $[1].sum()])", [["x", 4], ["y", 2]]),
    ("$.rows.toDict($.v, $.k)", {"1": "x", "2": "y", "3": "x"}),
    ("$.rows.orderByDescending($.k).thenBy($.v).v", [2, 1, 3]),
    ("$.rows.v.sum()", 6),
    ("$.l.max()", 7),
    ("$.l.reverse()", [7, 6, 5]),
    ("$.l.skip(1).limit(1)", [6]),
    ("$.l.takeWhile($ < 7)", [5, 6]),
    ("$.l.slice(2)", [[5, 6], [7]]),
    ("$.l.zip([a, b])", [[5, "a"], [6, "b"]]),
    ("$.l.enumerate()", [[0, 5], [1, 6], [2, 7]]),
    ("$.l.indexOf(7)", 2),
    ("$.l.aggregate($1 + $2)", 18),
    ("$.l.any($ > 6)", True),
    ("$.l.first()", 5),
    ("$.e.first(none)", "none"),
    ("[1, 1, 2].distinct()", [1, 2]),
    ("range(2, 8, 3)", [2, 5]),
    ("x.repeat(2)", ["x", "x"]),
    ("[1].cycle().take(2)", [1, 1]),
    ("generate(1, $ < 9, $ * 2)", [1, 2, 4, 8]),
    ("generateMany([1, [2]], $, depthFirst => true).take(1)", [[1, [2]]]),
    ("{a => 1}.mergeWith({a => 2, b => 3})", {"a": 2, "b": 3}),
    ("$.l.selectMany([$, $])", [5, 5, 6, 6, 7, 7]),
    ("$.l.splitAt(1)", [[5], [6, 7]]),
    ("$.l.join([6], $1 = $2, [$1, $2])", [[6, 6]]),
]

TEXTS = [
    ("$.s.toUpper()", "BUILD-2041"),
    ("$.s.split('-')", ["build", "2041"]),
    ("'|'.join($.s.split('-'))", "build|2041"),
    ("[a, true, null, 1].join(',')", "a,true,null,1"),
    ("$.s.replace('-', '+')", "build+2041"),
    ("$.s.replace({build => b})", "b-2041"),
    ("$.s.substring(0, 5)", "build"),
    ("$.s.startsWith(build)", True),
    ("$.s.indexOf('-')", 5),
    ("'  x '.trim()", "x"),
    ("concat('a', 'b')", "ab"),
    ("hex(255)", "0xff"),
    ("characters(digits => true).len()", 10),
    ("'{0}-{n}'.format($.s, n => 1)", "build-2041-1"),
    ("'{}{}'.format(a, null)", "aNone"),
    ("'{:>4}'.format(7)", "   7"),
    ("regex('(\\d+)').search($.s)", "2041"),
    ("regex('(\\d)(\\d)').search($.s, $3.value)", "0"),
    ("regex('\\d').searchAll($.s)", ["2", "0", "4", "1"]),
    ("regex('\\d').replace($.s, 'N')", "build-NNNN"),
    ("$.s.replace(regex('\\d'), 'N')", "build-NNNN"),
    ("regex('-').split($.s)", ["build", "2041"]),
    ("$.s.matches('\\d')", True),
    ("escapeRegex('a.b')", "a\\.b"),
    ("str(null) + str(true) + str(1.5)", "nulltrue1.5"),
]

NUMBERS = [
    ("abs(-1)", 1),
    ("round(2.567, 1)", 2.6),
    ("pow(2, 10)", 1024),
    ("pow(3, 2, 5)", 4),
    ("sign(-3)", -1),
    ("max(3, 9) + min(3, 9)", 12),
    ("int('12') + int(3.9) + int(null)", 15),
    ("float('1.5')", 1.5),
    ("bitwiseAnd(12, 10) + bitwiseOr(12, 10) + bitwiseXor(12, 10)", 28),
    ("shiftBitsLeft(1, 5) + shiftBitsRight(32, 3)", 36),
    ("isInteger(1) and isNumber(1.5) and not isInteger(true)", True),
]

TIMES = [
    ("now()", "2026-03-04T05:06:07+00:00"),
    ("now(timespan(hours => 2)).hour", 7),
    ("now().format('%Y')", "2026"),
    ("datetime('2020-01-02')", "2020-01-02T00:00:00+00:00"),
    ("datetime('10:00')", "2026-03-04T10:00:00+00:00"),
    ("datetime('2020', '%Y').year", 2020),
    ("datetime(2020, 1, 2) - datetime(2020, 1, 1)", 86400.0),
    ("timespan(minutes => 2).seconds", 120.0),
    ("datetime(0).timestamp", 0.0),
    ("localtz()", 0.0),
]

BRANCHES = [
    ("switch($.n = 7 => seven, true => other)", "seven"),
    ("coalesce($.nil, $.n)", 7),
    ("selectCase(false, true)", 1),
    ("1.switchCase(a, b)", "b"),
    ("examine(1, 0)", [True, False]),
    ("def(twice, $ * 2) -> twice(4)", 8),
    ("$.n.assert($ > 1)", 7),
]


@pytest.mark.parametrize(("text", "expected"), OPERATORS + COLLECTIONS + QUERIES + TEXTS + NUMBERS + TIMES + BRANCHES)
def test_value_with_its_type(text: str, expected: Any, scope: Callable[..., Scope]):
    value = evaluate(f"<% {text} %>", scope(**DATA))

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("$.nope", "'nope'"),
        ("$.d.nope.deeper", "'nope'"),
        ("10 / 0", "integer division or modulo by zero"),
        ("frobnicate(1)", 'Unknown function "frobnicate"'),
        ("$.frobnicate()", 'Unknown method "frobnicate"'),
        ("$.e.first()", "the collection is empty"),
        ("$.n.assert($ > 9)", "Assertion failed"),
        ("'{0.real}'.format(1)", "a field of a format can only be a name or a number, not '...'"),
        ("let(a => 1)", "a result cannot hold a value of type _CountedContext"),
        ("float(nan)", "a result cannot hold nan"),
        ("int($.s)", "invalid literal for int() with base 10: '...'"),
        ("datetime($.s)", "Unknown string format: ..."),
        ("$.", "Parse error: unexpected end of statement"),
    ],
)
def test_fault_is_named_without_the_data(text: str, error: str, scope: Callable[..., Scope]):
    with pytest.raises(ExpressionFailed) as failure:
        evaluate(f"<% {text} %>", scope(secret="hunter2", **DATA))

    assert str(failure.value) == f"Can not evaluate YAQL expression [expression={text}, error={error}]"


def test_chance_is_the_same_on_every_replay(scope: Callable[..., Scope]):
    first, second = (evaluate("<% [random(), random(1, 6), uuid()] %>", scope()) for _ in range(2))

    assert first == second
    assert 0 <= first[0] < 1
    assert 1 <= first[1] <= 6


def test_no_uuid_comes_twice(scope: Callable[..., Scope]):
    assert evaluate("<% uuid() != uuid() %>", scope()) is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello <% $.s %>, <% $.n %> left", "Hello build-2041, 7 left"),
        ("<% $.n %><% $.n %>", "77"),
        (" <% $.n %> ", " 7 "),
        ("a<% null %>", "aNone"),
        ("ok=<% $.n > 1 %>", "ok=True"),
        ("d=<% $.rows[0] %>", "d={'k': 'x', 'v': 1}"),
        ("<% 1 %> and <% 2 %>", "1 and 2"),
        ("at <% now() %>", "at 2026-03-04 05:06:07+00:00"),
        ("100% <sure>", "100% <sure>"),
        ("a < b % c > d", "a < b % c > d"),
        ("<%\n$.n\n%>", "<%\n$.n\n%>"),
    ],
)
def test_inside_text_it_is_written_the_python_way(text: str, expected: str, scope: Callable[..., Scope]):
    assert evaluate(text, scope(**DATA)) == expected
