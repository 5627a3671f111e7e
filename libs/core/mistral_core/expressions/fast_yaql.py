"""The fast path for YAQL: from the library's own tree to Python closures.

An evaluation by the library costs some 400 µs, most of it spent on finding
overloads. The common part of the language is compiled here instead. The library
keeps the last word: a step that meets anything unusual gives up (``BAIL``), and
the caller evaluates the same tree by the library. Steps count against no limit
but that of iterations: what they do takes time in proportion to the data, and
loops, which multiply, are bounded in time. What is built of the data is weighed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from yaql.language import expressions

from mistral_core.expressions import fast_operators as operators
from mistral_core.expressions.fast_collections import BUILDERS
from mistral_core.expressions.fast_functions import FUNCTIONS, LONGEST_RANGE, METHODS, Plain
from mistral_core.expressions.fast_loops import LOOPS, to_dict
from mistral_core.expressions.fast_programs import Fast, in_time, is_root, path_of, path_program, weighing
from mistral_core.expressions.fast_values import BAIL, Step, Unsupported, result, value_of
from mistral_core.expressions.limits import Limits
from mistral_core.expressions.scope import Scope

__all__ = ["BAIL", "Fast", "compile_tree"]

_ROOT = "$"


def compile_tree(tree: Any, limits: Limits, shadowed: Collection[str] = ()) -> Fast | None:
    """Return the parsed expression as a closure, or None if a part of it is not of the common subset.

    The closure raises one of ``BAIL`` where the library has to evaluate instead.

    Args:
        shadowed: Names of functions that someone put before those of the language.
    """
    compiler = _Compiler(limits.iterations, frozenset(shadowed))
    try:
        step = compiler.step(tree.expression)
    except (Unsupported, RecursionError):
        return None
    keys = path_of(tree.expression)
    if keys:
        return path_program(keys, step)
    program: Fast = lambda scope: result(step(scope, None))  # noqa: E731
    if compiler.seen.builds:
        program = weighing(program, limits.output_bytes)
    return in_time(program) if compiler.seen.loops else program


class _Seen:
    """What an expression was found to do."""

    __slots__ = ("builds", "loops")

    def __init__(self) -> None:
        self.builds = False
        self.loops = False


class _Compiler:
    """Turns nodes into steps; a second one, ``inside``, does so within a lambda, where ``$`` is the element."""

    def __init__(
        self, limit: int, shadowed: frozenset[str], *, inside: bool = False, seen: _Seen | None = None
    ) -> None:
        self._limit = limit
        self._shadowed = shadowed
        self._inside = inside
        self.seen = seen or _Seen()

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
            self.seen.builds = True
            return _list([self.step(item) for item in node.args])
        if kind is expressions.MapExpression:
            return self._map(node.args)
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
        if node.operator == "?." and type(right) is expressions.KeywordConstant:
            inner = operators.member_of(_element, right.value, self._limit)
            return operators.guarded_against_null(self.step(left), inner)
        self.seen.builds = self.seen.builds or node.operator == "+"
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
            if is_root(left):
                return _own_key(right.value, self._limit) if self._inside else _variable(right.value)
            return operators.member_of(self.step(left), right.value, self._limit)
        if type(right) is not expressions.Function or right.name in self._shadowed:
            raise Unsupported
        self.seen.builds = self.seen.builds or right.name in BUILDERS
        if right.name in LOOPS and len(right.args) == 1:
            return self._loop(left, right)
        if right.name == "toDict" and len(right.args) == 2:
            key, value = self._lambdas(left, right)
            return to_dict(self.step(left), key, value, self._limit)
        return self._call(METHODS, right, [left])

    def _loop(self, receiver: Any, call: Any) -> Step:
        (body,) = self._lambdas(receiver, call)
        return LOOPS[call.name](self.step(receiver), body, self._limit)

    def _lambdas(self, receiver: Any, call: Any) -> list[Step]:
        # A loop within a loop is compiled only over data of the element, so that work stays linear in the data.
        if self._inside and not _begins_with_root(receiver):
            raise Unsupported
        self.seen.loops = True
        inside = _Compiler(self._limit, self._shadowed, inside=True, seen=self.seen)
        return [inside.step(body) for body in call.args]

    def _function(self, node: Any) -> Step:
        if node.name in self._shadowed:
            raise Unsupported
        if node.name == "range" and (self._inside or self._limit < LONGEST_RANGE):
            # Inside a lambda it would make the work grow faster than the data.
            raise Unsupported
        if node.name == "coalesce" and node.args:
            return _coalesce([self.step(argument) for argument in node.args])
        if node.name == "switch" and node.args:
            return _switch([(self.step(rule.source), self.step(rule.destination)) for rule in _rules(node.args)])
        if node.name == "dict" and node.args:
            return self._map(node.args)
        return self._call(FUNCTIONS, node, [])

    def _call(self, table: Any, node: Any, receiver: list[Any]) -> Step:
        function = table.get((node.name, len(node.args)))
        if function is None:
            raise Unsupported
        return _applied(function, [self.step(argument) for argument in (*receiver, *node.args)])

    def _map(self, args: Any) -> Step:
        self.seen.builds = True
        pairs: list[tuple[str, Step]] = []
        for rule in _rules(args):
            if not isinstance(rule.source, expressions.Constant) or type(rule.source.value) is not str:
                raise Unsupported
            pairs.append((rule.source.value, self.step(rule.destination)))
        return _dict(pairs)


def _rules(args: Any) -> list[Any]:
    if all(type(rule) is expressions.MappingRuleExpression for rule in args):
        return list(args)
    raise Unsupported


def _begins_with_root(node: Any) -> bool:
    while type(node) is expressions.BinaryOperator and node.operator == ".":
        node = node.args[0]
    return is_root(node)


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


def _switch(rules: list[tuple[Step, Step]]) -> Step:
    def first_true(scope: Scope, it: Any) -> Any:
        for condition, value in rules:
            if value_of(condition(scope, it)):
                return value(scope, it)
        return None

    return first_true


def _list(items: list[Step]) -> Step:
    return lambda scope, it: [value_of(item(scope, it)) for item in items]


def _dict(pairs: list[tuple[str, Step]]) -> Step:
    return lambda scope, it: {key: value_of(value(scope, it)) for key, value in pairs}
