"""Scopes between rows and messages."""

from collections.abc import Mapping
from typing import Final

from mistral.v1 import workflow_pb2 as messages

_TO_MESSAGE: Final[Mapping[str, messages.Scope.ValueType]] = {
    "private": messages.SCOPE_PRIVATE,
    "public": messages.SCOPE_PUBLIC,
}
_FROM_MESSAGE: Final = {number: text for text, number in _TO_MESSAGE.items()}


def scope_message(scope: str) -> messages.Scope.ValueType:
    """Return the enum value of a scope."""
    return _TO_MESSAGE[scope]


def scope_text(number: int) -> str | None:
    """Return the scope; None if none is said."""
    return _FROM_MESSAGE.get(number)  # type: ignore[call-overload, no-any-return]
