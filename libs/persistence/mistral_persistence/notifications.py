"""What the outside is still to be told. The engine puts deliveries in; notifiers claim them and remove what is done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mistral_persistence.database import Pool

# The recursive part hops over the index from one destination to the next.
_CLAIM = """
WITH RECURSIVE waiting AS (
    (SELECT destination FROM notification WHERE given_up_at IS NULL ORDER BY destination LIMIT 1)
    UNION ALL
    SELECT (SELECT n.destination FROM notification n
             WHERE n.given_up_at IS NULL AND n.destination > waiting.destination ORDER BY n.destination LIMIT 1)
      FROM waiting WHERE waiting.destination IS NOT NULL
), chosen AS (
    SELECT turn.id
      FROM waiting
      LEFT JOIN unnest($1::text[], $2::integer[]) AS known (destination, room) USING (destination)
     CROSS JOIN LATERAL (
        SELECT n.id FROM notification n
         WHERE n.given_up_at IS NULL AND n.destination = waiting.destination AND n.next_attempt_at <= now()
         ORDER BY n.next_attempt_at
         LIMIT coalesce(known.room, $3)
           FOR UPDATE SKIP LOCKED) AS turn
     LIMIT $4
)
UPDATE notification n
   SET next_attempt_at = now() + $5 * interval '1 second', claimed_until = now() + $5 * interval '1 second'
  FROM chosen
 WHERE n.id = chosen.id
RETURNING n.id, n.execution_id, n.event, n.payload, n.publisher, n.destination, n.attempts, n.created_at
"""

_RENEW = """
UPDATE notification
   SET next_attempt_at = now() + $2 * interval '1 second', claimed_until = now() + $2 * interval '1 second'
 WHERE id = ANY($1::bigint[]) AND claimed_until > '-infinity'
"""

_RELEASE = "UPDATE notification SET next_attempt_at = now(), claimed_until = '-infinity' WHERE id = ANY($1::bigint[])"

_DONE = "DELETE FROM notification WHERE id = ANY($1::bigint[])"

_FAILED = """
UPDATE notification n
   SET attempts = n.attempts + 1, claimed_until = '-infinity', error = failed.error,
       next_attempt_at = now() + coalesce(failed.again_in, 0) * interval '1 second',
       given_up_at = CASE WHEN failed.again_in IS NULL THEN now() END
  FROM unnest($1::bigint[], $2::text[], $3::float8[]) AS failed (id, error, again_in)
 WHERE n.id = failed.id
"""

_DEAD = """
SELECT id, execution_id, event, coalesce(publisher->>'type', '') AS publisher, attempts, coalesce(error, '') AS error,
       given_up_at
  FROM notification
 WHERE given_up_at IS NOT NULL AND ($2::timestamptz IS NULL OR (given_up_at, id) < ($2, $3::bigint))
 ORDER BY given_up_at DESC, id DESC
 LIMIT $1
"""

_REPLAY = """
UPDATE notification
   SET given_up_at = NULL, attempts = 0, error = NULL, next_attempt_at = now(), claimed_until = '-infinity'
 WHERE given_up_at IS NOT NULL AND ($1::bigint[] IS NULL OR id = ANY($1))
"""

_COUNTS = "SELECT count(*) FILTER (WHERE given_up_at IS NULL), count(given_up_at) FROM notification"

_DROP_DEAD = """
DELETE FROM notification WHERE id IN (SELECT id FROM notification WHERE given_up_at < $1 ORDER BY given_up_at LIMIT $2)
"""


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that is ours to make.

    Attributes:
        payload: JSON text of what to tell.
        publisher: JSON text of the publisher entry: its type and settings.
        destination: Deliveries of the same destination share its fate.
        attempts: Failed ones so far.
    """

    id: int
    execution_id: UUID
    event: str
    payload: str
    publisher: str
    destination: str
    attempts: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """How an attempt failed; ``again_in`` seconds it is tried again, None gives it up."""

    id: int
    error: str
    again_in: float | None


@dataclass(frozen=True, slots=True)
class DeadRow:
    """A delivery that was given up."""

    id: int
    execution_id: UUID
    event: str
    publisher: str
    attempts: int
    error: str
    given_up_at: datetime


async def claim_deliveries(
    pool: Pool, *, room: Mapping[str, int], default_room: int, limit: int, claim_seconds: float
) -> list[ClaimedDelivery]:
    """Claim deliveries whose time has come: of each destination as many as there is room for.

    Args:
        room: By destination, where it differs from ``default_room``; 0 leaves a destination alone.
    """
    rows = await pool.fetch(_CLAIM, list(room), list(room.values()), default_room, limit, claim_seconds)
    return [ClaimedDelivery(*row) for row in rows]


async def renew_deliveries(pool: Pool, ids: Sequence[int], *, claim_seconds: float) -> None:
    await pool.execute(_RENEW, ids, claim_seconds)


async def release_deliveries(pool: Pool, ids: Sequence[int]) -> None:
    """Give up claims, so that another notifier can deliver these at once."""
    await pool.execute(_RELEASE, ids)


async def settle_deliveries(pool: Pool, done: Sequence[int], failed: Sequence[FailedDelivery]) -> None:
    """Take out what was delivered and note what was not, together."""
    async with pool.acquire() as connection, connection.transaction():
        if done:
            await connection.execute(_DONE, done)
        if failed:
            await connection.execute(
                _FAILED, [f.id for f in failed], [f.error for f in failed], [f.again_in for f in failed]
            )


async def dead_deliveries(pool: Pool, *, limit: int, before: tuple[datetime, int] | None = None) -> list[DeadRow]:
    """Return given-up deliveries, newest first, past the given ``(given_up_at, id)``."""
    moment, last = before or (None, None)
    return [DeadRow(*row) for row in await pool.fetch(_DEAD, limit, moment, last)]


async def replay_deliveries(pool: Pool, ids: Sequence[int] | None) -> int:
    """Have given-up deliveries, or all of them, tried anew; return how many."""
    return _affected(await pool.execute(_REPLAY, ids))


async def count_deliveries(pool: Pool) -> tuple[int, int]:
    """Return how many are pending and how many were given up."""
    row = await pool.fetchrow(_COUNTS)
    assert row is not None
    return row[0], row[1]


async def drop_dead_deliveries(pool: Pool, *, before: datetime, limit: int) -> int:
    """Forget deliveries given up before a moment, at most ``limit`` at once; return how many."""
    return _affected(await pool.execute(_DROP_DEAD, before, limit))


def _affected(status: str) -> int:
    return int(status.rpartition(" ")[2])
