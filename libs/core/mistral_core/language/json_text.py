"""JSON as the YAML that it almost is: what the two read differently is evened out before and after."""

import json
import math
import re
from typing import Any, Final, NoReturn

# In the strings of JSON these stand for themselves; in YAML they end a line, or are not allowed.
_ESCAPED: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
_SURROGATES: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_BLANKS: Final = " \t\r\n\ufeff"


def as_yaml(text: str) -> str | None:
    """Return a JSON object as YAML whose lines are the same, or None if the text is none."""
    body = text.lstrip(_BLANKS)
    if not body.startswith("{") or not _is_json(body):
        return None
    before = re.sub(r"[^\r\n]", " ", text[: len(text) - len(body)])
    return before + _ESCAPED.sub(_escaped, _SURROGATES.sub(_joined, body))


def plain_json(text: str) -> Any:
    """Return what a word outside of quotes means in JSON.

    Raises:
        ValueError: If it is a number that no computer can hold.
    """
    value = json.loads(text)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"the number {text} is too large")
    return value


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _escaped(character: re.Match[str]) -> str:
    return f"\\u{ord(character[0]):04x}"


def _joined(pair: re.Match[str]) -> str:
    """Write a character that JSON wrote as two, which YAML does not know."""
    return f"{pair[1]}{bytes.fromhex(pair[2] + pair[3]).decode('utf-16-be')}"
