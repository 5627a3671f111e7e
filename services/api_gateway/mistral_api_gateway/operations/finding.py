"""Finding one thing for somebody: it is visible or it is not there, and only its own project may change it."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import asyncpg

from mistral_api_gateway.operations.caller import Caller
from mistral_core.errors import NotFound
from mistral_persistence.database import Connection, Pool

Row: TypeAlias = asyncpg.Record
Find: TypeAlias = Callable[..., Awaitable[Row | None]]


class Finding:
    """Finds the things of one kind that are shared between projects.

    Things are named as the kind has it: by an id, or by a name and perhaps a namespace.

    Args:
        find: ``find(source, project, *names, everything=...)`` of the module that has the kind's SQL.
        kind: What such a thing is called in a refusal.
        unknown: Makes the error that there is none, of the names.
    """

    def __init__(self, find: Find, kind: str, unknown: Callable[..., NotFound]) -> None:
        self._find: Final = find
        self._kind: Final = kind
        self._unknown: Final = unknown

    async def visible(self, source: Pool | Connection, caller: Caller, *names: Any) -> Row:
        """Return a thing that the caller sees. Raises NotFound if there is none."""
        row = await self._find(source, caller.project, *names, everything=caller.admin)
        if row is None:
            raise self._unknown(*names)
        return row

    async def own(self, source: Pool | Connection, caller: Caller, *names: Any) -> Row:
        """Return a thing that the caller may change.

        Raises:
            NotFound: If the caller sees none.
            Forbidden: If it belongs to another project.
        """
        row = await self.visible(source, caller, *names)
        caller.check_owns(row["project_id"], f"{self._kind} {names[0]!r}")
        return row
