"""The fast path for YAQL: from the library's own tree to Python closures.

An evaluation by the library costs some 400 µs, most of it spent on finding
overloads. The common part of the language is compiled here instead. The library
keeps the last word: a step that meets anything unusual gives up (``BAIL``), and
the caller evaluates the same tree by the library. Steps count against no limit
but that of iterations: what they do takes time in proportion to the data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from yaql.language import expressions

from mistral_core.expressions import fast_operators as operators
from mistral_core.expressions.fast_functions import FUNCTIONS, METHODS, Plain
from mistral_core.expressions.fast_loops import LOOPS
from mistral_core.expressions.fast_values import BAIL, VALUES, Step, Unsupported, result, value_of
from mistral_core.expressions.limits import Limits
from mistral_core.expressions.scope import Scope

__all__ = ["BAIL", "Fast", "compile_tree"]

Fast = Callable[[Scope], Any]

_ROOT = "$"

# What may leave as a result without a further look.
_PASSED = VALUES - {float}


def compile_tree(tree: Any, limits: Limits, shadowed: Collection[str] = ()) -> Fast | None:
    """Return the parsed expression as a closure, or None if a part of it is not of the common subset.

    The closure raises one of ``BAIL`` where the library has to evaluate instead.

    Args:
        shadowed: Names of functions that someone put before those of the language.
    """
    try:
        step = _Compiler(limits.iterations, frozenset(shadowed)).step(tree.expression)
    except (Unsupported, RecursionError):
        return None
    keys = _path(tree.expression)
    return _path_program(keys, step) if keys else lambda scope: result(step(scope, None))


def _path(node: Any) -> tuple[str, ...]:
    """Return the keys of ``$.a.b``; none if the expression is anything else."""
    if type(node) is not expressions.BinaryOperator or node.operator != ".":
        return ()
    left, right = node.args
    if type(right) is not expressions.KeywordConstant:
        return ()
    if _is_root(left):
        return (right.value,)
    above = _path(left)
    return (*above, right.value) if above else ()


def _path_program(keys: tuple[str, ...], step: Step) -> Fast:
    first, *rest = keys

    def read(scope: Scope) -> Any:
        value = scope[first]
        for key in rest:
            if type(value) is not dict:
                return result(step(scope, None))
            value = value[key]
        return value if type(value) in _PASSED else result(step(scope, None))

    return read


class _Compiler:
    """Turns nodes into steps; a second one, ``inside``, does so within a lambda, where ``$`` is the element."""

    def __init__(self, limit: int, shadowed: frozenset[str], *, inside: bool = False) -> None:
        self._limit = limit
        self._shadowed = shadowed
        self._inside = inside

    def step(self, node: Any) -> Step:
        kind = type(node)
        if kind is expressions.Wrap:
            return self.step(node.expr)
        if kind is expressions.Constant or kind is expressions.KeywordConstant:
            return _constant(node.value)
        if kind is expressions.GetContextValue:
            return self._root(node)
        if kind is expressions.BinaryOperator:
            return self._binary(node)
        if kind is expressions.UnaryOperator:
            return self._unary(node)
        if kind is expressions.IndexExpression and len(node.args) == 2:
            return operators.element(self.step(node.args[0]), self.step(node.args[1]))
        if kind is expressions.ListExpression:
            return _list([self.step(item) for item in node.args])
        if kind is expressions.MapExpression:
            return self._map(node)
        if kind is expressions.Function:
            return self._function(node)
        raise Unsupported

    def _root(self, node: Any) -> Step:
        if node.path.value != _ROOT:
            raise Unsupported
        return _element if self._inside else _whole

    def _binary(self, node: Any) -> Step:
        left, right = node.args
        if node.operator == ".":
            return self._dot(left, right)
        build = operators.BINARY.get(node.operator)
        if build is None:
            raise Unsupported
        return build(self.step(left), self.step(right))

    def _unary(self, node: Any) -> Step:
        build = operators.UNARY.get(node.operator)
        if build is None:
            raise Unsupported
        return build(self.step(node.args[0]))

    def _dot(self, left: Any, right: Any) -> Step:
        if type(right) is expressions.KeywordConstant:
            if _is_root(left):
                return _own_key(right.value, self._limit) if self._inside else _variable(right.value)
            return operators.member_of(self.step(left), right.value, self._limit)
        if type(right) is not expressions.Function or right.name in self._shadowed:
            raise Unsupported
        if right.name in LOOPS and len(right.args) == 1:
            return self._lambda(left, right)
        return self._call(METHODS, right, [left])

    def _lambda(self, receiver: Any, call: Any) -> Step:
        # A loop within a loop is compiled only over data of the element, so that work stays linear in the data.
        if self._inside and not _begins_with_root(receiver):
            raise Unsupported
        body = _Compiler(self._limit, self._shadowed, inside=True).step(call.args[0])
        return LOOPS[call.name](self.step(receiver), body, self._limit)

    def _function(self, node: Any) -> Step:
        if node.name in self._shadowed:
            raise Unsupported
        if node.name == "coalesce" and node.args:
            return _coalesce([self.step(argument) for argument in node.args])
        return self._call(FUNCTIONS, node, [])

    def _call(self, table: Any, node: Any, receiver: list[Any]) -> Step:
        function = table.get((node.name, len(node.args)))
        if function is None:
            raise Unsupported
        return _applied(function, [self.step(argument) for argument in (*receiver, *node.args)])

    def _map(self, node: Any) -> Step:
        pairs: list[tuple[str, Step]] = []
        for rule in node.args:
            if type(rule) is not expressions.MappingRuleExpression or not isinstance(rule.source, expressions.Constant):
                raise Unsupported
            if type(rule.source.value) is not str:
                raise Unsupported
            pairs.append((rule.source.value, self.step(rule.destination)))
        return _dict(pairs)


def _is_root(node: Any) -> bool:
    return type(node) is expressions.GetContextValue and node.path.value == _ROOT


def _begins_with_root(node: Any) -> bool:
    while type(node) is expressions.BinaryOperator and node.operator == ".":
        node = node.args[0]
    return _is_root(node)


def _constant(value: Any) -> Step:
    return lambda scope, it: value


def _whole(scope: Scope, it: Any) -> Any:
    return scope.flatten()


def _element(scope: Scope, it: Any) -> Any:
    return it


def _variable(name: str) -> Step:
    return lambda scope, it: scope[name]


def _own_key(key: str, limit: int) -> Step:
    general = operators.member_of(_element, key, limit)

    def read(scope: Scope, it: Any) -> Any:
        return it[key] if type(it) is dict else general(scope, it)

    return read


def _applied(function: Plain, arguments: list[Step]) -> Step:
    match arguments:
        case []:
            return lambda scope, it: function(scope)
        case [only]:
            return lambda scope, it: function(scope, only(scope, it))
        case [first, second]:
            return lambda scope, it: function(scope, first(scope, it), second(scope, it))
    return lambda scope, it: function(scope, *[argument(scope, it) for argument in arguments])


def _coalesce(arguments: list[Step]) -> Step:
    def first_set(scope: Scope, it: Any) -> Any:
        for argument in arguments:
            value = argument(scope, it)
            if value is not None:
                return value
        return None

    return first_set


def _list(items: list[Step]) -> Step:
    return lambda scope, it: [value_of(item(scope, it)) for item in items]


def _dict(pairs: list[tuple[str, Step]]) -> Step:
    return lambda scope, it: {key: value_of(value(scope, it)) for key, value in pairs}
