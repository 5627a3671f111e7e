"""The rest of the functions of YAQL: each has a case here or in ``test_yaql``, in each form of its arguments."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from yaql import create_context

from mistral_core.errors import ExpressionFailed
from mistral_core.expressions import Scope, evaluate

DATA: dict[str, Any] = {
    "l": [5, 6, 7],
    "d": {"a": 1, "b": 2},
    "rows": [{"k": "x", "v": 1}, {"k": "y", "v": 2}, {"k": "x", "v": 3}],
    "s": " a-b ",
}

LOGIC = [
    ("bool(1) and not bool('') and bool([1])", True),
    ("isBoolean(false) and not isBoolean(0)", True),
    ("selectAllCases(true, false, true)", [0, 2]),
    ("selectCase(false, false)", 2),
    ("5.switchCase(a, b, c)", "c"),
    ("(0 - 1).switchCase(a, b)", "b"),
    ("switch(false => 1)", None),
    ("examine(0, '', [1])", [False, False, True]),
    ("coalesce(null, 0)", 0),
    ("call(len, [[1, 2]], {})", 2),
    ("call(join, [','], {}, [a, b])", "a,b"),
    ("with(5, 6) -> $1 + $2", 11),
    ("[1, 2].unpack() -> $1 + $2", 3),
    ("[1, 2].unpack(x, y) -> $x - $y", -1),
    ("5.assert($ > 1, 'too small')", 5),
    ("def(f, $ + 1) -> f(f(1))", 3),
    ("let(1, b => 2) -> $1 + $b", 3),
]

LISTS = [
    ("list(1, 2, [3])", [1, 2, [3]]),
    ("list(range(2), 5)", [0, 1, 5]),
    ("[1].toList()", [1]),
    ("set(1, 2).add(3)", [1, 2, 3]),
    ("set(1, 2).remove(2)", [1]),
    ("set(1, 2, 3).difference(set(2))", [1, 3]),
    ("set(1, 2).intersect(set(2, 3))", [2]),
    ("set(1, 2).symmetricDifference(set(2, 3))", [1, 3]),
    ("set(1) < set(1, 2) and set(1, 2) >= set(1)", True),
    ("$.l.contains(6) and not $.l.contains(9)", True),
    ("$.l.delete(0)", [6, 7]),
    ("$.l.delete(1, 2)", [5]),
    ("$.d.deleteAll([a])", {"b": 2}),
    ("$.d.delete(a, b)", {}),
    ("$.d.set({c => 3})", {"a": 1, "b": 2, "c": 3}),
    ("$.d.set(c => 3, a => 0)", {"a": 0, "b": 2, "c": 3}),
    ("$.d.set('x.y', 1).get('x.y')", 1),
    ("$.l.insertMany(1, [0, 0])", [5, 0, 0, 6, 7]),
    ("$.l.replaceMany(0, [1, 2])", [1, 2, 6, 7]),
    ("$.l.replaceMany(0, [1, 2], 2)", [1, 2, 7]),
    ("$.l.replace(0, 9, 2)", [9, 7]),
    ("[1, 2] + [3]", [1, 2, 3]),
    ("dict(a => 1, b => [2])", {"a": 1, "b": [2]}),
    ("dict($.rows.select([$.k, $.v]))", {"x": 3, "y": 2}),
    ("$.rows.toDict($.v)", {"1": DATA["rows"][0], "2": DATA["rows"][1], "3": DATA["rows"][2]}),
    ("a in $.d.keys() and 1 in $.d.values()", True),
    ("isIterable([]) and isIterable(set()) and not isIterable(a)", True),
    ("2 * [1] + [0] * 2", [1, 1, 0, 0]),
]

QUERIES = [
    ("$.l.accumulate($1 + $2)", [5, 11, 18]),
    ("$.l.accumulate($1 + $2, 1)", [1, 6, 12, 19]),
    ("$.l.aggregate($1 + $2, 1)", 19),
    ("$.l.reduce($1 + $2)", 18),
    ("$.l.reduce($1 + $2, 2)", 20),
    ("[].reduce($1 + $2, 2)", 2),
    ("$.l.all($ > 4)", True),
    ("[1, 0].all()", False),
    ("$.l.any()", True),
    ("$.l.append(8, 9)", [5, 6, 7, 8, 9]),
    ("concat([1], [2], [3])", [1, 2, 3]),
    ("$.l.concat([2])", [5, 6, 7, 2]),
    ("$.rows.where($.k = x).count()", 2),
    ("[].defaultIfEmpty([1])", [1]),
    ("[2].defaultIfEmpty([1])", [2]),
    ("$.rows.distinct($.k).v", [1, 2]),
    ("$.l.enumerate(1)", [[1, 5], [2, 6], [3, 7]]),
    ("$.l.filter($ > 5)", [6, 7]),
    ("$.l.map($ * 2)", [10, 12, 14]),
    ("$.l.last()", 7),
    ("[].last(none)", "none"),
    ("[1, 2, 1].indexOf(1)", 0),
    ("[1, 2, 1].lastIndexOf(1)", 2),
    ("$.l.indexWhere($ > 5)", 1),
    ("$.l.lastIndexWhere($ < 7)", 1),
    ("[1].indexOf(5)", -1),
    ("sequence().take(3)", [0, 1, 2]),
    ("sequence(5, 2).take(3)", [5, 7, 9]),
    ("[4].single()", 4),
    ("$.l.skipWhile($ < 6)", [6, 7]),
    ("$.l.sliceWhere($ = 6)", [[5], [6], [7]]),
    ("$.l.splitWhere($ = 6)", [[5], [7]]),
    ("$.l.sum(10)", 28),
    ("$.l.max(9)", 9),
    ("$.l.min()", 5),
    ("$.l.min(1)", 1),
    ("$.rows.orderBy($.k).thenByDescending($.v).v", [3, 1, 2]),
    ("$.l.zipLongest([1], default => 0)", [[5, 1], [6, 0], [7, 0]]),
    ("$.l.zip([1, 2], [a, b, c])", [[5, 1, "a"], [6, 2, "b"]]),
    ("range(3).memorize().len()", 3),
    ("range(3)", [0, 1, 2]),
    ("range(5, 0, -2)", [5, 3, 1]),
    ("generate(1, $ < 9, $ * 3, $ + 1)", [2, 4]),
    ("generateMany([[1], 2], $.where(isIterable($))).len()", 2),
    ("$.rows.groupBy($.k, aggregator => $.len())", [["x", 2], ["y", 1]]),
    ("{a => {b => 1}}.mergeWith({a => {c => 2}})", {"a": {"b": 1, "c": 2}}),
    ("{a => [1]}.mergeWith({a => [1, 2]})", {"a": [1, 2]}),
    ("$.rows.selectMany([$.v, $.v]).len()", 6),
]

TEXTS = [
    ("isString(a) and not isString(1)", True),
    ("isEmpty(' ') and isEmpty(null) and not isEmpty(a)", True),
    ("isEmpty(' ', false)", False),
    ("norm(' a ')", "a"),
    ("norm(' ')", None),
    ("'A'.toLower()", "a"),
    ("abc.endsWith(bc, x)", True),
    ("abc.startsWith(x, a)", True),
    ("abc.toCharArray()", ["a", "b", "c"]),
    ("'a,b,c'.split(',', 1)", ["a", "b,c"]),
    ("'a b'.split()", ["a", "b"]),
    ("'a,b,c'.rightSplit(',', 1)", ["a,b", "c"]),
    ("abcb.lastIndexOf(b)", 3),
    ("abcb.indexOf(b, 2)", 3),
    ("abcb.lastIndexOf(b, 0, 2)", 1),
    ("'xxaxx'.trim(x)", "a"),
    ("$.s.trimLeft()", "a-b "),
    ("$.s.trimRight()", " a-b"),
    ("'aXbX'.replace(X, Y, 1)", "aYbX"),
    ("abc.substring(-2)", "bc"),
    ("b in abc", True),
    ("2 * ab", "abab"),
    ("str(12) + str(false)", "12false"),
    ("len(abc) + abc.len()", 6),
    ("isRegex(regex(a)) and not isRegex(a)", True),
    ("regex('B', ignoreCase => true).matches(abc)", True),
    ("regex('\\\\w').replaceBy('a1', $.value + '!')", "a!1!"),
    ("abc.replaceBy(regex(b), $.value.toUpper())", "aBc"),
    ("regex('b').search(abc, $.start)", 1),
    ("regex('.').searchAll(ab, $.end)", [1, 2]),
    ("regex(',').split('a,b,c', 1)", ["a", "b,c"]),
    ("'a,b'.split(regex(','))", ["a", "b"]),
    ("regex(b).replace(abcb, x, 1)", "axcb"),
]

NUMBERS = [
    ("bitwiseNot(0)", -1),
    ("max(1.5, 2)", 2),
    ("round(2.5) + round(7)", 9.0),
    ("float(null) + int(null)", 0.0),
    ("7 mod 4 + 7 / 2 + -1", 5),
    ("1 <= 1 and 2 >= 1 and 1 != 2 and not 1 = 2", True),
    ("isNumber(1) and isInteger(1) and not isInteger(1.0)", True),
]

WHEN = "datetime(2020, 1, 2, 3, 4, 5, 6)"
TIMES = [
    (f"{WHEN}.{name}", value)
    for name, value in {
        "year": 2020,
        "month": 1,
        "day": 2,
        "hour": 3,
        "minute": 4,
        "second": 5,
        "microsecond": 6,
        "weekday": 3,
        "date": "2020-01-02T00:00:00+00:00",
        "time": 11045.000006,
        "utc": "2020-01-02T03:04:05.000006+00:00",
        "offset": 0.0,
        "timestamp": 1577934245.000006,
    }.items()
] + [
    (f"{WHEN}.format('%Y-%m')", "2020-01"),
    (f"{WHEN}.replace(year => 1999).year", 1999),
    (f"isDatetime({WHEN}) and not isDatetime(1)", True),
    ("isTimespan(timespan(days => 1)) and not isTimespan(1)", True),
    ("timespan(days => 1, hours => 12).days", 1.5),
    ("timespan(hours => 1).hours", 1.0),
    ("timespan(minutes => 3).minutes", 3.0),
    ("timespan(seconds => 3).seconds", 3.0),
    ("timespan(milliseconds => 3).milliseconds", 3.0),
    ("timespan(microseconds => 3).microseconds", 3),
    ("utctz()", 0.0),
    (f"({WHEN} + timespan(days => 1)).day", 3),
    (f"{WHEN} < now()", True),
    ("timespan(days => 1) * 2 = timespan(days => 2)", True),
    ("timespan(days => 3) / timespan(days => 2)", 1.5),
]

CASES = LOGIC + LISTS + QUERIES + TEXTS + NUMBERS + TIMES


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_value_with_its_type(text: str, expected: Any, scope: Callable[..., Scope]):
    value = evaluate(f"<% {text} %>", scope(**DATA))

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    "text", ["[1, 2].single()", "[].single()", "5.assert($ > 9, 'too small')", "ceil(1.5)", "floor(1.5)", "json_dump()"]
)
def test_what_has_no_value_fails(text: str, scope: Callable[..., Scope]):
    with pytest.raises(ExpressionFailed):
        evaluate(f"<% {text} %>", scope(**DATA))


def test_every_function_of_the_library_has_a_case():
    context, names = create_context(), set[str]()
    while context is not None:
        names |= {name for name in context._functions if re.fullmatch("[a-zA-Z]+", name)}
        context = context.parent
    tables = "".join((Path(__file__).parent / name).read_text() for name in ("test_yaql.py", "test_yaql_library.py"))

    assert len(names) > 130
    assert {name for name in names if not re.search(rf"\b{name}\(", tables)} == set()
