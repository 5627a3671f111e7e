"""Times as people read them: so long ago on a terminal, in full elsewhere and wherever it was asked for."""

import sys
from datetime import UTC, datetime

from mistral_cli.surroundings import current
from mistral_cli.terminal import is_terminal

_STEPS = ((60.0, 1, "s"), (3600.0, 60, "min"), (86400.0, 3600, "h"), (float("inf"), 86400, "d"))


def is_instant(name: str, value: object) -> bool:
    """Return whether a field of a record is a time: its name says so, and it reads as one."""
    return (
        isinstance(value, str)
        and (name.endswith("_at") or name == "at" or name.endswith("_time"))
        and value[-1:] == "Z"
    )


def in_list(instant: str) -> str:
    """Return a time for the cell of a list."""
    return instant if current().utc or not is_terminal(sys.stdout) else ago(instant, now=datetime.now(UTC))


def in_full(instant: str) -> str:
    """Return a time for a single record: that of this machine's zone and how long ago."""
    if current().utc or not is_terminal(sys.stdout):
        return instant
    local = _read(instant).astimezone()
    return f"{local:%Y-%m-%d %H:%M:%S} ({ago(instant, now=datetime.now(UTC))})"


def ago(instant: str, *, now: datetime) -> str:
    """Return how long ago a time was, or in how long it will be: ``5 min ago``, ``in 3 h``."""
    seconds = (now - _read(instant)).total_seconds()
    text = next(f"{int(abs(seconds) // unit)} {name}" for most, unit, name in _STEPS if abs(seconds) < most)
    if text == "0 s":
        return "now"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def _read(instant: str) -> datetime:
    return datetime.fromisoformat(instant.removesuffix("Z") + "+00:00")


def clock(instant: str) -> str:
    """Return a time for a line of a log: the time of day here on a terminal, in full elsewhere."""
    if current().utc or not is_terminal(sys.stdout):
        return instant
    return f"{_read(instant).astimezone():%H:%M:%S.%f}"[:-3]
