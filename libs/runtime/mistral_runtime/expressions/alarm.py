"""A bound on the time of what the main thread does in place, by a timer of the system.

It is the time that the process computes, so a machine that is busy otherwise makes nothing fail.
The signal is noticed between two steps of Python code, by the matcher of regular expressions and by arithmetic on
large integers; other calls into Python's own code are not interrupted. Costs about a microsecond.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from mistral_core.expressions.isolation import TimeIsUp

_T = TypeVar("_T")

# It rings again until it is heard: what a finalizer or a callback of the garbage collector raises goes nowhere.
_AGAIN_SECONDS = 0.02


class _Rang(BaseException):
    """The time is up; not an ``Exception``, so that nothing on the way takes it for a fault of its own."""


class Alarm:
    """Calls functions for a limited time, one at a time and on the main thread only."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._armed = False

    def bounded(self, run: Callable[[], _T]) -> _T:
        """Call a function and return what it returns; inside another such call its time counts.

        Raises:
            TimeIsUp: If it takes too long.
        """
        if self._armed or threading.current_thread() is not threading.main_thread():
            return run()
        self._armed = True
        signal.setitimer(signal.ITIMER_PROF, self._seconds, _AGAIN_SECONDS)
        try:
            try:
                return run()
            finally:
                # From here on the signal does nothing, should it still come.
                self._armed = False
        except _Rang:
            raise TimeIsUp(f"it takes longer than {self._seconds:g} seconds") from None
        finally:
            self._armed = False
            signal.setitimer(signal.ITIMER_PROF, 0)

    def ring(self, number: int, frame: FrameType | None) -> None:
        """Break off what is being done; the handler of the signal."""
        if self._armed:
            raise _Rang


@contextmanager
def alarmed(seconds: float) -> Iterator[Alarm | None]:
    """Yield an alarm that is ready inside the block; None if there is one already, or this is not the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield None
        return
    alarm = Alarm(seconds)
    before = signal.getsignal(signal.SIGPROF)
    if isinstance(getattr(before, "__self__", None), Alarm):
        # Another service of this process has one; there is only one timer.
        yield None
        return
    signal.signal(signal.SIGPROF, alarm.ring)
    try:
        yield alarm
    finally:
        signal.signal(signal.SIGPROF, before)
