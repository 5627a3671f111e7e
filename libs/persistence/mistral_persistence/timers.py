"""Timers as the schedulers see them: claimed for a moment, never deleted. The engine makes and removes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mistral_persistence.database import Pool

# now() is fixed for the statement, so the index on the turn serves both parts.
_CLAIM = """
WITH chosen AS (
    SELECT task_id, kind, round, greatest(due_at, claimed_until) AS turn
      FROM timer
     WHERE greatest(due_at, claimed_until) <= now() + $1 * interval '1 second'
     ORDER BY greatest(due_at, claimed_until)
     LIMIT $3
       FOR UPDATE SKIP LOCKED
)
UPDATE timer t
   SET claimed_until = greatest(chosen.turn, now()) + $2 * interval '1 second'
  FROM chosen
 WHERE (t.task_id, t.kind, t.round) = (chosen.task_id, chosen.kind, chosen.round)
RETURNING t.task_id, t.kind, t.round, t.execution_id, t.partition,
          extract(epoch FROM chosen.turn - clock_timestamp())::float8 AS due_in
"""

_NEXT_TURN = """
SELECT extract(epoch FROM min(greatest(due_at, claimed_until)) - clock_timestamp())::float8
  FROM timer
 WHERE greatest(due_at, claimed_until) > now() + $1 * interval '1 second'
"""

_RELEASE = """
UPDATE timer t
   SET claimed_until = '-infinity'
  FROM unnest($1::uuid[], $2::text[], $3::integer[]) AS held (task_id, kind, round)
 WHERE (t.task_id, t.kind, t.round) = (held.task_id, held.kind, held.round)
"""

_PENDING = "SELECT count(*), min(due_at) FROM timer"


@dataclass(frozen=True, slots=True)
class ClaimedTimer:
    """A timer that is ours to fire.

    Attributes:
        due_in: Seconds until it shall fire, as of the answer; negative when it is late.
    """

    task_id: UUID
    kind: str
    round: int
    execution_id: UUID
    partition: int
    due_in: float


@dataclass(frozen=True, slots=True)
class PendingTimers:
    """All timers that are not applied yet; ``next_due_at`` is None when there are none."""

    count: int
    next_due_at: datetime | None


async def claim_timers(
    pool: Pool, *, horizon_seconds: float, claim_seconds: float, limit: int
) -> tuple[list[ClaimedTimer], float | None]:
    """Claim the timers whose turn comes within the horizon, the earliest first.

    Whoever claims must fire each at its time. The claim lasts ``claim_seconds`` from then; a timer that is still
    there afterwards has its turn again.

    Returns:
        The claimed timers, and in how many seconds the next turn past the horizon comes (None: no further timer).
    """
    async with pool.acquire() as connection:
        rows = await connection.fetch(_CLAIM, horizon_seconds, claim_seconds, limit)
        next_turn = await connection.fetchval(_NEXT_TURN, horizon_seconds)
    return [ClaimedTimer(*row) for row in rows], next_turn


async def release_timers(pool: Pool, held: Sequence[ClaimedTimer]) -> None:
    """Give up claims, so that another scheduler can fire these at once."""
    await pool.execute(_RELEASE, [t.task_id for t in held], [t.kind for t in held], [t.round for t in held])


async def pending_timers(pool: Pool) -> PendingTimers:
    row = await pool.fetchrow(_PENDING)
    assert row is not None
    return PendingTimers(count=row[0], next_due_at=row[1])
