"""Pages of long tables, read in the way that looks at the fewest rows; short tables do with one statement.

Two orders of things would be looked through from their beginning: what is sorted by a column that many rows share and
then by another is read group by group, and what few rows of a span of time are is found by that time first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import asyncpg

from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Filter, Kind, Listing, Operator, Page, Statement, narrow, page_statement

Scope: TypeAlias = Callable[[], Statement]
"""Makes a statement with the conditions of the caller."""

_FEW: Final = 100_000
_MOST_GROUPS: Final = 50
_BOUNDS: Final = frozenset(Operator) - {Operator.NEQ, Operator.NIN, Operator.HAS}


async def read(
    source: Pool | Connection, listing: Listing, page: Page, scope: Scope, *, project: str | None
) -> list[asyncpg.Record]:
    """Return the rows of a page of what a project sees, or of all for None.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    return await _Reading(source, listing, scope, project).rows(page)


@dataclass(frozen=True, slots=True)
class _Reading:
    source: Pool | Connection
    listing: Listing
    scope: Scope
    project: str | None

    async def rows(self, page: Page) -> list[asyncpg.Record]:
        """Return the rows of a page."""
        if len(page.sort) > 1 and self._is_grouped(page.sort[0][0], Kind.TEXT):
            return await self._by_groups(page)
        return await self._at_once(page, apart=await self._few_in_time(page))

    async def _at_once(self, page: Page, *, apart: bool = False) -> list[asyncpg.Record]:
        sql, arguments = page_statement(self.listing, page, self.scope(), project=self.project, apart=apart)
        return await self.source.fetch(sql, *arguments)

    async def _few_in_time(self, page: Page) -> bool:
        """Tell whether few rows lie within what filters say of an indexed time that the page is not sorted by."""
        first = page.sort[0][0] if page.sort else ""
        bounds = [
            one
            for one in page.filters
            if one.operator in _BOUNDS and one.column != first and self._is_grouped(one.column, Kind.TIME)
        ]
        if not bounds:
            return False
        statement = self.scope()
        narrow(self.listing, replace(page, filters=bounds, nulls=()), statement)
        within = f"SELECT FROM {self.listing.source} WHERE {' AND '.join(statement.conditions)} LIMIT {_FEW + 1}"
        count = await self.source.fetchval(f"SELECT count(*) FROM ({within}) found", *statement.arguments)
        return int(count) <= _FEW

    async def _by_groups(self, page: Page) -> list[asyncpg.Record]:
        (column, down), *rest = page.sort
        rows: list[asyncpg.Record] = []
        marker = page.marker
        value = await self._group_of(column, marker) if marker else None
        if marker and value is None:
            return rows
        for _ in range(_MOST_GROUPS):
            if value is not None:
                group = [*page.filters, Filter(column, Operator.EQ, (value,))]
                part = replace(page, filters=group, sort=rest, marker=marker, limit=page.limit - len(rows))
                rows += await self.rows(part)
                if len(rows) == page.limit:
                    return rows
            value, marker = await self._next_group(page, column, value, down=down), None
            if value is None:
                return rows
        # Hardly any group has something that fits: one look at everything is less work than a look for each.
        after = rows[-1]["id"] if rows else page.marker
        return rows + await self._at_once(replace(page, marker=after, limit=page.limit - len(rows)))

    async def _group_of(self, column: str, marker: str) -> str | None:
        statement = self.scope()
        statement.conditions.append(f"{self.listing.column('id').sql} = {statement.bind(marker)}::uuid")
        narrow(self.listing, Page(columns=()), statement, project=self.project)
        return await self._first(column, statement)

    async def _next_group(self, page: Page, column: str, value: str | None, *, down: bool) -> str | None:
        """Return the value that follows in the order, among the rows that fit; None after the last."""
        statement = self.scope()
        beyond: Sequence[Filter] = ()
        if value is not None:
            beyond = [Filter(column, Operator.LT if down else Operator.GT, (value,))]
        narrow(self.listing, replace(page, filters=[*page.filters, *beyond]), statement, project=self.project)
        return await self._first(column, statement, down=down)

    async def _first(self, column: str, statement: Statement, *, down: bool = False) -> str | None:
        key = self.listing.column(column).sql
        where = f" WHERE {' AND '.join(statement.conditions)}" if statement.conditions else ""
        sql = f"SELECT {key} FROM {self.listing.source}{where} ORDER BY {key}{' DESC' if down else ''} LIMIT 1"
        return await self.source.fetchval(sql, *statement.arguments)  # type: ignore[no-any-return]

    def _is_grouped(self, name: str, kind: Kind) -> bool:
        column: Column = self.listing.column(name)
        return column.grouped and column.kind is kind
