"""A schedule: patterns in a time zone, from when to when, and how far starts are spread. Pure."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from mistral_core.cron.clock import next_instant, zone
from mistral_core.cron.patterns import NEVER
from mistral_core.errors import InvalidInput

MOST_PATTERNS: Final = 20
LONGEST_JITTER: Final = 24 * 3600
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When something is due.

    Attributes:
        patterns: Cron patterns; it is due whenever one of them is, once if several are.
        timezone: Name of the zone by whose clock they are.
        first: A time (aware) before which the patterns do not count and at which it is due itself; None for none.
        start_at: It is not due before this moment (aware).
        end_at: It is not due after this moment (aware).
        jitter: A start may be this many seconds late, by a share that follows from the key and the due time.
    """

    patterns: tuple[str, ...] = ()
    timezone: str = "UTC"
    first: datetime | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    jitter: int = 0

    def check(self) -> None:
        """Refuse what no schedule can be.

        Raises:
            InvalidInput: Names the field.
        """
        if len(self.patterns) > MOST_PATTERNS:
            raise InvalidInput(f"A schedule has at most {MOST_PATTERNS} patterns", field="patterns")
        if not 0 <= self.jitter <= LONGEST_JITTER:
            raise InvalidInput(f"jitter is 0 to {LONGEST_JITTER} seconds, not {self.jitter}", field="jitter")
        if self.start_at and self.end_at and self.end_at <= self.start_at:
            raise InvalidInput("end_at must be later than start_at", field="end_at")
        place = zone(self.timezone)
        for pattern in self.patterns:
            if pattern != NEVER and next_instant(pattern, place, _EPOCH) is None:
                raise InvalidInput(f"The specified pattern is not valid: {pattern} (it never fits)", field="pattern")

    def next_after(self, after: datetime) -> datetime | None:
        """Return the first due time (UTC) after a moment (aware), without jitter; None if there is none."""
        if self.first is not None and after < self.first:
            return self._within(self.first)
        if self.start_at is not None and after < self.start_at:
            # At the moment itself it may be due.
            after = self.start_at - timedelta(microseconds=1)
        place: ZoneInfo = zone(self.timezone)
        following = (next_instant(pattern, place, after) for pattern in self.patterns)
        return self._within(min((moment for moment in following if moment is not None), default=None))

    def due_times(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Yield the due times (UTC) after one moment and up to another (both aware), without jitter."""
        moment = self.next_after(after)
        while moment is not None and moment <= until:
            yield moment
            moment = self.next_after(moment)

    def upcoming(self, after: datetime, count: int) -> list[datetime]:
        """Return the next due times after a moment, at most so many, without jitter."""
        return list(islice(self.due_times(after, datetime.max.replace(tzinfo=UTC)), count))

    def start_of(self, due: datetime, key: str) -> datetime:
        """Return when the run of a due time starts: later by a part of the jitter, the same for every asker.

        Args:
            key: Tells schedules apart that are due at the same time.
        """
        if not self.jitter:
            return due
        digest = hashlib.sha256(f"{key}\0{int(due.timestamp())}".encode()).digest()
        share = int.from_bytes(digest[:8], "big") / 2**64
        return due + timedelta(milliseconds=int(share * self.jitter * 1000))

    def _within(self, moment: datetime | None) -> datetime | None:
        if moment is None or (self.end_at is not None and moment > self.end_at):
            return None
        return moment.astimezone(UTC)


_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
