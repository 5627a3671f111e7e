"""Which texts are expressions, how they are checked, and how structures are rendered."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mistral_core.errors import ExpressionFailed, InvalidDefinition
from mistral_core.expressions import (
    Limits,
    Scope,
    check,
    compiled_render,
    configure,
    evaluate,
    is_expression,
    render,
)


@pytest.mark.parametrize("text", ["<% $ %>", "a <% $ %> b", "{{ _ }}", "{% if x %}", "<% %>", "{{ a\n }}"])
def test_is_an_expression(text: str):
    assert is_expression(text)


@pytest.mark.parametrize("text", ["", "plain", "<% $", "100% sure", "<div>%</div>", "{ { x } }", "<%\n%>", "}} {{"])
def test_is_no_expression(text: str):
    assert not is_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "<% $.a %>",
        "<% unknown_function(1) %>",
        "{{ _.x | unknown_filter }}",
        "{{ {'a': {'b': 1}} }}",
        "{% for x in _.l %}{{ x }}{% endfor %}",
        "a <% $.b %> c <% $.d %>",
    ],
)
def test_sound_text_passes(text: str):
    check(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("<% $. %>", "YAQL expression cannot be parsed: Parse error: unexpected end of statement"),
        ("<% %>", "unexpected end of statement"),
        ("ok <% $.a %> bad <% * %>", "unexpected '*'"),
        ("<% 'open %>", "Lexical error"),
        ("{{ _.x + }}", "Jinja expression cannot be parsed"),
        ("{% if x %}", "endif"),
        ("<% $.a %> {{ _.b }}", "YAQL and Jinja cannot be mixed"),
    ],
)
def test_fault_of_grammar_is_told_with_its_place(text: str, fault: str):
    with pytest.raises(InvalidDefinition) as failure:
        check(text, path="tasks.t.publish.x")

    assert fault in failure.value.reason
    assert failure.value.path == "tasks.t.publish.x"


STRUCTURE: dict[str, Any] = {
    "z": "<% $.a %>",
    "constant": {"deep": [1, "two", None]},
    "<% $.a %>": ["{{ _.a }}", {"x": "n=<% $.a %>"}, 5],
    "bool": True,
}
RENDERED: dict[str, Any] = {
    "z": 1,
    "constant": {"deep": [1, "two", None]},
    "<% $.a %>": [1, {"x": "n=1"}, 5],
    "bool": True,
}


@pytest.mark.parametrize("way", [render, lambda data, scope: compiled_render(data)(scope)])
def test_values_are_evaluated_and_keys_and_order_stay(way: Callable[..., Any], scope: Callable[..., Scope]):
    rendered = way(STRUCTURE, scope(a=1))

    assert rendered == RENDERED
    assert list(rendered) == list(STRUCTURE)


def test_data_that_looks_like_an_expression_is_not_evaluated_again(scope: Callable[..., Scope]):
    assert evaluate("<% $.x %>", scope(x="<% 1 + 1 %>")) == "<% 1 + 1 %>"
    assert evaluate("a <% $.x %>", scope(x="<% 1 + 1 %>")) == "a <% 1 + 1 %>"
    assert evaluate("{{ _.x }}", scope(x="{{ 1 + 1 }}")) == "{{ 1 + 1 }}"


def test_constant_structure_is_returned_as_it_is(scope: Callable[..., Scope]):
    data = {"a": [1, {"b": "plain"}]}

    assert compiled_render(data)(scope()) is data


def test_fault_in_a_compiled_structure_surfaces_when_it_is_called(scope: Callable[..., Scope]):
    program = compiled_render({"x": ["<% ( %>"]})

    for _ in range(2):
        with pytest.raises(ExpressionFailed, match="Parse error"):
            program(scope())


def test_first_layer_that_has_a_name_wins(scope: Callable[..., Scope]):
    facts = scope().facts
    layered = Scope([{"a": 1}, {"a": 2, "b": None}, {"b": 3, "c": 4}], facts)

    assert [layered["a"], layered["b"], layered["c"]] == [1, None, 4]
    assert layered.flatten() == {"a": 1, "b": None, "c": 4}
    assert layered.get("zz", 9) == 9
    assert "c" in layered
    assert "zz" not in layered
    assert evaluate("<% [$.a, $.b, $.c] %>", layered) == [1, None, 4]
    assert evaluate("<% $ %>", layered) == {"a": 1, "b": None, "c": 4}


class Signal(BaseException):
    """What the machine uses to break off an evaluation."""


@pytest.mark.parametrize("text", ["<% tasks(x).len() %>", "{{ tasks('x') }}", "<% task(x).result %>"])
def test_a_signal_of_the_facts_passes_through(text: str, scope: Callable[..., Scope]):
    class Interrupting(type(scope().facts)):  # type: ignore[misc]
        def tasks(self, *asked: Any) -> Any:
            raise Signal

        task = tasks

    with pytest.raises(Signal):
        evaluate(text, Scope([], Interrupting()))


class OneValue(Scope):
    """A scope whose root is a single value."""

    def flatten(self) -> Any:
        return [3, 4]


@pytest.mark.parametrize("text", ["<% $[0] %>", "<% $.first() %>", "<% $.reverse().last() %>", "{{ _[0] }}"])
def test_root_can_be_any_value(text: str, scope: Callable[..., Scope]):
    assert evaluate(text, OneValue([], scope().facts)) == 3


@pytest.fixture
def settings() -> Iterator[Callable[..., None]]:
    yield configure
    configure(limits=Limits(), languages=["yaql", "jinja"])


def test_a_language_can_be_switched_off(settings: Callable[..., None], scope: Callable[..., Scope]):
    settings(languages=["yaql"])

    assert evaluate("<% 1 %>", scope()) == 1
    with pytest.raises(ExpressionFailed, match="not allowed"):
        evaluate("{{ 1 }}", scope())
    with pytest.raises(InvalidDefinition, match="not allowed"):
        check("{{ 1 }}")


def test_unknown_language_is_refused(settings: Callable[..., None]):
    with pytest.raises(ValueError, match="perl"):
        settings(languages=["perl"])


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (Limits(steps=10), "<% $.l.orderBy($ * 2).thenBy($) %>"),
        (Limits(iterations=5), "<% range(10) %>"),
        (Limits(iterations=5), "{{ range(10) }}"),
        (Limits(output_bytes=20), "<% [$.l, $.l, $.l] %>".replace("$.l,", "$.l.reverse(),")),
        (Limits(output_bytes=20), "{{ 'a' * 30 }}"),
        (Limits(output_bytes=20), "{% for i in range(9) %}aaaaa{% endfor %}"),
        (Limits(memory_bytes=200), "<% 'a' * 1000 %>"),
        (Limits(depth=2), "<% [[[[$.l.reverse()]]]] %>"),
        (Limits(integer_bits=64), "<% pow(2, 70) %>"),
        (Limits(integer_bits=16), "{{ 300 * 300 }}"),
        (Limits(pattern_chars=3), "<% 'a' =~ 'aaaa' %>"),
        (Limits(text_chars=10), "<% 1 + 1 + 1 + 1 %>"),
    ],
)
def test_each_limit_can_be_set(limits: Limits, text: str, settings: Callable[..., None], scope: Callable[..., Scope]):
    settings(limits=limits)

    with pytest.raises(ExpressionFailed):
        evaluate(text, scope(l=[1, 2, 3, 4, 5]))
