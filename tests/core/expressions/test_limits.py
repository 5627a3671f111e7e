"""No expression takes all memory or all time; each of these would without the limits."""

from collections.abc import Callable

import pytest

from mistral_core.errors import ExpressionFailed
from mistral_core.expressions import Scope, evaluate

YAQL = [
    "[0] * 2000000000",
    "2000000000 * [0]",
    "'a' * 2000000000",
    "2000000000 * 'a'",
    "pow(10, 1000000000)",
    "shiftBitsLeft(1, 100000000000)",
    "range(10000000000).len()",
    "range(10000000000)",
    "sequence()",
    "sequence().len()",
    "sequence().count()",
    "sequence().sum()",
    "sequence().toList()",
    "[1].cycle()",
    "x.repeat()",
    "x.repeat().len()",
    "generate(1, true, $)",
    "generateMany(1, sequence())",
    "generateMany(1, [$, $])",
    "sequence().where(false)",
    "[sequence()].flatten().len()",
    "range(1000).select(range(1000).select(1).len()).len()",
    "range(90000).select(range(90000).len()).len()",
    "range(90000).select(range(90000).where(1).len()).len()",
    "('a' * 1000000).replace('', 'b' * 1000000)",
    "regex('').replace('a' * 1000000, 'b' * 1000000)",
    "range(100000).join('a' * 1000000)",
    "range(200).aggregate($1 * $1, 10)",
    "'{:100000000}'.format(1)",
    "('a' * 3000) =~ ('a' * 3000)",
    "range(90000).select('a' * 1000)",
]

JINJA = [
    "{{ [0] * 2000000000 }}",
    "{{ 'a' * 2000000000 }}",
    "{{ 10 ** 1000000000 }}",
    "{{ range(10000000000) }}",
    "{{ range(10**40) }}",
    "{{ 'a'.center(2000000000) }}",
    "{{ 'a' | center(2000000000) }}",
    "{{ 'a'.ljust(2000000000) }}",
    "{{ '1'.zfill(2000000000) }}",
    "{{ '%2000000000d' % 1 }}",
    "{{ '%*d' % (2000000000, 1) }}",
    "{{ '{:2000000000}'.format(1) }}",
    "{{ '{:{w}}'.format(1, w=2000000000) }}",
    "{{ '%2000000000d' | format(1) }}",
    "{{ ('a' * 1000000) | replace('', 'b' * 1000000) }}",
    "{{ ('a' * 1000000).replace('', 'b' * 1000000) }}",
    "{{ range(100000) | join('a' * 1000000) }}",
    "{{ [1] | batch(2000000000, 'x') | list }}",
    "{{ [1] | slice(2000000000) | list }}",
    "{{ (1).to_bytes(2000000000, 'big') }}",
    "{{ 'a' | indent(2000000000, true) }}",
    "{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}",
    "{% set n = namespace(s='aaaaaaaa') %}{% for i in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
    "{% set n = namespace(s='aaaaaaaa') %}{% for i in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}",
    "{% set n = namespace(s='a') %}{% for i in range(60) %}{% set n.s %}{{ n.s }}{{ n.s }}{% endset %}{% endfor %}",
    "{% set n = namespace(l=[1]) %}{% for i in range(60) %}{% set n.l = n.l + n.l %}{% endfor %}",
    "{% set l = [1] %}{% for i in range(60) %}{% set _x = l.extend(l) %}{% endfor %}",
    "{% for i in range(90000) %}{{ 'a' * 1000 }}{% endfor %}",
    "{% macro m(x) %}{{ m(x) }}{% endmacro %}{{ m(1) }}",
]


@pytest.mark.parametrize("text", [*(f"<% {text} %>" for text in YAQL), *JINJA])
def test_bomb_fails_before_it_goes_off(text: str, scope: Callable[..., Scope]):
    with pytest.raises(ExpressionFailed):
        evaluate(text, scope())


def test_large_but_ordinary_work_is_let_through(scope: Callable[..., Scope]):
    rows = [{"n": n, "even": n % 2 == 0} for n in range(10_000)]

    assert len(evaluate("<% $.rows.where($.even).select($.n) %>", scope(rows=rows))) == 5_000
    assert len(evaluate("{{ _.rows | selectattr('even') | map(attribute='n') | list }}", scope(rows=rows))) == 5_000


def test_deep_nesting_fails_as_an_expression(scope: Callable[..., Scope]):
    deep: list[object] = []
    for _ in range(5_000):
        deep = [deep]
    for text in (
        "<% $.deep.slice(1) %>",
        "{{ [_.deep] }}",
        f"<% {'(' * 5_000}1{')' * 5_000} %>",
        f"<% {'-' * 5_000}1 %>",
    ):
        with pytest.raises(ExpressionFailed):
            evaluate(text, scope(deep=deep))


ENDLESS = [
    "(a+)+$",
    "(a*)*b",
    "((a+))+",
    "([a-z]+)*$",
    "(\\w+\\s*)+$",
    "(?:a+|b)+c",
    "x(y(a+)+)z",
    "(a+?)+b",
    "(?=(a+)+b)a",
]
SOUND = [
    "a+",
    "(a)+",
    "(a+)",
    "(\\d+,)*",
    "([a-z]+-)+x",
    "(?:ab+c)*",
    "(a|b)*",
    "(.|\\n)*",
    "(\\w+)@(\\w+)",
    "(a{1,3})+",
    "(a+b)+",
]


@pytest.mark.parametrize("pattern", ENDLESS)
def test_regular_expression_that_might_never_end_is_refused(pattern: str, scope: Callable[..., Scope]):
    with pytest.raises(ExpressionFailed, match="might never end"):
        evaluate("<% $.text =~ $.pattern %>", scope(text="a" * 40 + "!", pattern=pattern))


@pytest.mark.parametrize("pattern", SOUND)
def test_ordinary_regular_expression_is_let_through(pattern: str, scope: Callable[..., Scope]):
    evaluate("<% regex($.pattern).matches($.text) %>", scope(text="a" * 40 + "!", pattern=pattern))
