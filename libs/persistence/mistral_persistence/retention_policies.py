"""How long projects keep their executions once those have ended."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from mistral_persistence.database import Connection, Pool

OF_THE_MESH: Final = ""
"""The project of the policy for all projects without one of their own."""

_COLUMNS = "project_id, older_than_minutes, max_finished, ignored_states, updated_at"
_ALL = f"SELECT {_COLUMNS} FROM retention_policy ORDER BY project_id"
_OF = f"SELECT {_COLUMNS} FROM retention_policy WHERE project_id IN ($1, '') ORDER BY project_id DESC LIMIT 1"
_PUT = """
INSERT INTO retention_policy (project_id, older_than_minutes, max_finished, ignored_states) VALUES ($1, $2, $3, $4)
ON CONFLICT (project_id) DO UPDATE
   SET older_than_minutes = excluded.older_than_minutes, max_finished = excluded.max_finished,
       ignored_states = excluded.ignored_states, updated_at = now()
 WHERE (retention_policy.older_than_minutes, retention_policy.max_finished, retention_policy.ignored_states)
       IS DISTINCT FROM (excluded.older_than_minutes, excluded.max_finished, excluded.ignored_states)
"""


class Policy(Struct, frozen=True, kw_only=True):
    """What goes: what ended longer ago than so many minutes, and what is more than so many; None is no limit.

    Attributes:
        ignored_states: Executions in these stay, and are not counted.
    """

    project: str = OF_THE_MESH
    older_than_minutes: int | None = None
    max_finished: int | None = None
    ignored_states: tuple[str, ...] = ()
    updated_at: datetime | None = None


async def policies(source: Pool | Connection) -> list[Policy]:
    """Return all policies, that of the mesh first."""
    return [_policy(*row) for row in await source.fetch(_ALL)]


async def policy_of(source: Pool | Connection, project: str) -> Policy:
    """Return the policy by which a project's executions go: its own, else that of the mesh, else none of any limit."""
    row = await source.fetchrow(_OF, project)
    return Policy() if row is None else _policy(*row)


async def put_policy(source: Pool | Connection, policy: Policy) -> None:
    """Store a policy in the place of the project's former one."""
    values = policy.older_than_minutes, policy.max_finished, list(policy.ignored_states)
    await source.execute(_PUT, policy.project, *values)


async def drop_policy(source: Pool | Connection, project: str) -> bool:
    """Remove a project's own policy; tell whether it had one."""
    return (await source.execute("DELETE FROM retention_policy WHERE project_id = $1", project)).endswith("1")


def _policy(project: str, minutes: int | None, most: int | None, ignored: list[str], updated: datetime) -> Policy:
    return Policy(
        project=project,
        older_than_minutes=minutes,
        max_finished=most,
        ignored_states=tuple(ignored),
        updated_at=updated,
    )
