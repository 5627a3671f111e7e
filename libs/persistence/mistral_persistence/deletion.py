"""Removing executions with all that belongs to them."""

from collections.abc import Sequence

from mistral_persistence.database import Pool

_STATEMENTS = tuple(
    f"DELETE FROM {table} WHERE {column} = ANY ($1::uuid[])"
    for table, column in (
        ("timer", "execution_id"),
        ("notification", "execution_id"),
        ("execution_history", "execution_id"),
        ("child_execution", "execution_id"),
        ("action_execution", "execution_id"),
        ("task_execution", "execution_id"),
        ("execution", "id"),
    )
)


async def delete(pool: Pool, ids: Sequence[str]) -> None:
    """Remove the executions and all their records, together or not at all."""
    async with pool.acquire() as connection, connection.transaction():
        for statement in _STATEMENTS:
            await connection.execute(statement, ids)
