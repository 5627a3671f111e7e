"""Where the fast path for YAQL could differ from the library, and does not."""

from collections.abc import Callable
from typing import Any

import pytest

from mistral_core.expressions import Limits, Scope, evaluate
from mistral_core.expressions.functions import BUILTIN
from mistral_core.expressions.yaql_language import YaqlLanguage


@pytest.mark.parametrize(
    "text",
    [
        # An iterator is true, equal to nothing and has no index, whatever it holds.
        "$.l.where($ > 100) or other",
        "$.l.where($ > 0) = $.l.where($ > 0)",
        "$.l.where($ > 0) = [1, 2]",
        "$.l.select($)[0]",
        "not $.l.where(false)",
        "$.l.select($).toList()[0]",
        "bool($.l.select($))",
        "[$.l.select($)]",
        "$.l.select($) + $.l",
        # Kinds that look alike.
        "true + 1",
        "true = 1",
        "$.l[true]",
        "1 = 1.0",
        "str($.l)",
        "str($.d)",
        "str(1.0)",
        "int(true)",
        "int(one)",
        "int('1_000')",
        "null < 1",
        "1 < null",
        "'a' < 1",
        "null.a",
        "$.s.a",
        "$.d.a.b",
        "$.nope",
        "$.d.nope",
        "$.l[9]",
        "$.l.nope()",
        "$.rows.nope",
        "$.mixed.n",
        "10 / 0",
        "10 mod 0",
        "-7 / 2",
        "-7 mod 3",
        "1.0 / 3",
        "$.big * $.big",
        "$.big + 1",
        "$.d + $.l",
        "$.d = {a => 1, k => v}",
        "{a => 1, a => 2}",
        "{$.s => 1}",
        "[]",
        "{}",
        "$",
        "$.len()",
        "$.get(nope)",
        "$.get(nope, $.d)",
        "k in $.d",
        "$.d in [$.d]",
        "nope()",
        "task(nope).result",
        "task(1)",
        "env()",
        "env().keys()",
        "task()",
        "[].first()",
        "[].sum()",
        "$.ls.sum()",
        "[1.5, 2.5].sum()",
        "$.l.join(',')",
        "$.l.select($.x)",
        "coalesce(null, null)",
        "coalesce(null, $.nope)",
        "'ab' in $.l",
        "$.rows.select($.l.select($))",
        "$.rows.where($.l.where($ > 1))",
        "switch($.n = 1 => one, true => other)",
        "$.d?.a",
        "$.l.orderBy($).len()",
        "$.d.values().len()",
        "$.d.keys()[0]",
        "$.d.keys() = $.d.keys()",
        "$.l.orderBy($) or other",
        "[3, true].orderBy($)",
        "[3, a].orderBy($)",
        "[true].orderBy($)",
        "[null].orderBy($.nope)",
        "[[2, x], [1, y], [2, z]].orderBy($[0])",
        "[[2, x], [1, y], [2, z]].orderByDescending($[0])",
        "$.rows.orderByDescending($.n).thenBy($.l.len())",
        "$.l.any()",
        "$.l.any($ > 1) and not $.l.all($ > 1)",
        "[].all($.nope)",
        "[1, a].any($ > 0)",
        "1 in $.l.select($)",
        "'1' in $.d",
        "not null and not ''",
    ],
)
def test_odd_corners_are_the_same_either_way(text: str, ways: Any):
    data = {
        "l": [1, 2],
        "ls": ["a", "b"],
        "d": {"a": 1, "k": "v"},
        "s": "text",
        "n": 1,
        "big": 2**80,
        "rows": [{"n": 1, "l": [1, 2]}, {"n": 2, "l": []}],
        "mixed": [{"n": 1}, 5, [{"n": 2}]],
    }

    assert ways.usual(text, data) == ways.library(text, data)


def test_values_are_shared_not_copied(scope: Callable[..., Scope]):
    data = {"big": {"list": list(range(100))}}

    assert evaluate("<% $.big.list %>", scope(**data)) is data["big"]["list"]


def test_a_function_put_before_a_builtin_one_is_not_bypassed(scope: Callable[..., Scope]):
    language = YaqlLanguage(Limits(), {**BUILTIN, "len": lambda scope, value: "mine"})

    assert language.compile("<% len([1]) %>")(scope()) == "mine"


@pytest.mark.parametrize(
    "text",
    [
        "$.l.first(7)",
        "[].last(7)",
        "$.l.max()",
        "$.l.min()",
        "max($.n, 2)",
        "min($.n, 2)",
        "abs(-$.n)",
        "round(2.5)",
        "round(2.567, 2)",
        "$.l.indexOf(2)",
        "$.s.indexOf(x)",
        "$.d?.a",
        "$.nil?.a",
        "$.d.items()",
        "$.d.items().select($[0])",
        "switch($.n = 2 => one, true => two)",
        "concat($.s, '-', $.s)",
        "'{0}-{1:>3}'.format($.s, $.n)",
        "'{}'.format($.d)",
        "$.s.replace(t, x)",
        "$.s.substring(1, 2)",
        "$.s.split(e)[0]",
        "json_dump($.d)",
        "json_parse('[1]')",
        "$.l.limit(1)",
        "$.l.skip(1)",
        "$.l.reverse()",
        "$.l.append(3)",
        "[1, 1].distinct()",
        "[[1, [2]], 3].flatten()",
        "$.ls.enumerate()",
        "$.l.zip($.ls)",
        "range(3)",
        "range(5, 0, -2)",
        "dict(a => $.n, b => 2)",
        "$.d.set(z, 1)",
        "$.d.set({z => 1})",
        "$.d.delete(a)",
        "$.rows.toDict($.k, $.n)",
        "isEmpty(' ')",
        "[1, null, a, true].join(',')",
        "$.l.any()",
        "uuid().len()",
    ],
)
def test_common_shapes_are_compiled(text: str, ways: Any):
    data = {"l": [1, 2], "ls": ["a", "b"], "d": {"a": 1, "k": "v"}, "s": "text", "n": 1, "nil": None,
            "rows": [{"n": 1, "k": "x"}, {"n": 2, "k": "y"}]}  # fmt: skip

    assert ways.is_fast(text, data)
    assert ways.usual(text, data) == ways.library(text, data)


def test_what_is_built_of_the_data_stays_within_the_limits(ways: Any):
    data = {"big": "a" * 100_000, "l": list(range(60_000))}
    doubled = "[" + ", ".join(["$.big"] * 90) + "]"

    assert not ways.is_fast(doubled, data)
    assert not ways.is_fast("$.l + $.l", data)
    assert ways.usual(doubled, data)[0] == "error"
