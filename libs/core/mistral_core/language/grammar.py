"""Whether expressions in a definition can be read at all; what they mean is for ``mistral_core.expressions``."""

import re
from typing import Final

from mistral_core.errors import ExpressionFailed, InvalidDefinition
from mistral_core.expressions import check
from mistral_core.language.node import Node
from mistral_core.language.shorthand import Invocation

_MAY_HOLD_EXPRESSION: Final = re.compile(r"<%|\{\{|\{%")
_WHOLE: Final = re.compile(r"\s*(?:<%.*%>|\{\{.*\}\}|\{%.*%\}|\{\{.*%\}|\{%.*\}\})\s*", re.DOTALL)


def is_whole_expression(value: object) -> bool:
    """Whether a value is text that consists of an expression, from the first character to the last."""
    return isinstance(value, str) and _WHOLE.fullmatch(value) is not None


def check_expressions(node: Node) -> None:
    """Refuse expressions with broken grammar anywhere inside a value."""
    if node.trusted:
        return
    value = node.value
    if isinstance(value, str):
        check_text(node, value)
    elif isinstance(value, dict | list):
        for entry in node.entries():
            check_expressions(entry)


def check_invocation(node: Node, invocation: Invocation) -> None:
    """Refuse broken grammar in a name or in the parameters beside it; each may be of another language."""
    check_text(node, invocation.name)
    if invocation.arguments:
        check_expressions(node.standing_for(invocation.arguments))


def check_text(node: Node, text: str) -> None:
    """Refuse text whose expressions have broken grammar; the complaint points at the node."""
    if node.trusted or not _MAY_HOLD_EXPRESSION.search(text):
        return
    try:
        check(text)
    except InvalidDefinition as error:
        node.refuse_shape(error.reason)
    except ExpressionFailed as error:
        node.refuse_shape(str(error))
