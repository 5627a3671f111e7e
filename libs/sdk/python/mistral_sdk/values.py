"""JSON as it travels: bytes to values and back, nothing lost on the way.

Integers of any length and all of unicode pass. What JSON cannot say (not a number, infinities) is refused.
"""

import base64
import dataclasses
import json
from collections.abc import Mapping, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

from mistral_sdk.failures import Misfit


def loads(text: bytes | str) -> Any:
    """Read JSON; nothing at all means None.

    Raises:
        Misfit: If it is none.
    """
    if not text:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Misfit(f"is no JSON: {error}") from None


def dumps(value: Any) -> bytes:
    """Write JSON, compact; besides plain values, what ``plain`` knows.

    Raises:
        Misfit: If it cannot be written.
    """
    try:
        text = _ENCODER.encode(value)
    except (ValueError, TypeError, RecursionError) as error:
        raise Misfit(f"cannot be written as JSON: {error}") from None
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair has no UTF-8, but an escape.
        return json.dumps(json.loads(text), separators=(",", ":")).encode()


def plain(value: Any) -> Any:
    """Return what stands for an object in JSON.

    Raises:
        TypeError: If nothing does.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    if hasattr(value, "__struct_fields__"):
        return _struct(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(f"an object of type {type(value).__name__} has no form in JSON")


def _struct(value: Any) -> Any:
    import msgspec

    return msgspec.to_builtins(value)


_WRITERS: tuple[tuple[Any, Any], ...] = (
    (Enum, lambda value: value.value),
    (datetime | date | time, lambda value: value.isoformat()),
    (timedelta, lambda value: value.total_seconds()),
    (UUID, str),
    (Decimal, str),
    (PurePath, str),
    (bytes | bytearray, lambda value: base64.b64encode(value).decode()),
    (Set, list),
    (Mapping, dict),
)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=plain)
