"""Spans of time as authors write and read them: ``90``, ``1h 30m``, ``2 days``."""

import re
from typing import Final

_UNITS: Final = {
    "ms": 0.001,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "m": 60.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
    "w": 604800.0,
    "week": 604800.0,
}
_PART: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)", re.IGNORECASE)
_MINUTE: Final = 60
_LARGEST: Final = (("d", 86400), ("h", 3600), ("m", 60))


def seconds(value: object) -> float:
    """Return a span in seconds.

    Raises:
        ValueError: If it is neither a number from 0 nor such a text.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a span of time is expected: seconds, or text such as 1h 30m")
    text, total, at = value.strip(), 0.0, 0
    while at < len(text):
        part = _PART.match(text, at)
        unit = part[2].lower() if part else ""
        factor = _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s"))
        if part is None or factor is None:
            raise ValueError(f"'{text}' is no span of time: write seconds, or text such as 1h 30m")
        total += float(part[1]) * factor
        at = part.end()
    return total


def shown(span: float) -> str:
    """Return a span as text: ``0 s``, ``1.5 s``, ``1 h 30 m``."""
    if span < _MINUTE:
        return f"{span:.3f}".rstrip("0").rstrip(".") + " s"
    rest, parts = span, []
    for unit, size in _LARGEST:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count:.0f} {unit}")
    if rest >= 0.0005:
        parts.append(f"{rest:.3f}".rstrip("0").rstrip(".") + " s")
    return " ".join(parts)
