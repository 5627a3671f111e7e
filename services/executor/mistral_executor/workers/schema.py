"""JSON Schemas of inputs: compiled once, and what is said of an input that does not fit."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import jsonschema_rs
import msgspec

from mistral_core.errors import InvalidInput

LARGEST_SCHEMA_BYTES: Final = 64 * 1024
_SHOWN: Final = 300
_REMEMBERED: Final = 4096
_REGEX: Final = jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000)


class Schema:
    """What an input must fit."""

    def __init__(self, text: str) -> None:
        # Values are masked: what is wrong is told and logged, and an input may be a secret.
        self._validator = jsonschema_rs.validator_for(
            msgspec.json.decode(text), retriever=_nowhere, pattern_options=_REGEX, mask="the value"
        )

    def fault(self, value: Any) -> str:
        """Return what is wrong with an input; empty if nothing is."""
        try:
            self._validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            place = ".".join(str(step) for step in error.instance_path)
            return f"{place}: {error.message}"[:_SHOWN] if place else error.message[:_SHOWN]
        except ValueError as error:
            return str(error)[:_SHOWN]
        return ""


@lru_cache(maxsize=_REMEMBERED)
def compiled(text: str) -> Schema | None:
    """Return what a schema's text means; None for no text.

    Raises:
        InvalidInput: If it is no JSON Schema of an object.
    """
    if not text:
        return None
    if len(text) > LARGEST_SCHEMA_BYTES:
        raise InvalidInput(f"an input schema has at most {LARGEST_SCHEMA_BYTES} characters, not {len(text)}")
    try:
        return Schema(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"an input schema is no JSON Schema: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:_SHOWN]


def _nowhere(address: str) -> Any:
    raise ValueError(f"a schema cannot refer to {address}: only to itself")
