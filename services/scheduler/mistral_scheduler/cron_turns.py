"""Turns of cron triggers: what is due becomes runs and the trigger moves on, in one transaction; nothing is started."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from mistral_core.cron import NEVER, Outcome, Overlap, Plan, Schedule, plan
from mistral_core.cron.turn import Turn, turn
from mistral_core.errors import InvalidInput
from mistral_persistence import cron_runs as stored
from mistral_persistence.cron_runs import Ahead, DueTrigger, Move, NewRun
from mistral_persistence.database import Connection, Pool
from mistral_runtime.metrics import counter

_log = logging.getLogger(__name__)

_STATES: Final = {Outcome.START: "STARTING", Outcome.WAIT: "WAITING", Outcome.SKIP: "SKIPPED"}
_MISSED = counter("scheduler_cron_missed", "Due times of cron triggers that passed while nobody could start anything")
_SKIPPED = counter("scheduler_cron_skipped", "Due times of cron triggers left out because an earlier run was open")


@dataclass(slots=True)
class _Work:
    runs: list[NewRun] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)


async def take_turns(pool: Pool, *, limit: int) -> int:
    """Turn what is due into runs and return how many triggers had their turn."""
    async with pool.acquire() as connection, connection.transaction():
        due = await stored.due(connection, limit=limit)
        if due:
            await _store(connection, await _decided(connection, due))
    return len(due)


async def promote_waiting(pool: Pool, *, limit: int) -> int:
    """Let runs that waited for others be started, one for each trigger; return how many."""
    async with pool.acquire() as connection, connection.transaction():
        free = await stored.free(connection, limit=limit)
        found = await stored.ahead(connection, free)
        # Since they were found another scheduler may have been here.
        turns = [one.waiting[0] for one in found.values() if one.waiting and not one.busy]
        await stored.promote(connection, turns)
    return len(turns)


async def _decided(connection: Connection, due: Sequence[DueTrigger]) -> _Work:
    ahead = await stored.ahead(connection, [one.id for one in due if one.overlap != Overlap.ALLOW])
    now, work = datetime.now(UTC), _Work()
    for trigger in due:
        try:
            _decide(trigger, ahead.get(trigger.id, Ahead()), now, work)
        except InvalidInput as error:
            _log.error("cron trigger %s has ended: %s", trigger.id, error)
            work.moves.append(_moved(trigger, Turn((), 0, None), [], None, ended=str(error)))
    return work


async def _store(connection: Connection, work: _Work) -> None:
    await stored.skip(connection, work.superseded, "a later run took its place")
    await stored.add(connection, work.runs)
    await stored.move(connection, work.moves)
    _MISSED.inc(sum(move.missed for move in work.moves))
    _SKIPPED.inc(sum(move.skipped for move in work.moves))


def _decide(trigger: DueTrigger, ahead: Ahead, now: datetime, work: _Work) -> None:
    schedule = schedule_of(trigger)
    found = turn(schedule, trigger.due_at, now, window=trigger.window, key=trigger.id)
    overlap = Overlap(trigger.overlap)
    decided: Plan[str] = plan(overlap, [""] * len(found.times), busy=ahead.busy, waiting=ahead.waiting)
    runs = _runs(trigger, found, decided)
    work.runs += runs
    work.superseded += decided.superseded
    used = sum(run.state != "SKIPPED" for run in runs)
    over = trigger.remaining is not None and used >= trigger.remaining
    following = None if over else found.following
    ended = "" if following else _end_of(trigger, over)
    work.moves.append(_moved(trigger, found, runs, following, schedule=schedule, ended=ended))


def _runs(trigger: DueTrigger, found: Turn, decided: Plan[str]) -> list[NewRun]:
    """Return the runs of a turn; there are no more than the trigger has left."""
    runs: list[NewRun] = []
    left = len(found.times) if trigger.remaining is None else trigger.remaining
    for due_at, (outcome, reason) in zip(found.times, decided.outcomes, strict=True):
        if left == 0:
            break
        left -= outcome is not Outcome.SKIP
        runs.append(new_run(trigger.id, due_at, trigger.overlap, outcome, reason))
    return runs


def new_run(trigger_id: str, due_at: datetime, overlap: str, outcome: Outcome, reason: str) -> NewRun:
    """Return the run of a due time; its request id follows from it."""
    return NewRun(
        id=str(uuid4()),
        trigger_id=trigger_id,
        request_id=f"cron/{trigger_id}/{int(due_at.timestamp())}",
        kind="due",
        due_at=due_at,
        overlap=overlap,
        state=_STATES[outcome],
        reason=reason,
    )


def _moved(
    trigger: DueTrigger,
    found: Turn,
    runs: Sequence[NewRun],
    following: datetime | None,
    *,
    schedule: Schedule | None = None,
    ended: str = "",
) -> Move:
    skipped = [run for run in runs if run.state == "SKIPPED"]
    begun = [run.due_at for run in runs if run.state == "STARTING"]
    starts = None if following is None or schedule is None else schedule.start_of(following, trigger.id)
    return Move(
        id=trigger.id,
        next_time=starts,
        due_at=following if starts != following else None,
        used=0 if trigger.remaining is None else len(runs) - len(skipped),
        fired=len(begun),
        missed=found.missed,
        skipped=len(skipped),
        last_time=begun[-1] if begun else None,
        reason=skipped[-1].reason if skipped else _missed(trigger, found),
        ended=ended,
    )


def _missed(trigger: DueTrigger, found: Turn) -> str:
    if not found.missed:
        return ""
    first = trigger.due_at.astimezone(UTC).replace(microsecond=0)
    return f"{found.missed} due times since {first:%Y-%m-%d %H:%M:%S} UTC passed while nothing could be started"


def _end_of(trigger: DueTrigger, over: bool) -> str:
    if over:
        return "it has fired as often as it was to"
    if trigger.end_at is not None:
        return "the time at which it ends has passed"
    return "its pattern is never due again"


def schedule_of(trigger: DueTrigger) -> Schedule:
    """Return when a stored trigger is due; its first time has passed by the time anybody asks."""
    patterns = tuple(trigger.patterns) or (() if trigger.pattern == NEVER else (trigger.pattern,))
    return Schedule(
        patterns=patterns,
        timezone=trigger.timezone,
        start_at=trigger.start_at,
        end_at=trigger.end_at,
        jitter=trigger.jitter,
    )
