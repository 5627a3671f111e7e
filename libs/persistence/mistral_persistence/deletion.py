"""Removing executions with all that belongs to them.

What the outside is still to be told of them stays: it happened.
"""

from collections.abc import Mapping, Sequence

from mistral_persistence.database import Pool
from mistral_persistence.flush import LeaseLost

_HELD = """
SELECT FROM partition_lease l
  JOIN unnest($1::smallint[], $2::bigint[]) AS wanted (partition, epoch)
    ON l.partition = wanted.partition AND l.epoch = wanted.epoch
   FOR SHARE OF l
"""

STATEMENTS = tuple(
    f"DELETE FROM {table} WHERE {column} = ANY ($1::uuid[])"
    for table, column in (
        ("timer", "execution_id"),
        ("action_progress", "execution_id"),
        ("execution_history", "execution_id"),
        ("child_execution", "execution_id"),
        ("action_execution", "execution_id"),
        ("task_execution", "execution_id"),
        ("execution", "id"),
    )
)
"""What removes executions, whose ids are the argument, one after the other."""


async def delete(pool: Pool, ids: Sequence[str], epochs: Mapping[int, int]) -> None:
    """Remove the executions and all their records, together or not at all.

    Raises:
        LeaseLost: If a partition of ``epochs`` (partition to epoch) is not held any more; nothing was removed.
    """
    async with pool.acquire() as connection, connection.transaction():
        held = await connection.fetch(_HELD, list(epochs.keys()), list(epochs.values()))
        if len(held) != len(epochs):
            raise LeaseLost
        for statement in STATEMENTS:
            await connection.execute(statement, ids)
