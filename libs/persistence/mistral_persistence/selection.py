"""Which executions an expression may look at: by filters, or as a family."""

from collections.abc import Mapping

from mistral_core.errors import InvalidInput
from mistral_persistence.database import Pool
from mistral_persistence.standalone import SHOWN

_MOST = 1_000

_CONDITIONS = {
    "id": "id = ${}::text::uuid",
    "root_execution_id": "root_id = ${}::text::uuid AND parent_id IS NOT NULL",
    "state": "state = ${}",
    "from_time": "created_at >= ${}::text::timestamptz",
    "to_time": "created_at < ${}::text::timestamptz",
}
# All below the root at once, by its index: there is none by parent, which would cost every start.
_FAMILY = """
WITH RECURSIVE top AS (
    SELECT id, root_id FROM execution WHERE id = $1::text::uuid AND project_id = $2),
members AS MATERIALIZED (
    SELECT e.id, e.parent_id FROM execution e, top WHERE $3 AND e.root_id = top.root_id AND e.parent_id IS NOT NULL),
family (id) AS (
    SELECT id FROM top
    UNION ALL
    SELECT m.id FROM members m JOIN family f ON m.parent_id = f.id)
SELECT id::text FROM family
"""


async def executions_of(pool: Pool, project: str, filters: Mapping[str, str]) -> list[str]:
    """Return ids of the project's executions that fit all filters, oldest first, at most 1,000.

    Raises:
        InvalidInput: If a filter is none of id, root_execution_id, state, from_time and to_time.
    """
    conditions, arguments = ["project_id = $1", SHOWN], [project]
    for name, value in filters.items():
        if name not in _CONDITIONS:
            raise InvalidInput(f"executions() cannot be filtered by {name!r}, only by {', '.join(_CONDITIONS)}")
        arguments.append(value)
        conditions.append(_CONDITIONS[name].format(len(arguments)))
    where = " AND ".join(conditions)
    rows = await pool.fetch(
        f"SELECT id::text FROM execution e WHERE {where} ORDER BY created_at, id LIMIT {_MOST}", *arguments
    )
    return [row["id"] for row in rows]


async def family_below(pool: Pool, project: str, execution_id: str, *, recursive: bool) -> list[str]:
    """Return the id, if it is the project's, and with ``recursive`` those of all sub-workflow executions below."""
    return [row["id"] for row in await pool.fetch(_FAMILY, execution_id, project, recursive)]
