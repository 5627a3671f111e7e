"""What is around a compiled expression of the fast path: short cuts, and guards for those that build or loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from yaql.language import expressions

from mistral_core.expressions.fast_values import VALUES, Bail, Step, result, weighed
from mistral_core.expressions.isolation import TimeIsUp, bounded
from mistral_core.expressions.scope import Scope

Fast = Callable[[Scope], Any]

_ROOT = "$"

# What may leave as a result without a further look.
_PASSED = VALUES - {float}


def is_root(node: Any) -> bool:
    return type(node) is expressions.GetContextValue and node.path.value == _ROOT


def path_of(node: Any) -> tuple[str, ...]:
    """Return the keys of ``$.a.b``; none if the expression is anything else."""
    if type(node) is not expressions.BinaryOperator or node.operator != ".":
        return ()
    left, right = node.args
    if type(right) is not expressions.KeywordConstant:
        return ()
    if is_root(left):
        return (right.value,)
    above = path_of(left)
    return (*above, right.value) if above else ()


def path_program(keys: tuple[str, ...], step: Step) -> Fast:
    first, *rest = keys

    def read(scope: Scope) -> Any:
        value = scope[first]
        for key in rest:
            if type(value) is not dict:
                return result(step(scope, None))
            value = value[key]
        return value if type(value) in _PASSED else result(step(scope, None))

    return read


def weighing(program: Fast, most: int) -> Fast:
    """Leave to the library what becomes too large, by size or by what it holds many times over."""

    def evaluate(scope: Scope) -> Any:
        value = program(scope)
        if type(value) is list or type(value) is dict:
            weighed(value, most)
        return value

    return evaluate


def in_time(program: Fast) -> Fast:
    def evaluate(scope: Scope) -> Any:
        try:
            return bounded(lambda: program(scope))
        except TimeIsUp:
            raise Bail from None

    return evaluate
