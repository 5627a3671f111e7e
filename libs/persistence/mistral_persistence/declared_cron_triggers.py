"""Cron triggers that the text of a workflow declares: they come, change and go with it."""

from collections.abc import Collection

from msgspec import Struct

from mistral_persistence.database import Connection

_KNOWN = """
SELECT id::text, declared_as, name, declaration FROM cron_trigger
 WHERE workflow_id = $1::uuid AND declared_as IS NOT NULL FOR UPDATE
"""
_DROP = """
DELETE FROM cron_trigger
 WHERE workflow_id = $1::uuid AND declared_as IS NOT NULL AND NOT declared_as = ANY($2::text[])
"""


class Declared(Struct, frozen=True):
    """One that is stored: its key in the text, the name of the trigger, and what tells whether it has changed."""

    id: str
    declared_as: str
    name: str
    declaration: str


async def known(connection: Connection, workflow_id: str) -> dict[str, Declared]:
    """Return and lock those of a workflow, by their keys in its text."""
    return {row["declared_as"]: Declared(*row) for row in await connection.fetch(_KNOWN, workflow_id)}


async def drop(connection: Connection, workflow_id: str, *, without: Collection[str] = ()) -> None:
    """Remove those of a workflow, without some; what they have started goes on."""
    await connection.execute(_DROP, workflow_id, list(without))
