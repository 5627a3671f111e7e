"""The fast path for YAQL says what the library says, and is really taken."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mistral_core.errors import ExpressionFailed
from mistral_core.expressions import Limits, Scope
from mistral_core.expressions.fast_yaql import BAIL, compile_tree
from mistral_core.expressions.functions import BUILTIN
from mistral_core.expressions.yaql_language import YaqlLanguage

LIBRARY = YaqlLanguage(Limits(), BUILTIN, fast=False)
BOTH = YaqlLanguage(Limits(), BUILTIN)


class Facts:
    """Facts whose content is part of each example."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def env(self) -> Any:
        return self._data

    def execution(self) -> Any:
        return {"id": "e", "input": self._data}

    def task(self, name: str | None) -> Any:
        return {"name": name, "result": self._data} if name in (None, "t") else None

    def tasks(self, *asked: Any) -> Any:
        return []

    def executions(self, **filters: Any) -> Any:
        return []

    def global_(self, name: str) -> Any:
        return self._data.get(name)

    def uuid(self) -> str:
        return "00000000-0000-4000-8000-000000000000"

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


# --- Data: names whose values have a usual shape, which one in twenty breaks ---

NUMBERS = st.one_of(
    st.integers(-9, 9), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([2**70, 0])
)
TEXTS = st.one_of(st.sampled_from(["", "a", "active", "a,b", " x ", "12", "ß", "🚀"]), st.text(max_size=4))
SCALARS = st.one_of(NUMBERS, TEXTS, st.booleans(), st.none())
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abkn"), inner, max_size=3)),
    max_leaves=6,
)
ROWS = st.lists(
    st.fixed_dictionaries({"n": NUMBERS, "state": st.sampled_from(["active", "down"]), "up": st.booleans()}, optional={
        "l": st.lists(NUMBERS, max_size=3)
    }),
    max_size=4,
)  # fmt: skip


def usually(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 19).flatmap(lambda die: ANYTHING if die == 13 else strategy)


DATA = st.fixed_dictionaries(
    {
        "n": usually(NUMBERS),
        "i": usually(st.integers(-3, 3)),
        "s": usually(TEXTS),
        "b": usually(st.booleans()),
        "d": usually(st.fixed_dictionaries({"a": NUMBERS, "k": TEXTS, "deep": st.fixed_dictionaries({"x": ANYTHING})})),
        "l": usually(st.one_of(st.lists(st.integers(-9, 9), min_size=1, max_size=4), st.lists(NUMBERS, max_size=4))),
        "ls": usually(st.lists(TEXTS, max_size=4)),
        "rows": usually(ROWS),
        "any": ANYTHING,
    }
)

# --- Expressions: text and the shapes it is made of ---

Shaped = tuple[str, frozenset[str]]


def literal(text: str, shape: str) -> st.SearchStrategy[Shaped]:
    return st.just((text, frozenset([shape])))


def form(shape: str, template: str, *parts: st.SearchStrategy[Shaped]) -> st.SearchStrategy[Shaped]:
    def build(made: tuple[Shaped, ...]) -> Shaped:
        return template.format(*(text for text, _ in made)), frozenset([shape]).union(*(s for _, s in made))

    return st.tuples(*parts).map(build)


number_leaf = st.one_of(
    literal("$.n", "variable"),
    literal("$.i", "variable"),
    literal("$.d.a", "path"),
    literal("$.l[0]", "index"),
    literal("$.l[-1]", "index"),
    literal("$.d[a]", "index"),
    literal("7", "literal"),
    literal("1.5", "literal"),
    literal("0", "literal"),
    literal("$.l.len()", "len"),
    literal("len($.s)", "len"),
    literal("$.l.sum()", "sum"),
    literal("$.rows.where($.state = active).len()", "where"),
    literal("task().result.n", "task"),
    literal("env().i", "env"),
    literal("execution().input.i", "execution"),
    literal("global(i)", "global"),
    literal("$.get(n)", "get"),
    literal("$.d.get(zz, 4)", "get"),
    literal("int($.s)", "int"),
    literal("int($.n)", "int"),
    literal("float($.n)", "float"),
    literal("$.rows.first().n", "first"),
)
numbers = st.recursive(
    number_leaf,
    lambda inner: st.one_of(
        *(
            form(f"arithmetic {operator}", f"({{}} {operator} {{}})", inner, inner)
            for operator in ("+", "-", "*", "/", "mod")
        ),
        form("minus", "-{}", inner),
    ),
    max_leaves=4,
)
text_leaf = st.one_of(
    literal("$.s", "variable"),
    literal("$.d.k", "path"),
    literal("'x-'", "literal"),
    literal("active", "literal"),
    literal("str($.n)", "str"),
    literal("str($.b)", "str"),
    literal("$.ls.join(',')", "join"),
    literal("','.join($.ls)", "join"),
    literal("$.s.split(',').last()", "split"),
    literal("$.s.toUpper()", "text method"),
    literal("$.s.trim()", "text method"),
    literal("task(t).name", "task"),
    literal("env().s", "env"),
)
texts = st.one_of(text_leaf, form("text +", "({} + {})", text_leaf, text_leaf), text_leaf)
lists = st.one_of(
    literal("$.l", "variable"),
    literal("$.ls", "variable"),
    literal("$.rows.n", "members"),
    literal("$.rows.select($.n)", "select"),
    literal("$.rows.where($.up).select($.state)", "where"),
    literal("$.rows.where($.n > 0).n", "where"),
    literal("$.l.where($ > 0 and $ < 5)", "where"),
    literal("$.rows.select({{id => $.n, on => $.up}})".replace("{{", "{").replace("}}", "}"), "select"),
    literal("$.l.select($ + 1).toList()", "toList"),
    literal("$.rows.select($.l.where($ > 0).len())", "nested"),
    literal("$.rows.select($.n * 2).where($ > 2)", "select"),
    form("list literal", "[{}, {}]", numbers, texts),
    form("list +", "({} + {})", literal("$.l", "variable"), literal("$.ls", "variable")),
)
dicts = st.one_of(
    literal("$.d", "variable"),
    form("dict literal", "{{k => {}, a => {}}}", numbers, texts),
    literal("($.d + {{z => 1}})".replace("{{", "{").replace("}}", "}"), "dict +"),
)
values = st.one_of(numbers, texts, lists, dicts, literal("$.any", "variable"), literal("null", "literal"))
booleans = st.recursive(
    st.one_of(
        *(
            form(f"comparison {operator}", f"({{}} {operator} {{}})", numbers, numbers)
            for operator in ("<", "<=", ">", ">=", "=", "!=")
        ),
        form("comparison of texts", "({} < {})", texts, texts),
        form("equality", "({} = {})", values, values),
        form("in", "({} in {})", numbers, lists),
        form("in text", "({} in {})", texts, texts),
        literal("$.b", "variable"),
        literal("$.d.containsKey(a)", "containsKey"),
        literal("$.l.contains(0)", "contains"),
        literal("$.s.startsWith(a)", "text test"),
        form("kind", "isString({})", values),
        form("kind", "isNumber({})", values),
        form("bool", "bool({})", values),
    ),
    lambda inner: st.one_of(
        form("and", "({} and {})", inner, inner), form("or", "({} or {})", inner, inner), form("not", "not {}", inner)
    ),
    max_leaves=4,
)
expressions = st.one_of(
    values, booleans, form("coalesce", "coalesce({}, {})", values, values), form("or", "({} or {})", values, values)
)

SHAPES = [
    "variable", "path", "index", "literal", "len", "sum", "where", "select", "members", "nested", "toList", "task", "env",
    "execution", "global", "get", "int", "float", "first", "arithmetic +", "arithmetic -", "arithmetic *", "arithmetic /",
    "arithmetic mod", "minus", "str", "join", "split", "text method", "text +", "list literal", "list +", "dict literal",
    "dict +", "comparison <", "comparison <=", "comparison >", "comparison >=", "comparison =", "comparison !=",
    "comparison of texts", "equality", "in", "in text", "containsKey", "contains", "text test", "kind", "bool", "and",
    "or", "not", "coalesce",
]  # fmt: skip


def outcome(language: YaqlLanguage, text: str, data: dict[str, Any]) -> tuple[str, str]:
    """Return value or error, as text that tells types, order and the sign of zero."""
    program = language.compile(f"<% {text} %>")
    try:
        return "value", repr(program(Scope([data], Facts(data))))
    except ExpressionFailed as failure:
        return "error", str(failure)


def took_fast_path(text: str, data: dict[str, Any]) -> bool:
    fast = compile_tree(BOTH.parse(text), Limits())
    assert fast is not None, f"{text} is not compiled"
    try:
        fast(Scope([data], Facts(data)))
    except BAIL:
        return False
    return True


comparisons = st.one_of(
    *(
        form(f"comparison {operator}", f"({{}} {operator} {{}})", numbers, numbers)
        for operator in ("=", "!=", "<", ">")
    ),
    form("coalesce", "coalesce({}, {})", values, values),
)

KINDS = {
    "numbers": numbers,
    "texts": texts,
    "lists": lists,
    "dicts": dicts,
    "booleans": booleans,
    "comparisons": comparisons,
    "mixed": expressions,
}
HITS: Counter[str] = Counter()


@pytest.mark.parametrize("kind", KINDS)
def test_fast_path_and_library_agree(kind: str):
    cases: Counter[bool] = Counter()

    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
    @given(shaped=KINDS[kind], data=DATA)
    def agree(shaped: Shaped, data: dict[str, Any]) -> None:
        text, shapes = shaped
        assert outcome(BOTH, text, data) == outcome(LIBRARY, text, data)
        fast = took_fast_path(text, data)
        cases[fast] += 1
        HITS.update(shapes if fast else ())

    agree()
    # A comparison that never reaches the fast path would prove nothing.
    assert cases[True] >= cases[False], cases


def test_every_shape_was_reached_by_the_comparison_above():
    if not HITS:
        pytest.skip("runs after the comparison only")
    assert {shape: HITS[shape] for shape in SHAPES if HITS[shape] < 3} == {}


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
        "not null and not ''",
    ],
)
def test_odd_corners_are_the_same_either_way(text: str):
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

    assert outcome(BOTH, text, data) == outcome(LIBRARY, text, data)


def test_values_are_shared_not_copied():
    data = {"big": {"list": list(range(100))}}

    assert BOTH.compile("<% $.big.list %>")(Scope([data], Facts(data))) is data["big"]["list"]


def test_a_function_put_before_a_builtin_one_is_not_bypassed():
    language = YaqlLanguage(Limits(), {**BUILTIN, "len": lambda scope, value: "mine"})

    assert language.compile("<% len([1]) %>")(Scope([], Facts({}))) == "mine"
