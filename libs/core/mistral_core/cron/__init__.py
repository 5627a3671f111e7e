"""When schedules are due. Pure: the time is passed in.

* ``patterns``: one cron pattern, by the clock on a wall that is never put forward or back
* ``clock``: a pattern in a time zone, whose clock is
* ``schedule``: several patterns with a beginning, an end and jitter
* ``overlap``: what becomes of a due time while earlier runs are still open

What is started, and where this is remembered, is not known here.
"""

from mistral_core.cron.clock import next_instant
from mistral_core.cron.overlap import Outcome, Overlap, Plan, plan
from mistral_core.cron.patterns import NEVER, next_time
from mistral_core.cron.schedule import Schedule

__all__ = ["NEVER", "Outcome", "Overlap", "Plan", "Schedule", "next_instant", "next_time", "plan"]
