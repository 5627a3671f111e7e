"""Who may write which partition: leases with epochs, and the engines that hold them.

Times are the database's, so the clocks of the engines do not matter.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from mistral_persistence.database import Pool

PARTITIONS = 256

_RENEW = """
INSERT INTO engine_instance (name, incarnation, address, expires_at)
VALUES ($1, $2, $3, now() + $4 * interval '1 second')
ON CONFLICT (name) DO UPDATE
   SET incarnation = excluded.incarnation, address = excluded.address, expires_at = excluded.expires_at
"""
_LEAVE = "DELETE FROM engine_instance WHERE name = $1 AND incarnation = $2"
_ENGINES = "SELECT name, address, expires_at > now() AS alive FROM engine_instance"
_TABLE = "SELECT partition, owner, incarnation::text, epoch FROM partition_lease ORDER BY partition"
# A partition is free when nobody holds it, its holder is gone or expired, or is an earlier start of the same engine.
_CLAIM = """
UPDATE partition_lease l
   SET owner = $1, incarnation = $2, epoch = l.epoch + 1
 WHERE l.partition = ANY ($3::smallint[])
   AND (l.owner IS NULL OR (l.owner = $1 AND l.incarnation <> $2)
        OR NOT EXISTS (SELECT FROM engine_instance i WHERE i.name = l.owner AND i.expires_at > now()))
RETURNING l.partition, l.epoch
"""
_RELEASE = """
UPDATE partition_lease SET owner = NULL, incarnation = NULL, epoch = epoch + 1
 WHERE owner = $1 AND incarnation = $2 AND partition = ANY ($3::smallint[])
"""


class Lease(Struct, frozen=True):
    """One partition; ``owner`` is None while nobody holds it."""

    partition: int
    owner: str | None
    incarnation: str | None
    epoch: int


class Leases:
    """The leases as one engine sees and takes them.

    Args:
        name: Stable name of the engine; a new start of the same name takes over from the old one at once.
        incarnation: UUID of this start.

    Attributes:
        address: Where the engine serves; to be set before the first ``renew``.
    """

    def __init__(self, pool: Pool, *, name: str, incarnation: str, ttl_seconds: float) -> None:
        self._pool = pool
        self._name = name
        self._incarnation = incarnation
        self.address = ""
        self._ttl_seconds = ttl_seconds

    async def renew(self) -> None:
        """Say that this engine lives for another ``ttl_seconds``."""
        await self._pool.execute(_RENEW, self._name, self._incarnation, self.address, self._ttl_seconds)

    async def leave(self) -> None:
        """Say that this engine is gone."""
        await self._pool.execute(_LEAVE, self._name, self._incarnation)

    async def claim(self, partitions: Sequence[int]) -> Mapping[int, int]:
        """Take those of ``partitions`` that are free; return their epochs."""
        rows = await self._pool.fetch(_CLAIM, self._name, self._incarnation, partitions)
        return {row["partition"]: row["epoch"] for row in rows}

    async def release(self, partitions: Sequence[int]) -> None:
        """Give partitions back; others may take them at once."""
        await self._pool.execute(_RELEASE, self._name, self._incarnation, partitions)


async def engines(pool: Pool) -> Mapping[str, str]:
    """Return the addresses of the living engines by name."""
    return {row["name"]: row["address"] for row in await pool.fetch(_ENGINES) if row["alive"]}


async def table(pool: Pool) -> list[Lease]:
    """Return all leases, by partition."""
    rows = await pool.fetch(_TABLE)
    return [Lease(row["partition"], row["owner"], row["incarnation"], row["epoch"]) for row in rows]
