"""What Jinja texts yield."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from mistral_core.errors import ExpressionFailed
from mistral_core.expressions import Scope, evaluate

DATA: dict[str, Any] = {
    "a": 17,
    "s": "a-b-c",
    "l": [3, 1, 2],
    "d": {"x": {"y": 1}, "items": 5, "n": None},
    "rows": [{"k": "x", "v": 1}, {"k": "y", "v": 2}],
    "keys": "mine",
    "wide": "łódź 東京",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ _.a }}", 17),
        ("{{ _.a + 4 }}", 21),
        ("{{ _.a / 4 }}", 4.25),
        ("{{ _.a // 4 }}", 4),
        ("{{ 2 ** 10 }}", 1024),
        ("{{ -_.a + 3 }}", -14),
        ("{{- _.a -}}", 17),
        ("{{ _.l }}", [3, 1, 2]),
        ("{{ _.d.n }}", None),
        ("{{ _.d.x.y == 1 }}", True),
        ("{{ _['d']['x'] }}", {"y": 1}),
        ("{{ _.l[0] }}", 3),
        ("{{ _.l | sort }}", [1, 2, 3]),
        ("{{ _.l | sum }}", 6),
        ("{{ _.rows | map(attribute='k') }}", ["x", "y"]),
        ("{{ _.rows | selectattr('v', '>', 1) | list }}", [{"k": "y", "v": 2}]),
        ("{{ _.rows | groupby('k') }}", [["x", [{"k": "x", "v": 1}]], ["y", [{"k": "y", "v": 2}]]]),
        ("{{ _.s.split('-') }}", ["a", "b", "c"]),
        ("{{ _.s[2:] }}", "b-c"),
        ("{{ _.s ~ '!' ~ 1 }}", "a-b-c!1"),
        ("{{ '%s/%d' % ('x', 3) }}", "x/3"),
        ("{{ '{}-{a}'.format(1, a=2) }}", "1-2"),
        ("{{ _.wide | upper }}", "ŁÓDŹ 東京"),
        ("{{ _.wide | length }}", 7),
        ("{{ _.a is even }}", False),
        ("{{ _.nope is defined }}", False),
        ("{{ _.nope | default('none') }}", "none"),
        ("{{ {'a': {'b': 1}} }}", {"a": {"b": 1}}),
        ("{{ 'yes' if _.a > 1 else 'no' }}", "yes"),
        ("{{ range(3) }}", [0, 1, 2]),
        ("{{ range(3) | list }}", [0, 1, 2]),
        ("{{ _ | length }}", 7),
        ("{{ 'a' in _ }}", True),
        ("{{ _.d.x.keys() | list }}", ["y"]),
        # Names of variables win over methods of the context.
        ("{{ _.keys }}", "mine"),
        ("{{ _.d.items }}", 5),
    ],
)
def test_single_expression_keeps_its_type(text: str, expected: Any, scope: Callable[..., Scope]):
    value = evaluate(text, scope(**DATA))

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n={{ _.a }}, {{ _.d.n }}", "n=17, None"),
        ("{{ _.a }}{{ _.a }}", "1717"),
        (" {{ _.a }}", " 17"),
        ("{% if _.a %}yes{% endif %}", "yes"),
        ("{% for r in _.rows %}{{ loop.index }}{{ r.k }} {% endfor %}", "1x 2y "),
        ("{% for r in _.rows %}\n  {% if r.v > 1 %}\n{{ r.k }}\n  {% endif %}\n{% endfor %}", "y\n"),
        ("{% set l = [] %}{% for r in _.rows %}{% set _x = l.append(r.v) %}{% endfor %}{{ l }}", "[1, 2]"),
        ("{% set ns = namespace(n=0) %}{% for i in range(3) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "3"),
        ("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(1) }}", "<1>"),
        ("{% raw %}{{ _.a }}{% endraw %}", "{{ _.a }}"),
        ("a {# remark #}{{ _.a }}", "a 17"),
    ],
)
def test_text_is_rendered(text: str, expected: str, scope: Callable[..., Scope]):
    assert evaluate(text, scope(**DATA)) == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{{ _.nope }}", "'dict object' has no attribute 'nope'"),
        ("{{ [_.nope] }}", "'dict object' has no attribute 'nope'"),
        ("x {{ _.nope }}", "'dict object' has no attribute 'nope'"),
        ("{{ nope }}", "'nope' is undefined"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ _.s.__class__.__mro__ }}", "unsafe"),
        ("{{ _.s['__class__'] }}", "unsafe"),
        ("{{ ''.format.__globals__ }}", "unsafe"),
        ("{{ '{0.__class__}'.format(1) }}", "unsafe"),
        ("{{ _.a | nofilter }}", "No filter named 'nofilter'"),
        ("{{ _.a + }}", "unexpected"),
        ("{{ _.d.x.keys }}", "builtin_function_or_method"),
        ("{{ lipsum() }}", "'lipsum' is undefined"),
        ("{% include 'x' %}", "no loader"),
    ],
)
def test_fault_is_named_without_the_data(text: str, error: str, scope: Callable[..., Scope]):
    with pytest.raises(ExpressionFailed) as failure:
        evaluate(text, scope(secret="hunter2", **DATA))

    assert str(failure.value).startswith("Can not evaluate Jinja expression [expression=")
    assert error in failure.value.error
    assert "hunter2" not in str(failure.value)


@pytest.mark.parametrize(
    "text",
    [
        "{{ _.l.append(9) }}",
        "{% set _x = _.l.append(9) %}done",
        "{% set _x = _.d.update({'z': 1}) %}done",
        "{{ _.l | map('foo') }}",
        "{% set f = _.l['append'] %}{{ f(9) }}",
        "{{ task('t').result.append(9) }}",
        "{% set x = _.l %}{% set _y = x.clear() %}",
    ],
)
def test_data_cannot_be_changed(text: str, scope: Callable[..., Scope]):
    data = {"l": [1], "d": {}}
    tasks = {"t": {"result": [1]}}
    with suppress(ExpressionFailed):
        evaluate(text, scope({"tasks": tasks}, **data))

    assert data == {"l": [1], "d": {}}
    assert tasks == {"t": {"result": [1]}}


def test_random_filter_is_the_same_on_every_replay(scope: Callable[..., Scope]):
    first, second = (evaluate("{{ [1, 2, 3, 4, 5] | random }}", scope()) for _ in range(2))

    assert first == second
