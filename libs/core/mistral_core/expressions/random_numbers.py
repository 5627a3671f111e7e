"""Random numbers that are the same on every replay: drawn from the scope's next UUID."""

from __future__ import annotations

from mistral_core.expressions.scope import Scope

# The first 48 bits of a UUID bear neither its version nor its variant.
_HEAD_DIGITS = 12
_TAIL_BITS = 48


def fraction(scope: Scope) -> float:
    """Return a number from 0.0 up to, not including, 1.0."""
    head, _ = _halves(scope)
    return float(head / (1 << _TAIL_BITS))


def between(scope: Scope, low: int, high: int) -> int:
    """Return an integer from ``low`` to ``high``, both included.

    Raises:
        ValueError: If there is no such integer.
    """
    if low > high:
        raise ValueError(f"no integer from {low} to {high}")
    head, tail = _halves(scope)
    return low + ((head << _TAIL_BITS) | tail) % (high - low + 1)


def _halves(scope: Scope) -> tuple[int, int]:
    digits = scope.facts.uuid().replace("-", "")
    return int(digits[:_HEAD_DIGITS], 16), int(digits[-_HEAD_DIGITS:], 16)
