"""What the actions that send messages have in common in their input: the body, headers, a time limit. No I/O here."""

import json
import math
from collections.abc import Mapping
from typing import Any

from mistral_executor.actions.errors import Unusable

_LONGEST_SECONDS = 600.0


def payload(body: Any) -> tuple[bytes, str]:
    """Return the bytes of a body and their content type: texts as they are, null as nothing, the rest as JSON."""
    match body:
        case None:
            return b"", "text/plain"
        case str():
            return body.encode("utf-8", "replace"), "text/plain"
        case _:
            return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"), "application/json"


def headers_of(given: Any) -> dict[str, str]:
    """Return headers as texts; those that are null are left out.

    Raises:
        Unusable: If they are no object, or would break the message.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise Unusable("'headers' must be an object")
    headers = {str(name): _plain(value) for name, value in given.items() if value is not None}
    if not all(name and ":" not in name and _is_line(name) and _is_line(value) for name, value in headers.items()):
        raise Unusable("'headers' must have names without colons, and no line breaks")
    return headers


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _is_line(text: str) -> bool:
    return not any(sign in text for sign in "\r\n\0")


def seconds_of(given: Any) -> float:
    """Read a time limit in seconds.

    Raises:
        Unusable: If it is none, not more than 0 or longer than ten minutes.
    """
    try:
        seconds = math.nan if isinstance(given, bool) else float(given)
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    # Written so that "nan" fails too.
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise Unusable(f"'timeout' must be more than 0 and at most {_LONGEST_SECONDS:g} seconds")
    return seconds
