"""Events that could not be applied: put aside, so that they hold up nothing else."""

from collections.abc import Sequence
from typing import TypeAlias

from mistral_persistence.database import Pool

_BURY = """
INSERT INTO dead_letter (execution_id, kind, event, error)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
"""

Letter: TypeAlias = tuple[str, str, str, str]
"""Execution id, kind of event, event as JSON, error."""


async def bury(pool: Pool, letters: Sequence[Letter]) -> None:
    """Store letters."""
    await pool.execute(_BURY, *map(list, zip(*letters, strict=True)))
