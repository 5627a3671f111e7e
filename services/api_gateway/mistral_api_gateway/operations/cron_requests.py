"""Cron triggers as they are sent: read, checked, and made into what is stored."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from mistral_core.cron import NEVER, Overlap, Schedule
from mistral_core.cron.moments import moment_of
from mistral_core.cron.settings import CronSettings
from mistral_core.errors import InvalidInput
from mistral_persistence.cron_triggers import Row

_SOONEST: Final = timedelta(minutes=1)
_FIRST_TIME: Final = "%Y-%m-%d %H:%M"
_LONGEST_TEXT: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRequest:
    """When something is to be due, as it is sent.

    Attributes:
        pattern: Five or six fields; empty for none.
        patterns: More of them.
        timezone: By whose clock they are; empty for UTC.
        first_time: ``YYYY-MM-DD HH:MM`` in UTC; empty for none.
        start_at: ISO 8601, by the clock of the zone unless it says otherwise; empty for none, likewise ``end_at``.
        jitter: Seconds.
    """

    pattern: str = ""
    patterns: Sequence[str] = ()
    timezone: str = ""
    first_time: str = ""
    start_at: str = ""
    end_at: str = ""
    jitter: int = 0

    def schedule(self, now: datetime) -> Schedule:
        """Return what is meant.

        Raises:
            InvalidInput: If it cannot be told, or is never.
        """
        patterns = tuple(dict.fromkeys(one for one in (self.pattern, *self.patterns) if one))
        if not patterns and not self.first_time:
            raise InvalidInput("Pattern or first_execution_time must be specified.", field="pattern")
        place = self.timezone or "UTC"
        schedule = Schedule(
            patterns=patterns,
            timezone=place,
            first=_first_time(self.first_time, now),
            start_at=moment_of(self.start_at, place, "start_at") if self.start_at else None,
            end_at=moment_of(self.end_at, place, "end_at") if self.end_at else None,
            jitter=self.jitter,
        )
        schedule.check()
        if schedule.next_after(now) is None:
            shown = ", ".join(patterns) or self.first_time
            raise InvalidInput(f"The specified pattern is not valid: {shown} (it never fits)", field="pattern")
        return schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class CronTriggerRequest:
    """A trigger as it is sent.

    Attributes:
        workflow: Name or id; names are looked for in the default namespace.
        input: JSON object, or empty; likewise ``params``.
        remaining: How often it fires; None for ever.
        overlap: What happens while an earlier run is open; empty for starting it all the same.
        catchup_window: Seconds; None for one run for all that was missed.
        paused: Why it begins paused; None if it does not.
    """

    name: str
    workflow: str
    schedule: ScheduleRequest
    input: bytes = b""
    params: bytes = b""
    remaining: int | None = None
    scope: str | None = None
    overlap: str = ""
    catchup_window: int | None = None
    paused: str | None = None

    def settings(self, now: datetime) -> CronSettings:
        """Return what is meant.

        Raises:
            InvalidInput: If a part of it is wrong.
        """
        schedule, count = self.schedule.schedule(now), self.remaining
        if not schedule.patterns:
            if count is not None and count > 1:
                raise InvalidInput("Pattern must be provided if count is superior to 1.", field="pattern")
            count = 1 if count is None else count
        found = CronSettings(
            schedule=schedule, count=count, overlap=overlap_of(self.overlap), catchup_window=self.catchup_window
        )
        found.check()
        return found


def overlap_of(text: str, usual: Overlap = Overlap.ALLOW) -> Overlap:
    """Return a way of overlapping. Raises InvalidInput if there is none of that name."""
    if not text:
        return usual
    try:
        return Overlap(text.lower().replace("-", "_"))
    except ValueError:
        known = ", ".join(each.value for each in Overlap)
        raise InvalidInput(f"There is no overlap {text[:_LONGEST_TEXT]!r}, only {known}", field="overlap") from None


def columns_of(settings: CronSettings, trigger_id: str, now: datetime) -> dict[str, Any]:
    """Return what is stored of when a trigger is due; one that is never due any more has ended."""
    schedule = settings.schedule
    due = schedule.next_after(now)
    starts = None if due is None else schedule.start_of(due, trigger_id)
    ended = {} if due else {"status": "ENDED", "status_note": "the time at which it ends has passed"}
    return {
        "pattern": schedule.patterns[0] if schedule.patterns else NEVER,
        "patterns": list(schedule.patterns) if len(schedule.patterns) > 1 else [],
        "timezone": schedule.timezone,
        "jitter": schedule.jitter,
        "start_at": schedule.start_at,
        "end_at": schedule.end_at,
        "overlap": settings.overlap.value,
        "catchup_window": settings.catchup_window,
        "first_execution_time": schedule.first,
        "next_execution_time": starts,
        "due_at": None if starts == due else due,
        "remaining_executions": settings.count,
        **ended,
    }


def schedule_of(row: Row) -> Schedule:
    """Return when a stored trigger is due."""
    return Schedule(
        patterns=tuple(one for one in row["patterns"] if one != NEVER),
        timezone=row["timezone"],
        first=row["first_execution_time"],
        start_at=row["start_at"],
        end_at=row["end_at"],
        jitter=row["jitter"],
    )


def fingerprint(workflow_id: str, given: Mapping[str, Any], params: Mapping[str, Any], settings: CronSettings) -> str:
    """Return what two triggers of a project may not have in common: everything but the name."""
    schedule = settings.schedule
    first = "" if schedule.first is None else schedule.first.strftime(_FIRST_TIME)
    parts: list[Any] = [workflow_id, given, params, (*schedule.patterns, NEVER)[0], first, settings.count]
    more = [schedule.patterns[1:], schedule.timezone, schedule.start_at, schedule.end_at, schedule.jitter]
    if more != [(), "UTC", None, None, 0] or settings.overlap is not Overlap.ALLOW or settings.catchup_window:
        # Those that were stored before there was more have no more.
        parts += [more, settings.overlap, settings.catchup_window]
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()


def is_extended(row: Row) -> bool:
    """Tell whether a stored trigger has anything that OpenStack Mistral's have not."""
    return (
        len(row["patterns"]) > 1
        or row["timezone"] != "UTC"
        or row["overlap"] != "allow"
        or row["status"] != "ACTIVE"
        or bool(row["jitter"] or row["start_at"] or row["end_at"] or row["catchup_window"] or row["declared_as"])
    )


def _first_time(text: str, now: datetime) -> datetime | None:
    if not text:
        return None
    try:
        first = datetime.strptime(text, _FIRST_TIME).replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidInput(
            f"first_execution_time is not a time such as 2030-01-31 10:00: {error}", field="first_execution_time"
        ) from None
    if first < now + _SOONEST:
        raise InvalidInput(
            "first_execution_time must be at least 1 minute in the future.", field="first_execution_time"
        )
    return first
