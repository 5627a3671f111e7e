"""Telling the Jinja texts that cannot do harm: they may be run in place, all others are run elsewhere if possible.

A text is tame if no single call into Python's own code can take more than a time in
proportion to the data, since nothing can interrupt such a call. What is built of the
data may hold the same part many times over, so it is only put out, never compared,
filtered or passed on; nothing can be kept for a later round of a loop.
"""

from __future__ import annotations

from collections.abc import Collection

from jinja2 import nodes

_LONGEST = 2_000
_FUNCTIONS = frozenset(["env", "execution", "global", "json_dump", "json_parse", "task", "uuid"])
_FILTERS = frozenset(
    [
        *("abs", "capitalize", "count", "d", "default", "first", "float", "int", "join", "last", "length", "list"),
        *("lower", "round", "string", "title", "trim", "upper", *_FUNCTIONS),
    ]
)
_TESTS = frozenset(
    [
        *("boolean", "defined", "even", "false", "float", "integer", "iterable", "mapping", "none", "number", "odd"),
        *("sequence", "string", "true", "undefined"),
    ]
)
_METHODS = frozenset(
    [
        *("capitalize", "endswith", "get", "items", "keys", "lower", "lstrip", "rstrip", "split", "startswith"),
        *("strip", "title", "upper", "values"),
    ]
)


def is_tame(tree: nodes.Node, text: str, own: Collection[str]) -> bool:
    """Tell whether a text can do no harm.

    Args:
        own: Names of functions that somebody added; nothing is known of them.
    """
    return len(text) <= _LONGEST and _Look(frozenset(own)).free(tree)


class _Look:
    def __init__(self, own: frozenset[str]) -> None:
        self._own = own

    def free(self, node: nodes.Node) -> bool:
        """Tell whether a node is tame where its value is only put out."""
        match node:
            case nodes.For():
                return not node.recursive and self._loop(node)
            case nodes.Template() | nodes.Output() | nodes.TemplateData() | nodes.If():
                return all(map(self.free, node.iter_child_nodes()))
            case nodes.List() | nodes.Tuple() | nodes.Dict() | nodes.Pair() | nodes.Add() | nodes.Concat():
                return all(map(self.free, node.iter_child_nodes()))
            case nodes.CondExpr():
                return self.plain(node.test) and self.free(node.expr1) and (node.expr2 is None or self.free(node.expr2))
        return self.plain(node)

    def plain(self, node: nodes.Node) -> bool:
        """Tell whether a node is tame and its value a part of the data or of its size."""
        match node:
            case nodes.Const() | nodes.Name():
                return True
            case nodes.Getattr() | nodes.Getitem():
                return self._children(node)
            case nodes.Filter():
                return node.node is not None and self._known(node.name, _FILTERS) and self._children(node)
            case nodes.Test():
                return self._known(node.name, _TESTS) and self._children(node)
            case nodes.Call():
                return self._call(node)
            case nodes.And() | nodes.Or() | nodes.Not() | nodes.CondExpr() | nodes.Compare() | nodes.Operand():
                return self._children(node)
            case nodes.Sub() | nodes.Div() | nodes.FloorDiv() | nodes.Neg() | nodes.Pos() | nodes.Keyword():
                return self._children(node)
            case nodes.Add():
                # Of two literals or texts; sums of sums are not looked at further.
                return isinstance(node.right, nodes.Const) and self.plain(node.left)
            case nodes.List() | nodes.Tuple():
                return all(isinstance(item, nodes.Const) for item in node.items)
        return False

    def _children(self, node: nodes.Node) -> bool:
        return all(map(self.plain, node.iter_child_nodes()))

    def _known(self, name: str, names: frozenset[str]) -> bool:
        return name in names and name not in self._own

    def _call(self, node: nodes.Call) -> bool:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            return False
        match node.node:
            case nodes.Name():
                known = self._known(node.node.name, _FUNCTIONS)
            case nodes.Getattr():
                known = node.node.attr in _METHODS and self.plain(node.node.node)
            case _:
                return False
        return known and all(map(self.plain, (*node.args, *node.kwargs)))

    def _loop(self, node: nodes.For) -> bool:
        return self.plain(node.iter) and all(map(self.free, (*node.body, *node.else_))) and self._filter(node)

    def _filter(self, node: nodes.For) -> bool:
        return node.test is None or self.plain(node.test)
