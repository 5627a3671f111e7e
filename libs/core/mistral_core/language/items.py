"""The ``with-items`` clause: variables, and the lists they run over."""

import re
from typing import Any, Final

from mistral_core.language.grammar import check_text, is_whole_expression
from mistral_core.language.kinds import check_unique
from mistral_core.language.model import WithItems
from mistral_core.language.node import Node
from mistral_core.language.shorthand import json_value

_BINDING: Final = re.compile(r"([\w-]+)\s+in\s*(?=\[|<%|\{\{|\{%)(.+)", re.DOTALL)
_FORM: Final = "Wrong format of 'with-items': write 'x in <% $.xs %>' or 'x in [1, 2]', where the list is JSON"


def parse_items(node: Node) -> WithItems:
    """Read one binding, or a list of bindings that are run over side by side."""
    if not isinstance(node.value, list):
        return WithItems(bindings=(_parse_binding(node),))
    if not node.value:
        node.refuse_kind("text such as 'x in <% $.xs %>', or a list of such texts")
    check_unique(node)
    return WithItems(bindings=tuple(_parse_binding(binding) for binding in node.entries()))


def _parse_binding(node: Node) -> tuple[str, str | tuple[Any, ...]]:
    if not isinstance(node.value, str):
        node.refuse_kind("text such as 'x in <% $.xs %>'")
    binding = _BINDING.fullmatch(node.value.strip())
    if binding is None:
        node.refuse_shape(_FORM)
    variable, source = binding[1], binding[2]
    if source.startswith("["):
        return variable, _literal(node, source)
    if not is_whole_expression(source) or source.find("%>") not in (-1, len(source) - 2):
        node.refuse_shape(f"{_FORM}; something follows the expression")
    check_text(node, source)
    return variable, source


def _literal(node: Node, source: str) -> tuple[Any, ...]:
    elements = json_value(source)
    if not isinstance(elements, list):
        node.refuse_shape(_FORM)
    if not elements:
        node.refuse_shape(f"{_FORM}; the list must not be empty")
    return tuple(elements)
