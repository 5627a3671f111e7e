"""YAQL in workflow texts: when a text is one, how it is checked, how it is run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from mistral_core.errors import ExpressionFailed
from mistral_core.expressions import yaql_guards, yaql_replay
from mistral_core.expressions.fast_values import BAIL, Bail
from mistral_core.expressions.fast_yaql import Fast, compile_tree
from mistral_core.expressions.functions import BUILTIN, Function
from mistral_core.expressions.isolation import SHORT_TEXT, TimeIsUp, bounded, isolated, outside
from mistral_core.expressions.limits import Limits
from mistral_core.expressions.plain import plain
from mistral_core.expressions.scope import Scope
from mistral_core.expressions.yaql_library import ParseError, Tree, YaqlLibrary, describe

NAME = "YAQL"
PATTERN = re.compile(r"<%.*?%>")

_BRACKET = len("<%")


class YaqlLanguage:
    """Compiles YAQL texts; build one per set of limits and functions.

    Args:
        fast: Whether the common subset goes past the library; the results are the same.
    """

    def __init__(self, limits: Limits, functions: Mapping[str, Function], *, fast: bool = True) -> None:
        self._limits = limits
        self._fast = fast
        self._library = YaqlLibrary(limits, functions)
        self._shadowed = frozenset(functions.keys() - BUILTIN.keys())
        yaql_guards.register(self._library.root, limits)
        yaql_replay.register(self._library.root)

    def parse(self, text: str) -> Tree:
        """Return the library's tree of one expression, given without its brackets.

        Raises:
            ExpressionFailed: If it has a fault of grammar.
            TimeIsUp: If it takes too long.
        """
        try:
            return bounded(lambda: self._library.parse(text))
        except ParseError as error:
            raise ExpressionFailed(NAME, text, str(error)) from None

    def check(self, text: str) -> str | None:
        """Return what is wrong with the grammar of the expressions of a text, or None."""
        for match in PATTERN.finditer(text):
            try:
                self.parse(_inner(match.group()))
            except ExpressionFailed as failure:
                return failure.error
            except TimeIsUp as late:
                return str(late)
        return None

    def compile(self, text: str) -> Callable[[Scope], Any]:
        """Return the text as something to call with a scope.

        Raises:
            ExpressionFailed: If it has a fault of grammar.
        """
        elsewhere = isolated(text, lambda scope: self._compiled(text)(scope))
        if outside() is not None and len(text) > SHORT_TEXT:
            return elsewhere
        try:
            return self._compiled(text)
        except TimeIsUp as late:
            if outside() is None:
                raise ExpressionFailed(NAME, text, str(late)) from None
            return elsewhere

    def _compiled(self, text: str) -> Callable[[Scope], Any]:
        match = PATTERN.match(text)
        if match is not None and match.end() == len(text):
            run = self._expression(_inner(text))
            slow = isolated(text, run.value)
            return slow if run.fast is None else _fast_first(run.fast, slow)
        return self._substitution(text)

    def _expression(self, text: str) -> _Run:
        tree = self.parse(text)
        fast = compile_tree(tree, self._limits, self._shadowed) if self._fast else None
        return _Run(text, tree, fast, self._library, self._limits)

    def _substitution(self, text: str) -> Callable[[Scope], str]:
        parts: list[str | _Run] = []
        end = 0
        for match in PATTERN.finditer(text):
            parts += [text[end : match.start()], self._expression(_inner(match.group()))]
            end = match.end()
        parts.append(text[end:])

        def substitute(scope: Scope) -> str:
            return "".join([part if isinstance(part, str) else part.text(scope) for part in parts])

        def substitute_fast(scope: Scope) -> str:
            return "".join([part if isinstance(part, str) else part.fast_text(scope) for part in parts])

        slow = isolated(text, substitute)
        if any(not isinstance(part, str) and part.fast is None for part in parts):
            return slow
        return _fast_first(substitute_fast, slow)


def _fast_first(fast: Fast, otherwise: Callable[[Scope], Any]) -> Callable[[Scope], Any]:
    def evaluate(scope: Scope) -> Any:
        try:
            return fast(scope)
        except BAIL:
            return otherwise(scope)

    return evaluate


def _inner(bracketed: str) -> str:
    return bracketed[_BRACKET:-_BRACKET].strip()


class _Run:
    """A parsed expression and how to run it: the fast way if there is one, else the library's."""

    __slots__ = ("_library", "_limits", "_text", "_tree", "fast")

    def __init__(self, text: str, tree: Tree, fast: Fast | None, library: YaqlLibrary, limits: Limits) -> None:
        self._text = text
        self._tree = tree
        self._library = library
        self._limits = limits
        self.fast = fast

    def value(self, scope: Scope) -> Any:
        return self._evaluated(scope, as_text=False)

    def fast_text(self, scope: Scope) -> str:
        if self.fast is None:
            raise Bail
        return str(self.fast(scope))

    def text(self, scope: Scope) -> str:
        try:
            return self.fast_text(scope)
        except BAIL:
            pass
        return str(self._evaluated(scope, as_text=True))

    def _evaluated(self, scope: Scope, *, as_text: bool) -> Any:
        try:
            value = self._library.evaluate(self._tree, scope)
            if as_text and isinstance(value, datetime | timedelta):
                return str(value)
            return plain(value, self._limits)
        # Functions of the library and of plug-ins raise what they like.
        except Exception as error:
            raise ExpressionFailed(NAME, self._text, describe(error)) from None
