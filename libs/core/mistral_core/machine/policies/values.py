"""Reading the value of a policy: a literal, or an expression that must give the right type."""

from __future__ import annotations

from typing import Any

from mistral_core.errors import Invalid
from mistral_core.expressions import Scope, evaluate


def integer(value: int | str, policy: str, scope: Scope) -> int:
    """Return a number that is not negative.

    Raises:
        ExpressionFailed: If the expression fails.
        Invalid: If it gives anything else; ``policy`` is named in the text, as in ``WaitBefore``.
    """
    found: Any = evaluate(value, scope) if isinstance(value, str) else value
    if type(found) is float and found.is_integer():
        found = int(found)
    if type(found) is not int or found < 0:
        shown = found if type(found) is int else f"a value of type {type(found).__name__}"
        raise Invalid(f"Invalid data type in {policy}Policy: {shown} is not an integer of 0 or more.")
    return found


def truth(value: bool | str, policy: str, scope: Scope) -> bool:
    """Return a boolean; errors are those of ``integer``."""
    found: Any = evaluate(value, scope) if isinstance(value, str) else value
    if type(found) is not bool:
        raise Invalid(f"Invalid data type in {policy}Policy: a value of type {type(found).__name__} is not a boolean.")
    return found
