"""Scopes between rows and messages."""

from collections.abc import Mapping
from typing import Final

from mistral.v1 import workflow_pb2 as messages
from mistral_core.errors import InvalidInput

_TO_MESSAGE: Final[Mapping[str, messages.Scope.ValueType]] = {
    "private": messages.SCOPE_PRIVATE,
    "public": messages.SCOPE_PUBLIC,
}
_FROM_MESSAGE: Final = {number: text for text, number in _TO_MESSAGE.items()}


def scope_message(scope: str) -> messages.Scope.ValueType:
    """Return the enum value of a scope."""
    return _TO_MESSAGE[scope]


def scope_text(number: int) -> str | None:
    """Return the scope; None if none is said. Raises InvalidInput for a number that no scope has."""
    if number == messages.SCOPE_UNSPECIFIED:
        return None
    scope: str | None = _FROM_MESSAGE.get(number)  # type: ignore[call-overload]
    if scope is None:
        raise InvalidInput(f"There is no scope of the number {number}", field="scope")
    return scope


def scope_literal(text: str) -> str:
    """Return the scope of a filter, also by the name of its enum value. Raises InvalidInput if there is none."""
    scope = text.removeprefix("SCOPE_").lower()
    if scope not in _TO_MESSAGE:
        raise InvalidInput(f"There is no scope {text[:80]!r}, only {', '.join(_TO_MESSAGE)}")
    return scope
