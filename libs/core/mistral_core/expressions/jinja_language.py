"""Jinja in workflow texts: when a text is one, how it is checked, how it is run."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from jinja2 import TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.environment import Template
from jinja2.parser import Parser

from mistral_core.errors import ExpressionFailed
from mistral_core.expressions.fast_jinja import path_of
from mistral_core.expressions.faults import wording
from mistral_core.expressions.functions import BUILTIN, Function
from mistral_core.expressions.isolation import SHORT_TEXT, TimeIsUp, bounded, isolated, outside
from mistral_core.expressions.jinja_guards import BUDGET, SCOPE, Budget
from mistral_core.expressions.jinja_sandbox import ROOT, Rewriting, Sandbox, changes_data
from mistral_core.expressions.jinja_tame import is_tame
from mistral_core.expressions.limits import Limits
from mistral_core.expressions.plain import plain
from mistral_core.expressions.scope import Scope

NAME = "Jinja"
PATTERN = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)

_RESULT = "result"
_Made = TypeVar("_Made")


class JinjaLanguage:
    """Compiles Jinja texts; build one per set of limits and functions."""

    def __init__(self, limits: Limits, functions: Mapping[str, Function]) -> None:
        self._limits = limits
        self._own = frozenset(functions.keys() - BUILTIN.keys())
        self._shared = Sandbox(limits, functions, copies=False)
        self._copying = Sandbox(limits, functions, copies=True)

    def check(self, text: str) -> str | None:
        """Return what is wrong with the grammar of a text, or None."""
        try:
            bounded(lambda: self._shared.parse(text))
        except TemplateSyntaxError as error:
            return error.message
        except RecursionError:
            return "the expression is nested too deep"
        except TimeIsUp as late:
            return str(late)
        return None

    def compile(self, text: str) -> Callable[[Scope], Any]:
        """Return the text as something to call with a scope.

        Raises:
            ExpressionFailed: If it has a fault of grammar.
        """
        elsewhere = isolated(text, lambda scope: self._named(text, self._compiled)(scope))
        if outside() is not None and len(text) > SHORT_TEXT:
            return elsewhere
        try:
            return self._named(text, self._compiled)
        except TimeIsUp as late:
            if outside() is None:
                raise ExpressionFailed(NAME, text, str(late)) from None
            return elsewhere

    def _compiled(self, text: str) -> Callable[[Scope], Any]:
        inner = self._whole_expression(text)
        return self._template(text) if inner is None else self._expression(text, inner)

    @staticmethod
    def _named(text: str, make: Callable[[str], _Made]) -> _Made:
        """Return what is made of a text, with faults of grammar named; may raise ``TimeIsUp`` as well."""
        try:
            return bounded(lambda: make(text))
        except TemplateError as error:
            raise ExpressionFailed(NAME, text, error.message or type(error).__name__) from None
        except RecursionError:
            raise ExpressionFailed(NAME, text, "the expression is nested too deep") from None

    def _whole_expression(self, text: str) -> str | None:
        """Return what stands between the braces if the text is one pair of them and nothing else."""
        tokens = list(self._shared.lex(text))
        if len(tokens) < 2 or tokens[0][1] != "variable_begin" or tokens[-1][1] != "variable_end":
            return None
        if any(kind == "variable_end" for _, kind, _ in tokens[:-1]):
            return None
        return text[len(tokens[0][2]) : len(text) - len(tokens[-1][2])]

    def _expression(self, text: str, inner: str) -> Callable[[Scope], Any]:
        parser = Parser(self._shared, inner, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            raise TemplateSyntaxError("the expression goes on where its end is expected", 1)
        path = path_of(tree)
        tame = is_tame(tree, text, self._own)
        assignment = nodes.Assign(nodes.Name(_RESULT, "store"), tree, lineno=1)
        body = nodes.Template([assignment], lineno=1)
        run = self._placed(text, tame, lambda: _Run(*self._build(body), self._limits, inner.strip()).value)
        return run if path is None else path.program(run)

    def _template(self, text: str) -> Callable[[Scope], Any]:
        tree = self._shared.parse(text)
        tame = is_tame(tree, text, self._own)
        return self._placed(text, tame, lambda: _Run(*self._build(tree), self._limits, text).text)

    def _placed(self, text: str, tame: bool, build: Callable[[], Callable[[Scope], Any]]) -> Callable[[Scope], Any]:
        """Return what runs a text here or elsewhere; what is run elsewhere is not built here."""
        if tame:
            return _here_first(text, build())
        if outside() is None:
            return isolated(text, build())
        return isolated(text, lambda scope: self._named(text, lambda _: build())(scope))

    def _build(self, tree: nodes.Template) -> tuple[Sandbox, Template]:
        sandbox = self._copying if changes_data(tree) else self._shared
        Rewriting().visit(tree)
        tree.set_environment(sandbox)
        return sandbox, sandbox.from_string(tree)


def _here_first(text: str, run: Callable[[Scope], Any]) -> Callable[[Scope], Any]:
    """Return what runs a tame text in place, or elsewhere after all if that takes long."""

    def evaluate(scope: Scope) -> Any:
        try:
            return bounded(lambda: run(scope))
        except TimeIsUp as late:
            elsewhere = outside()
            if elsewhere is None:
                raise ExpressionFailed(NAME, text, str(late)) from None
        return elsewhere(text, scope)

    return evaluate


class _Run:
    """A compiled text and how to run it."""

    __slots__ = ("_limits", "_sandbox", "_shown", "_template")

    def __init__(self, sandbox: Sandbox, template: Template, limits: Limits, shown: str) -> None:
        self._sandbox = sandbox
        self._template = template
        self._limits = limits
        self._shown = shown

    def value(self, scope: Scope) -> Any:
        """Return the value of a single expression with its type."""
        return self._guarded(scope, self._native)

    def text(self, scope: Scope) -> str:
        """Return the text a template renders to."""
        return str(self._guarded(scope, self._rendered))

    def _guarded(self, scope: Scope, run: Callable[[dict[str, Any]], Any]) -> Any:
        data = scope.flatten()
        if self._sandbox.copies:
            data = copy.deepcopy(data)
        names = {**self._template.globals, ROOT: data, SCOPE: scope, BUDGET: Budget(self._limits)}
        try:
            return run(names)
        # A template can call what it likes, so anything can come out of it.
        except Exception as error:
            raise ExpressionFailed(NAME, self._shown, wording(error)) from None

    def _native(self, names: dict[str, Any]) -> Any:
        context = self._template.new_context(names, shared=True)
        for _ in self._template.root_render_func(context):
            pass
        value = context.vars[_RESULT]
        if isinstance(value, Undefined):
            # Touching it raises what it lacks.
            str(value)
        return plain(value, self._limits)

    def _rendered(self, names: dict[str, Any]) -> str:
        budget = Budget(self._limits)
        pieces = []
        for piece in self._template.root_render_func(self._template.new_context(names, shared=True)):
            budget.emit(len(piece))
            pieces.append(piece)
        return "".join(pieces)
