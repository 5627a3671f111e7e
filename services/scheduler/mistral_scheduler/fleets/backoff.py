"""When a fleet whose workers fail may start more: twice as long after every failure of the last minutes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

WINDOW: Final = timedelta(minutes=10)
"""How far back failures count."""

_FREE: Final = 2
_MOST: Final = timedelta(seconds=60)


def may_start(failures: int, last: datetime, now: datetime) -> bool:
    """Whether more may be started after so many failures, the last of them at ``last``."""
    if failures <= _FREE:
        return True
    wait = min(timedelta(seconds=2.0 ** min(failures - _FREE, 10)), _MOST)
    return now >= last + wait
