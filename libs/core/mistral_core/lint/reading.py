"""What the expressions of a text read: surely, possibly, or nothing at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import jinja2
from jinja2 import nodes as jinja
from yaql.language import expressions as yaql

from mistral_core.expressions.functions import BUILTIN
from mistral_core.expressions.limits import Limits
from mistral_core.expressions.yaql_language import PATTERN as YAQL
from mistral_core.expressions.yaql_library import ParseError, YaqlLibrary

# Functions whose arguments see the same $ as they do themselves, and are always evaluated.
_PLAIN: Final = frozenset(
    {
        *("abs", "bool", "dict", "float", "int", "isDict", "isList", "isString", "len", "list", "max", "min", "round"),
        *("concat", "set", "str", "json_dump", "json_parse", "yaml_dump", "yaml_parse"),
    }
)
_KEYED: Final = frozenset({"get", "containsKey"})
_ROOT: Final = "$"
_BRACKET: Final = 2
_GUARDS: Final = frozenset({"default", "d"})


@dataclass(slots=True)
class Reads:
    """What is read.

    Attributes:
        surely: Variables that are read whenever the expression is evaluated.
        possibly: All names that may be those of variables.
        everything: Whether all variables are taken together.
        functions: Functions that are called.
        constant: Whether nothing is read or called.
    """

    surely: set[str] = field(default_factory=set)
    possibly: set[str] = field(default_factory=set)
    everything: bool = False
    functions: set[str] = field(default_factory=set)
    constant: bool = True


def reads(text: str) -> Reads | None:
    """Return what the expressions of a text read together; None if it has none, or one that cannot be read."""
    found = Reads()
    if "{{" in text or "{%" in text:
        return _of_jinja(text, found)
    expressions = [match.group()[_BRACKET:-_BRACKET] for match in YAQL.finditer(text)]
    if not expressions:
        return None
    for expression in expressions:
        try:
            tree = _library().parse(expression)
        except ParseError:
            return None
        _Yaql(found).visit(tree.expression, sure=True, inside=False)
    return found


@cache
def _library() -> YaqlLibrary:
    return YaqlLibrary(Limits(), BUILTIN)


class _Yaql:
    """Goes through a tree; ``sure``: always evaluated; ``inside`` a lambda, where ``$`` is an element."""

    def __init__(self, found: Reads) -> None:
        self._found = found

    def visit(self, node: Any, *, sure: bool, inside: bool) -> None:
        found = self._found
        match node:
            case yaql.BinaryOperator():
                self._operator(node, sure=sure, inside=inside)
            case yaql.GetContextValue():
                found.constant = False
                found.everything = found.everything or (not inside and node.path.value == _ROOT)
            case yaql.KeywordConstant() | yaql.Constant():
                if isinstance(node.value, str):
                    found.possibly.add(node.value)
            case yaql.MappingRuleExpression():
                self.visit(node.source, sure=sure, inside=inside)
                self.visit(node.destination, sure=sure, inside=inside)
            case yaql.Wrap():
                self.visit(node.expr, sure=sure, inside=inside)
            case yaql.ListExpression() | yaql.MapExpression() | yaql.IndexExpression() | yaql.UnaryOperator():
                self._all(node.args, sure=sure, inside=inside)
            case yaql.Function():
                found.constant = False
                found.functions.add(node.name)
                self._all(node.args, sure=sure and node.name in _PLAIN, inside=inside)

    def _all(self, nodes: Any, *, sure: bool, inside: bool) -> None:
        for node in nodes:
            self.visit(node, sure=sure, inside=inside)

    def _operator(self, node: Any, *, sure: bool, inside: bool) -> None:
        left, right = node.args
        if node.operator not in (".", "?."):
            self.visit(left, sure=sure, inside=inside)
            # What comes after these may not be evaluated, or sees another $.
            self.visit(right, sure=sure and node.operator not in ("and", "or", "->"), inside=inside)
            return
        method = isinstance(right, yaql.Function)
        if _is_root(left):
            self._found.constant = False
            if isinstance(right, yaql.KeywordConstant):
                self._found.possibly.add(right.value)
                if sure and not inside and node.operator == ".":
                    self._found.surely.add(right.value)
                return
            keyed = method and right.name in _KEYED and right.args and not _is_root(right.args[0])
            self._found.everything = self._found.everything or not (inside or keyed)
        else:
            self.visit(left, sure=sure, inside=inside)
        if method:
            self._found.functions.add(right.name)
            self._found.constant = False
            self._all(right.args, sure=False, inside=inside or right.name not in _KEYED)
        else:
            self.visit(right, sure=False, inside=inside)


def _is_root(node: Any) -> bool:
    return isinstance(node, yaql.GetContextValue) and node.path.value == _ROOT


def _of_jinja(text: str, found: Reads) -> Reads | None:
    try:
        tree = jinja2.Environment(autoescape=False).parse(text)
    except jinja2.TemplateError:
        return None
    _visit_jinja(tree, found, sure=True)
    return found


def _visit_jinja(node: jinja.Node, found: Reads, *, sure: bool) -> None:
    match node:
        case (
            jinja.Getattr(node=jinja.Name(name="_"), attr=name)
            | jinja.Getitem(node=jinja.Name(name="_"), arg=jinja.Const(value=str(name)))
        ):
            found.constant = False
            found.possibly.add(name)
            if sure:
                found.surely.add(name)
            return
        case jinja.Name(name=name):
            found.constant = False
            found.everything = found.everything or name == "_"
        case jinja.Const(value=str(value)):
            found.possibly.add(value)
        case jinja.Getattr(attr=name):
            found.possibly.add(name)
        case jinja.Call(node=jinja.Name(name=name)):
            found.functions.add(name)
        case jinja.Filter(name=name):
            found.constant = False
            found.functions.add(name)
            sure = sure and name not in _GUARDS
        case jinja.Test() | jinja.CondExpr() | jinja.If() | jinja.For() | jinja.And() | jinja.Or():
            sure = False
    for child in _children(node):
        _visit_jinja(child, found, sure=sure)


def _children(node: jinja.Node) -> Iterator[jinja.Node]:
    # A call of a method of the context, such as _.get('x'), does not take the context as a whole.
    if isinstance(node, jinja.Call) and isinstance(node.node, jinja.Getattr) and node.node.attr == "get":
        yield from node.args
        if not (isinstance(node.node.node, jinja.Name) and node.node.node.name == "_"):
            yield node.node.node
        return
    yield from node.iter_child_nodes()


_OPEN: Final = re.compile(r"<%(?!.*%>)|\{\{(?!.*\}\})|\{%(?!.*%\})", re.DOTALL)


def unclosed(text: str) -> str | None:
    """Return the bracket of an expression that is opened and never closed, or None."""
    match = _OPEN.search(text)
    return match[0] if match else None
