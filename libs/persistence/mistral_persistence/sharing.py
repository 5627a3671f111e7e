"""What a project sees: its own rows, the public ones of others, and what was shared with it; its own first.

For every table with ``project_id`` and ``scope``; the tables themselves, and what is written to them, are elsewhere.
"""

from collections.abc import Sequence

import asyncpg

from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Listing, Page, Statement, page_statement
from mistral_persistence.literals import as_uuid


class Shared:
    """Finds and lists the rows of one listing, whose source begins with the table and its alias.

    Attributes:
        visible: Condition that holds for what the project ``$1`` sees.
    """

    def __init__(self, listing: Listing, columns: Sequence[str]) -> None:
        self._listing = listing
        self._alias = alias = listing.source.split()[1]
        self.visible = listing.seen_by("$1")
        self._shown = listing.select(columns)
        self._own_first = (
            f"ORDER BY ({alias}.project_id = $1) DESC, ({alias}.scope = 'public') DESC, {alias}.created_at"
        )

    async def find(
        self,
        source: Pool | Connection,
        project: str,
        identifier: str,
        namespace: str | None = None,
        *,
        everything: bool = False,
    ) -> asyncpg.Record | None:
        """Return the row of that id, or of that name as ``named`` does, if it is visible.

        Args:
            everything: Whether all rows are visible, as for an administrator; those of the project still come first.
        """
        if as_uuid(identifier):
            row = await self.by_id(source, project, identifier, everything=everything)
            if row is not None:
                return row
        return await self.named(source, project, identifier, namespace, everything=everything)

    async def by_id(
        self, source: Pool | Connection, project: str, row_id: str, *, everything: bool = False
    ) -> asyncpg.Record | None:
        """Return the row of that id, which must be a UUID, if it is visible."""
        sql = f"{self._shown} WHERE {self._alias}.id = $2::uuid AND {self._seen(everything)}"
        return await source.fetchrow(sql, project, row_id)

    async def named(
        self,
        source: Pool | Connection,
        project: str,
        name: str,
        namespace: str | None = None,
        *,
        everything: bool = False,
    ) -> asyncpg.Record | None:
        """Return the row of that name, in exactly that namespace unless it is None, if it is visible."""
        conditions = f"{self._alias}.name = $2 AND {self._seen(everything)}"
        if namespace is None:
            return await source.fetchrow(f"{self._shown} WHERE {conditions} {self._own_first} LIMIT 1", project, name)
        within = f"{self._alias}.namespace = $3 AND {conditions}"
        return await source.fetchrow(
            f"{self._shown} WHERE {within} {self._own_first} LIMIT 1", project, name, namespace
        )

    async def page(self, source: Pool | Connection, wanted: Page, *, project: str | None) -> list[asyncpg.Record]:
        """Return a page of what a project sees, or of all when it is None.

        Raises:
            InvalidInput: If a column is unknown or a value does not fit it.
        """
        sql, arguments = page_statement(self._listing, wanted, Statement(), project=project)
        return await source.fetch(sql, *arguments)

    def _seen(self, everything: bool) -> str:
        # The project is bound in any case, and Postgres wants to know its type.
        return "$1::text IS NOT NULL" if everything else self.visible
