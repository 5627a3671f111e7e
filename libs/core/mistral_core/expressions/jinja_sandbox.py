"""The Jinja environment of the workflow language: sandboxed, strict, bounded.

The tree of each text is changed a little before it is compiled: ``a.b`` that is
not called reads the key ``b`` first, so that data wins over methods of dicts, and
loops and output are counted.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from string import Formatter
from typing import Any

from jinja2 import StrictUndefined, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment, modifies_known_mutable
from jinja2.visitor import NodeTransformer

from mistral_core.expressions import random_numbers
from mistral_core.expressions.functions import Function
from mistral_core.expressions.jinja_guards import SCOPE, Filter, Guards, counted_range, guarded_filters
from mistral_core.expressions.limits import Limits

ROOT = "_"

_MUTATORS = frozenset(
    [
        *("add", "append", "clear", "discard", "extend", "insert", "pop"),
        *("popitem", "remove", "reverse", "setdefault", "sort", "update"),
    ]
)


class Sandbox(SandboxedEnvironment):
    """Where texts are parsed and run.

    Args:
        copies: The texts of this sandbox may change lists and dicts, so all they are given must be copies.
    """

    intercepted_binops = frozenset(["+", "*", "**", "%"])

    def __init__(self, limits: Limits, functions: Mapping[str, Function], *, copies: bool) -> None:
        super().__init__(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
        self.copies = copies
        self._guards = Guards(limits)
        self.filters = guarded_filters(self.filters, self._guards)
        self.filters["random"] = _random
        # Made of random words, so no replay could repeat it.
        del self.globals["lipsum"]
        self.globals["range"] = counted_range
        for name, function in functions.items():
            self.globals[name] = _as_global(function, copies=copies)
            self.filters[name] = _as_filter(function, copies=copies)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if not self.copies and modifies_known_mutable(obj, attr):
            return False
        return super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        self._guards.operator(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        self._guards.call(obj, args, kwargs)
        return super().call(context, obj, *args, **kwargs)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        wrapped = super().wrap_str_format(value)
        if wrapped is not None:
            self._guards.brace_format(field for _, _, field, _ in Formatter().parse(value.__self__))
        return wrapped


def changes_data(tree: nodes.Node) -> bool:
    """Tell whether a text calls a method such as ``append`` and so needs data of its own."""
    return any(
        isinstance(call.node, nodes.Getattr) and call.node.attr in _MUTATORS for call in tree.find_all(nodes.Call)
    )


class Rewriting(NodeTransformer):
    """Puts the counting into a tree and lets keys win over methods."""

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        if not isinstance(node.node, nodes.Getattr):
            return self.generic_visit(node)
        method = node.node
        receiver = self.visit(method.node)
        node.node = nodes.Const(None)
        self.generic_visit(node)
        method.node = receiver
        node.node = method
        return node

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:
        return nodes.Getitem(self.visit(node.node), nodes.Const(node.attr), node.ctx, lineno=node.lineno)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _filter(nodes.List(node.nodes, lineno=node.lineno), "#concat")

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        node.iter = _filter(node.iter, "#each")
        return node

    def visit_Output(self, node: nodes.Output) -> nodes.Node:
        self.generic_visit(node)
        node.nodes = [part if isinstance(part, nodes.TemplateData) else _filter(part, "#emit") for part in node.nodes]
        return node


def _filter(node: Any, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _as_global(function: Function, *, copies: bool) -> Function:
    @pass_context
    def call(context: Context, *args: Any, **kwargs: Any) -> Any:
        value = function(context[SCOPE], *args, **kwargs)
        return copy.deepcopy(value) if copies else value

    return call


def _as_filter(function: Function, *, copies: bool) -> Filter:
    """Return the function as a filter.

    The piped value stands where the context stands and is let go, as in ``_ | task('a')``; if there is nothing
    else, it is the argument: ``_.text | json_parse``.
    """
    takes_arguments = len(signature(function).parameters) > 1
    variadic = any(p.kind is Parameter.VAR_POSITIONAL for p in signature(function).parameters.values())
    call = _as_global(function, copies=copies)

    @pass_context
    def pipe(context: Context, piped: Any, *args: Any, **kwargs: Any) -> Any:
        if not args and not kwargs and (takes_arguments or variadic) and piped is not context[ROOT]:
            return call(context, piped)
        return call(context, *args, **kwargs)

    return pipe


@pass_context
def _random(context: Context, values: Any) -> Any:
    items = list(values)
    if not items:
        return context.environment.undefined("No random item, sequence was empty.")
    return items[random_numbers.between(context[SCOPE], 0, len(items) - 1)]
