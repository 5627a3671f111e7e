"""What the outside is still to be told. The engine puts deliveries in; notifiers claim them and remove what is done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mistral_persistence.database import Pool

# The recursive part hops over the index from one destination to the next. Of each line only the first delivery is
# looked for; a few that come after it are claimed with it, and made after it.
_CLAIM = """
WITH RECURSIVE waiting AS (
    (SELECT destination FROM notification WHERE given_up_at IS NULL ORDER BY destination LIMIT 1)
    UNION ALL
    SELECT (SELECT n.destination FROM notification n
             WHERE n.given_up_at IS NULL AND n.destination > waiting.destination ORDER BY n.destination LIMIT 1)
      FROM waiting WHERE waiting.destination IS NOT NULL
), heads AS (
    SELECT turn.id, turn.execution_id, turn.line
      FROM waiting
      LEFT JOIN unnest($1::text[], $2::integer[]) AS known (destination, room) USING (destination)
     CROSS JOIN LATERAL (
        SELECT n.id, n.execution_id, n.line FROM notification n
         WHERE n.given_up_at IS NULL AND n.destination = waiting.destination AND n.next_attempt_at <= now()
           AND NOT EXISTS (SELECT FROM notification earlier
                            WHERE earlier.execution_id = n.execution_id AND earlier.line = n.line AND earlier.id < n.id
                              AND earlier.given_up_at IS NULL)
         ORDER BY n.next_attempt_at, n.id
         LIMIT coalesce(known.room, $3)
           FOR UPDATE SKIP LOCKED) AS turn
     LIMIT $4
), chosen AS (
    SELECT id FROM heads
    UNION
    SELECT run.id FROM heads CROSS JOIN LATERAL (
        SELECT n.id FROM notification n
         WHERE n.execution_id = heads.execution_id AND n.line = heads.line AND n.id > heads.id
           AND n.given_up_at IS NULL AND n.next_attempt_at <= now()
         ORDER BY n.id LIMIT $6) AS run
), claimed AS (
    UPDATE notification n
       SET next_attempt_at = now() + $5 * interval '1 second', claimed_until = now() + $5 * interval '1 second'
     WHERE n.id = ANY (ARRAY(SELECT id FROM chosen))
    RETURNING n.*
)
SELECT c.id, c.uid::text, c.execution_id, c.event, c.payload, coalesce(s.publisher, c.publisher) AS publisher,
       coalesce(s.secrets, '{}') AS secrets, c.destination, c.attempts, c.created_at, c.line,
       c.subscription_id::text, c.once
  FROM claimed c LEFT JOIN subscription s ON s.id = c.subscription_id
 ORDER BY c.id
"""

FOLLOWERS = 31
"""Most deliveries of a line that are claimed besides its first."""

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

# What comes after a failed delivery waits as long as that one does.
_WAIT_BEHIND = """
UPDATE notification n
   SET next_attempt_at = first.next_attempt_at, claimed_until = '-infinity'
  FROM notification first
 WHERE first.id = ANY($1::bigint[]) AND n.execution_id = first.execution_id AND n.line = first.line AND n.id > first.id
   AND n.given_up_at IS NULL AND n.next_attempt_at < 'infinity'
"""

# One of a subscription that was removed meanwhile has no log any more.
_LOG = """
INSERT INTO delivery_attempt (subscription_id, delivery_id, execution_id, event, attempt, delivered, error,
                              milliseconds)
SELECT id, $2, $3, $4, $5, $6, $7, $8 FROM subscription WHERE id = $1
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
        publisher: JSON text of the publisher entry: its type and settings; ``secrets`` belong to it.
        destination: Deliveries of the same destination share its fate.
        attempts: Failed ones so far.
        line: Those of the same line and execution are made one after the other; None waits for nobody.
        once: Whether it is tried only once.
    """

    id: int
    uid: str
    execution_id: UUID
    event: str
    payload: str
    publisher: str
    secrets: str
    destination: str
    attempts: int
    created_at: datetime
    line: int | None
    subscription_id: str | None
    once: bool


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """How an attempt failed; ``again_in`` seconds it is tried again, None gives it up."""

    id: int
    error: str
    again_in: float | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a delivery of a subscription, for its log; no error means delivered."""

    subscription_id: str
    delivery_id: str
    execution_id: UUID
    event: str
    attempt: int
    error: str
    milliseconds: int


async def claim_deliveries(
    pool: Pool, *, room: Mapping[str, int], default_room: int, limit: int, claim_seconds: float
) -> list[list[ClaimedDelivery]]:
    """Claim deliveries whose time has come: of each destination as many lines as there is room for.

    Returns the deliveries of each line in the order in which they are to be made; after one that fails, none.

    Args:
        room: By destination, where it differs from ``default_room``; 0 leaves a destination alone.
    """
    rows = await pool.fetch(_CLAIM, list(room), list(room.values()), default_room, limit, claim_seconds, FOLLOWERS)
    lines: dict[tuple[UUID, int], list[ClaimedDelivery]] = {}
    alone: list[list[ClaimedDelivery]] = []
    for row in rows:
        delivery = ClaimedDelivery(*row)
        if delivery.line is None:
            alone.append([delivery])
        else:
            lines.setdefault((delivery.execution_id, delivery.line), []).append(delivery)
    return [*lines.values(), *alone]


async def renew_deliveries(pool: Pool, ids: Sequence[int], *, claim_seconds: float) -> None:
    await pool.execute(_RENEW, ids, claim_seconds)


async def release_deliveries(pool: Pool, ids: Sequence[int]) -> None:
    """Give up claims, so that another notifier can deliver these at once."""
    await pool.execute(_RELEASE, ids)


async def settle_deliveries(
    pool: Pool, done: Sequence[int], failed: Sequence[FailedDelivery], attempts: Sequence[Attempt] = ()
) -> None:
    """Take out what was delivered and note what was not, together; what comes after a failed one waits with it."""
    async with pool.acquire() as connection, connection.transaction():
        if attempts:
            await connection.executemany(_LOG, [_logged(each) for each in attempts])
        if done:
            await connection.execute(_DONE, done)
        if failed:
            ids = [f.id for f in failed]
            await connection.execute(_FAILED, ids, [f.error for f in failed], [f.again_in for f in failed])
            await connection.execute(_WAIT_BEHIND, ids)


async def count_deliveries(pool: Pool) -> tuple[int, int]:
    """Return how many are pending and how many were given up."""
    row = await pool.fetchrow(_COUNTS)
    assert row is not None
    return row[0], row[1]


async def drop_dead_deliveries(pool: Pool, *, before: datetime, limit: int) -> int:
    """Forget deliveries given up before a moment, at most ``limit`` at once; return how many."""
    return _affected(await pool.execute(_DROP_DEAD, before, limit))


def _logged(attempt: Attempt) -> tuple[object, ...]:
    return (
        attempt.subscription_id,
        attempt.delivery_id,
        attempt.execution_id,
        attempt.event,
        attempt.attempt,
        not attempt.error,
        attempt.error,
        attempt.milliseconds,
    )


def _affected(status: str) -> int:
    return int(status.rpartition(" ")[2])
