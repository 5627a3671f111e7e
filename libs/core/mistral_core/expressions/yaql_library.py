"""The one door to the yaql library, which has no types of its own.

Parsing, the root context with every function, and evaluation. What YAQL means
is the library's business; the guards that bound it are in ``yaql_guards``.
"""

from __future__ import annotations

import collections.abc  # noqa: F401  (yaql uses it without importing it)
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from yaql import create_context
from yaql.language import contexts, exceptions, factory, specs, utils, yaqltypes

from mistral_core.expressions.faults import wording
from mistral_core.expressions.frozen import freeze
from mistral_core.expressions.functions import Function
from mistral_core.expressions.limits import LimitReached, Limits
from mistral_core.expressions.plain import plain
from mistral_core.expressions.scope import Scope

Tree = Any
Context = Any

ParseError = exceptions.YaqlParsingException

# No expression can spell these names, so none can reach what they hold.
_SCOPE = "#scope"

# An item that only passes by costs far less than a call.
_ITEM_COST = 0.02

# The library's lexer and parser keep the state of a parse in themselves.
_PARSING = threading.Lock()


class YaqlLibrary:
    """A parser and a root context; building one takes some 50 ms, an evaluation uses it as it is."""

    def __init__(self, limits: Limits, functions: Mapping[str, Function]) -> None:
        self._limits = limits
        options = {
            "yaql.limitIterators": limits.iterations,
            "yaql.memoryQuota": limits.memory_bytes,
            "yaql.convertInputData": False,
            "yaql.convertOutputData": False,
            "yaql.convertTuplesToLists": True,
            "yaql.convertSetsToLists": False,
            "yaql.iterableDicts": False,
        }
        self._engine = factory.YaqlFactory().create(options=options)
        standard = create_context(finalizer=_finalizer(), convention=None)
        self.root = standard.create_child_context()
        for name, function in functions.items():
            self.root.register_function(_callable_from_yaql(function, limits), name=name)

    def parse(self, text: str) -> Tree:
        """Return the parsed expression.

        Raises:
            ParseError: If it is no YAQL.
        """
        with _PARSING:
            return self._engine(text)

    def evaluate(self, tree: Tree, scope: Scope) -> Any:
        """Return what the expression yields, in the library's own types, possibly still to be iterated."""
        context = _CountedContext(self.root, _Steps(self._limits.steps))
        context[_SCOPE] = scope
        context["$"] = freeze(scope.flatten())
        return tree(utils.NO_VALUE, context, self._engine)


def scope_of(context: Context) -> Scope:
    """Return the scope of the evaluation a context belongs to."""
    scope: Scope = context[_SCOPE]
    return scope


def describe(error: BaseException) -> str:
    """Return what went wrong without the data it went wrong with."""
    if isinstance(error, exceptions.WrappedException):
        error = error.wrapped
    if isinstance(error, exceptions.NoMethodRegisteredException):
        return _without_receiver(error, "Unknown method")
    if isinstance(error, exceptions.NoMatchingMethodException):
        return _without_receiver(error, "No matching method")
    if isinstance(error, exceptions.AmbiguousMethodException):
        return _without_receiver(error, "Ambiguous method")
    return wording(error)


def _without_receiver(error: BaseException, fault: str) -> str:
    # The library prints the whole receiver, which may be the whole context.
    name = str(error).split('"', 2)[1]
    return f'{fault} "{name}"'


class _Steps:
    """What one evaluation has left."""

    __slots__ = ("left",)

    def __init__(self, left: float) -> None:
        self.left = left

    def take(self, cost: float) -> None:
        self.left -= cost
        if self.left < 0:
            raise LimitReached("the expression takes too many steps")


class _CountedContext(contexts.Context):  # type: ignore[misc]
    """A context that is counted, as all its children are: the library makes one for each call."""

    def __init__(self, parent: Any, steps: _Steps | None = None) -> None:
        super().__init__(parent)
        self.steps: _Steps = steps if steps is not None else parent.steps
        self.steps.take(1)


def counted(values: Iterable[Any], context: Context) -> Iterator[Any]:
    """Iterate over values that nobody has in memory; many count as one step."""
    steps = context.steps
    for value in values:
        steps.take(_ITEM_COST)
        yield value


def _finalizer() -> Any:
    # The result is made plain outside, so the library has nothing left to finish.
    def finalize(value: Any) -> Any:
        return value

    return specs.get_function_definition(finalize, name="#finalize")


def _callable_from_yaql(function: Function, limits: Limits) -> Callable[..., Any]:
    def call(context: Context, *args: Any, **kwargs: Any) -> Any:
        values = [plain(value, limits) for value in args]
        named = {_snake_case(name): plain(value, limits) for name, value in kwargs.items()}
        return freeze(function(scope_of(context), *values, **named))

    return call


def _snake_case(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name)


def override(
    root: Context,
    function: Callable[..., Any],
    name: str,
    *,
    method: bool = False,
    both: bool = False,
    **types: Any,
) -> None:
    """Put a function before the library's own of that name.

    Parameters named ``context`` and ``engine`` are filled in by the library.

    Args:
        method: Callable as ``value.name()`` only.
        both: Callable either way.
        types: Accepted type of each parameter; any if not given.
    """
    hidden = {"context": yaqltypes.Context(), "engine": yaqltypes.Engine()}
    definition = specs.get_function_definition(
        function,
        name=name,
        function=both or not method,
        method=both or method,
        convention=root.convention,
        parameter_type_func=lambda parameter: hidden.get(parameter, types.get(parameter)),
    )
    root.register_function(definition)
