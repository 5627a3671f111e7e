"""Texts of ``state_info`` that several parts need, and their limits."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

MOST_CHARACTERS: Final = 65_500


def clipped(text: str) -> str:
    """Return the text, cut to what a ``state_info`` may hold."""
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS]


def message(value: Any) -> str | None:
    """Return the text of what a user gave as a message; structures become JSON, None stays None."""
    if value is None or isinstance(value, str):
        return value if value is None else clipped(value)
    if isinstance(value, dict | list):
        return clipped(json.dumps(value))
    return clipped(str(value))


def error_text(value: Any) -> str | None:
    """Return what a failed action's result looks like as text: the Python form of data, None for nothing."""
    return None if value is None else clipped(value if isinstance(value, str) else str(value))


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text."""
    return str(error).partition("\n")[0]


def invalid_input(name: str, kind: str, missing: Iterable[str], unexpected: Iterable[str]) -> str:
    """Return the complaint about parameters; ``kind`` names the sort of thing that has the parameters."""
    parts = [f"name={name}", f"class={kind}"]
    if absent := list(missing):
        parts.append(f"missing={absent}")
    if strange := list(unexpected):
        parts.append(f"unexpected={strange}")
    return f"Invalid input [{', '.join(parts)}]"
