"""Cron triggers in use: paused and resumed, run at once, made up for, looked ahead of, and their runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.cron_requests import ScheduleRequest, overlap_of, schedule_of
from mistral_api_gateway.operations.cron_triggers import FOUND
from mistral_api_gateway.operations.etags import hold
from mistral_api_gateway.operations.store import Store
from mistral_core.cron import Outcome, Overlap, Schedule, plan
from mistral_core.cron.clock import zone
from mistral_core.errors import IllegalState, InvalidInput
from mistral_persistence import cron_history, cron_runs
from mistral_persistence import cron_triggers as rows
from mistral_persistence.cron_runs import Ahead, NewRun
from mistral_persistence.database import Connection
from mistral_persistence.listing import Filter, Operator, Page

LONGEST_NOTE: Final = 1000
MOST_TIMES: Final = 100
MOST_BACKFILLED: Final = 1000
_STATES: Final = {Outcome.START: "STARTING", Outcome.WAIT: "WAITING", Outcome.SKIP: "SKIPPED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcoming:
    """A time at which something is due.

    Attributes:
        due_at: The moment.
        starts_at: The moment with jitter; the same without.
        local: What the clock of the time zone shows then, with its distance from UTC: ISO 8601.
    """

    due_at: datetime
    starts_at: datetime
    local: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfilled:
    """What became of the due times of a range.

    Attributes:
        started: They are started now.
        waiting: They are started one after the other.
        skipped: They are left out for others that are open.
        known: They have been run before, or are about to be.
    """

    started: int
    waiting: int
    skipped: int
    known: int


class CronControl:
    """What can be done with cron triggers that are stored."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def pause(self, caller: Caller, identifier: str, *, note: str = "", etag: str = "") -> rows.Row:
        """Have a trigger start nothing until it is resumed; what was due meanwhile does not count as missed.

        Raises:
            NotFound: If none visible has that id or name.
            Forbidden: If it belongs to another project.
            InvalidInput: If the note is too long.
            IllegalState: If it has ended.
        """
        if len(note) > LONGEST_NOTE:
            raise InvalidInput(f"note has at most {LONGEST_NOTE} characters", field="note")
        async with self._store.transaction() as connection:
            row = await _held(connection, caller, identifier, etag)
            if row["status"] == "ENDED":
                raise IllegalState(f"The cron trigger {row['name']!r} has ended: {row['status_note']}")
            await rows.set_status(connection, row["id"], "PAUSED", note)
            return await FOUND.visible(connection, caller, row["id"])

    async def resume(self, caller: Caller, identifier: str, *, etag: str = "") -> rows.Row:
        """Let a paused trigger go on with its next due time; one that is not paused stays as it is.

        Raises:
            NotFound: If none visible has that id or name.
            Forbidden: If it belongs to another project.
        """
        async with self._store.transaction() as connection:
            row = await _held(connection, caller, identifier, etag)
            if row["status"] == "PAUSED":
                await _resume(connection, row)
            return await FOUND.visible(connection, caller, row["id"])

    async def run(self, caller: Caller, identifier: str, *, overlap: str = "") -> cron_history.Row:
        """Have the workflow of a trigger started now, also if it is paused; its count does not change.

        Args:
            overlap: What happens while an earlier run is open; empty for what the trigger says.

        Raises:
            NotFound: If none visible has that id or name.
            Forbidden: If it belongs to another project.
            InvalidInput: If there is no such way of overlapping.
        """
        async with self._store.transaction() as connection:
            row = await _held(connection, caller, identifier)
            way = overlap_of(overlap, Overlap(row["overlap"]))
            now = datetime.now(UTC).replace(microsecond=0)
            run_id = str(uuid4())
            await _begin(connection, row, way, {f"cron/{row['id']}/now/{run_id}": now}, "manual", first_id=run_id)
            return await cron_history.find(connection, run_id)

    async def backfill(
        self, caller: Caller, identifier: str, *, start: datetime, end: datetime, overlap: str = ""
    ) -> Backfilled:
        """Have the due times of a range (both ends count) run that have not been; at most a thousand.

        Raises:
            NotFound: If none visible has that id or name.
            Forbidden: If it belongs to another project.
            InvalidInput: If the range is none, lies ahead, or has too many due times.
        """
        if end < start:
            raise InvalidInput("The end of the range is before its start", field="end")
        if end > datetime.now(UTC):
            raise InvalidInput("The end of the range lies ahead; what is due then is run then", field="end")
        async with self._store.transaction() as connection:
            row = await _held(connection, caller, identifier)
            times = _times(schedule_of(row), start, end)
            wanted = {f"cron/{row['id']}/{int(moment.timestamp())}": moment for moment in times}
            known = await cron_history.known(connection, row["id"], list(wanted))
            new = {key: moment for key, moment in wanted.items() if key not in known}
            way = overlap_of(overlap, Overlap(row["overlap"]))
            outcomes = await _begin(connection, row, way, new, "backfill")
        counts = {outcome: outcomes.count(outcome) for outcome in Outcome}
        return Backfilled(
            started=counts[Outcome.START],
            waiting=counts[Outcome.WAIT],
            skipped=counts[Outcome.SKIP],
            known=len(wanted) - len(new),
        )

    async def runs(self, caller: Caller, identifier: str, wanted: Page) -> list[cron_history.Row]:
        """Return a page of the runs of a trigger of one's own.

        Raises:
            NotFound: If none visible has that id or name.
            Forbidden: If it belongs to another project, whose runs are its own affair.
        """
        row = await self._store.read(FOUND.own, caller, identifier)
        page = replace(wanted, filters=[*wanted.filters, Filter("trigger_id", Operator.EQ, (row["id"],))])
        return await self._store.page(cron_history.page, cron_history.CRON_RUNS, page)

    async def preview(self, caller: Caller, identifier: str, *, count: int, after: datetime | None) -> list[Upcoming]:
        """Return the next due times of a trigger, also of a paused one.

        Raises:
            NotFound: If none visible has that id or name.
            InvalidInput: If too many are asked for.
        """
        row = await self._store.read(FOUND.visible, caller, identifier)
        return _upcoming(schedule_of(row), row["id"], count, after or datetime.now(UTC))

    @staticmethod
    def preview_of(wanted: ScheduleRequest, *, count: int, after: datetime | None) -> list[Upcoming]:
        """Return the next due times of what is not stored, without jitter.

        Raises:
            InvalidInput: If it cannot be told when that is due, or too many times are asked for.
        """
        now = datetime.now(UTC)
        schedule = replace(wanted.schedule(now), jitter=0)
        return _upcoming(schedule, "", count, after or now)


async def _held(connection: Connection, caller: Caller, identifier: str, etag: str = "") -> rows.Row:
    """Return a trigger that the caller may change, as it is once no scheduler is at it."""
    known = await FOUND.own(connection, caller, identifier)
    await hold(connection, "cron_trigger", known["id"], etag)
    await rows.lock(connection, known["id"])
    return await FOUND.own(connection, caller, known["id"])


async def _resume(connection: Connection, row: rows.Row) -> None:
    schedule = schedule_of(row)
    due = schedule.next_after(datetime.now(UTC))
    if due is None:
        await rows.set_status(connection, row["id"], "ENDED", "the time at which it ends has passed")
        return
    starts = schedule.start_of(due, row["id"])
    await rows.set_status(connection, row["id"], "ACTIVE", "", next_time=starts, due_at=None if starts == due else due)


async def _begin(
    connection: Connection,
    row: rows.Row,
    overlap: Overlap,
    times: Mapping[str, datetime],
    kind: str,
    *,
    first_id: str = "",
) -> list[Outcome]:
    """Store runs of a locked trigger by their request ids, and return what becomes of each."""
    known = {} if overlap is Overlap.ALLOW else await cron_runs.ahead(connection, [row["id"]])
    ahead = known.get(row["id"], Ahead())
    decided = plan(overlap, [""] * len(times), busy=ahead.busy, waiting=ahead.waiting)
    runs = [
        NewRun(
            id=first_id if first_id and not place else str(uuid4()),
            trigger_id=row["id"],
            request_id=request_id,
            kind=kind,
            due_at=moment,
            overlap=overlap.value,
            state=_STATES[outcome],
            reason=reason,
        )
        for place, ((request_id, moment), (outcome, reason)) in enumerate(
            zip(times.items(), decided.outcomes, strict=True)
        )
    ]
    await cron_runs.skip(connection, decided.superseded, "a later run took its place")
    await cron_runs.add(connection, runs)
    begun = [run.due_at for run in runs if run.state == "STARTING"]
    skipped = sum(run.state == "SKIPPED" for run in runs)
    await rows.count(connection, row["id"], fired=len(begun), skipped=skipped, last_time=max(begun) if begun else None)
    return [outcome for outcome, _ in decided.outcomes]


def _times(schedule: Schedule, start: datetime, end: datetime) -> Sequence[datetime]:
    found: list[datetime] = []
    for moment in replace(schedule, first=None).due_times(start - timedelta(microseconds=1), end):
        found.append(moment)
        if len(found) > MOST_BACKFILLED:
            raise InvalidInput(
                f"The range has more than {MOST_BACKFILLED} due times; ask for a shorter one", field="end"
            )
    return found


def _upcoming(schedule: Schedule, key: str, count: int, after: datetime) -> list[Upcoming]:
    if not 1 <= count <= MOST_TIMES:
        raise InvalidInput(f"count is 1 to {MOST_TIMES}, not {count}", field="count")
    place = zone(schedule.timezone)
    return [
        Upcoming(
            due_at=moment, starts_at=schedule.start_of(moment, key), local=moment.astimezone(place).isoformat(sep=" ")
        )
        for moment in schedule.upcoming(after, count)
    ]
