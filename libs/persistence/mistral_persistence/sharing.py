"""What a project sees: its own rows and the public ones of others, its own first.

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
        self.visible = self._seen_by("$1")
        shown = listing.select(columns)
        own_first = f"ORDER BY ({alias}.project_id = $1) DESC, {alias}.created_at LIMIT 1"
        self._by_id = f"{shown} WHERE {alias}.id = $2::uuid AND {self.visible}"
        self._by_name = f"{shown} WHERE {alias}.name = $2 AND {self.visible} {own_first}"
        self._in_namespace = (
            f"{shown} WHERE {alias}.namespace = $3 AND {alias}.name = $2 AND {self.visible} {own_first}"
        )

    async def find(
        self, source: Pool | Connection, project: str, identifier: str, namespace: str | None = None
    ) -> asyncpg.Record | None:
        """Return the row of that id, or of that name as ``named`` does, if it is visible."""
        if as_uuid(identifier):
            row = await self.by_id(source, project, identifier)
            if row is not None:
                return row
        return await self.named(source, project, identifier, namespace)

    async def by_id(self, source: Pool | Connection, project: str, row_id: str) -> asyncpg.Record | None:
        """Return the row of that id, which must be a UUID, if it is visible."""
        return await source.fetchrow(self._by_id, project, row_id)

    async def named(
        self, source: Pool | Connection, project: str, name: str, namespace: str | None = None
    ) -> asyncpg.Record | None:
        """Return the row of that name, in exactly that namespace unless it is None, if it is visible."""
        if namespace is None:
            return await source.fetchrow(self._by_name, project, name)
        return await source.fetchrow(self._in_namespace, project, name, namespace)

    async def page(self, source: Pool | Connection, wanted: Page, *, project: str | None) -> list[asyncpg.Record]:
        """Return a page of what a project sees, or of all when it is None.

        Raises:
            InvalidInput: If a column is unknown or a value does not fit it.
        """
        statement = Statement()
        if project is not None:
            statement.conditions.append(self._seen_by(statement.bind(project)))
        sql, arguments = page_statement(self._listing, wanted, statement)
        return await source.fetch(sql, *arguments)

    def _seen_by(self, project: str) -> str:
        return f"({self._alias}.project_id = {project} OR {self._alias}.scope = 'public')"
