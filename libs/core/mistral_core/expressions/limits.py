"""How much one evaluation may take.

A pure core has no clock, so time is stood in for by counts: steps and
iterations. The defaults keep a single evaluation to a few seconds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a single evaluation; passing one fails the expression.

    Attributes:
        steps: Calls of functions, operators and lambdas that the YAQL library makes, some 50 µs each.
        iterations: Items of any one collection, and passes of all loops of a Jinja text together.
        memory_bytes: Size of any one intermediate value, contents of collections not counted.
        output_bytes: Size of the result, roughly as JSON text.
        depth: How deep the result may be nested.
        integer_bits: Size of an integer, at least 64; above some 14,000 Python no longer reads it back from text.
        pattern_chars: Length of a regular expression.
        text_chars: Length of a string that holds expressions.
    """

    steps: int = 100_000
    iterations: int = 100_000
    memory_bytes: int = 16 * 1024 * 1024
    output_bytes: int = 8 * 1024 * 1024
    depth: int = 200
    integer_bits: int = 14_000
    pattern_chars: int = 2_000
    text_chars: int = 256 * 1024


class LimitReached(Exception):
    """An evaluation went past a limit; becomes the error text of ``ExpressionFailed``."""
