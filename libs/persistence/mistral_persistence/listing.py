"""Pages of rows: which columns, filtered how, in which order, after which row; turned into one statement.

Paging is by key: a page begins after the row called marker, found by its sort values, so a page far down the list
costs what the first one costs and nothing is counted. What the columns of a table are called outside, and how they
compare, is said once, in a ``Listing`` beside the table's other SQL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from mistral_core.errors import InvalidInput
from mistral_persistence.columns import Column, Filter, Kind, Operator, Statement
from mistral_persistence.database import Connection, Pool
from mistral_persistence.filtering import condition

__all__ = ["Column", "Filter", "Kind", "Listing", "Operator", "Page", "Statement", "narrow", "page_statement"]

_AGE = "created_at"

Order: TypeAlias = Sequence[tuple[str, bool]]
"""(column, descending) pairs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is asked for.

    Attributes:
        columns: Names of the columns wanted, in that order.
        sort: (column, descending) pairs; the id is added to them.
        marker: Id of the row that the page begins after; None for the first page.
        nulls: Columns that must be NULL.
    """

    columns: Sequence[str]
    filters: Sequence[Filter] = ()
    nulls: Sequence[str] = ()
    sort: Sequence[tuple[str, bool]] = (("created_at", False),)
    marker: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A table, or a join, that pages are read from.

    Attributes:
        source: What stands after FROM.
        columns: The columns by their outside names; one is ``id``, one ``project_id`` if the rows are projects' own.
        shared: More rows that a project sees: a condition with ``{project}`` for its placeholder.
    """

    source: str
    columns: Mapping[str, Column]
    shared: str = ""

    def column(self, name: str) -> Column:
        """Return a column. Raises InvalidInput if there is none of that name."""
        found = self.columns.get(name)
        if found is None:
            raise InvalidInput(f"There is no column {name!r}")
        return found

    def select(self, names: Sequence[str]) -> str:
        """Return ``SELECT ... FROM ...`` for the columns."""
        shown = ", ".join(f'{self.column(name).select} AS "{name}"' for name in names)
        return f"SELECT {shown} FROM {self.source}"

    def seen_by(self, project: str) -> str:
        """Return the condition that a row is visible to the project of that placeholder.

        Its own rows are, the public ones of others, and what was shared with it.
        """
        seen = f"{self.column('project_id').sql} = {project}"
        if "scope" in self.columns:
            seen += f" OR {self.column('scope').sql} = 'public'"
        if self.shared:
            seen += f" OR {self.shared.format(project=project)}"
        return f"({seen})"

    async def has(self, source: Pool | Connection, row_id: str, *, project: str | None = None) -> bool:
        """Tell whether there is a row of that id, which must be a UUID, among what the project sees, or among all."""
        found = f"SELECT FROM {self.source} WHERE {self.column('id').sql} = $1::uuid"
        if project is None:
            return bool(await source.fetchval(f"SELECT EXISTS ({found})", row_id))
        return bool(await source.fetchval(f"SELECT EXISTS ({found} AND {self.seen_by('$2')})", row_id, project))


def page_statement(
    listing: Listing, page: Page, scope: Statement, *, project: str | None = None, apart: bool = False
) -> tuple[str, list[Any]]:
    """Return the SQL and arguments of a page.

    Args:
        scope: Conditions of the caller; they come first.
        project: Who is to see the rows, and the row that the page begins after; None for all.
        apart: Find all rows first and order them then; right if they are few and not where the order begins.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    narrow(listing, page, scope, project=project)
    order = _whole_order(listing, page.sort)
    if page.marker is not None:
        seen = "" if project is None else listing.seen_by(scope.bind(project))
        _after(scope, listing, order, page.marker, seen)
    where = f" WHERE {' AND '.join(scope.conditions)}" if scope.conditions else ""
    keys = [(listing.column(name).order, " DESC" if down else "") for name, down in order]
    by = ", ".join(key + way for key, way in keys)
    row_id, limit = listing.column("id").sql, scope.bind(page.limit)
    if apart:
        found = ", ".join(f"{key} AS key_{place}" for place, (key, _) in enumerate(keys))
        by_found = ", ".join(f"key_{place}{way}" for place, (_, way) in enumerate(keys))
        # OFFSET keeps the planner from walking along the order and looking at everything that does not fit.
        ids = (
            f"SELECT id FROM (SELECT {row_id}, {found} FROM {listing.source}{where} OFFSET 0) found ORDER BY {by_found}"
        )
    else:
        ids = f"SELECT {row_id} FROM {listing.source}{where} ORDER BY {by}"
    # What is shown may have to be taken out of JSON; that is done for the rows of the page alone.
    sql = f"{listing.select(page.columns)} JOIN ({ids} LIMIT {limit}) page ON {row_id} = page.id ORDER BY {by}"
    return sql, scope.arguments


def narrow(listing: Listing, page: Page, statement: Statement, *, project: str | None = None) -> None:
    """Add to a statement what a project sees, or nothing for None, and the conditions of a page's filters.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    if project is not None:
        statement.conditions.append(listing.seen_by(statement.bind(project)))
    for one in page.filters:
        statement.conditions.append(condition(statement, listing.column(one.column), one))
    statement.conditions += [_absent(listing.column(name)) for name in page.nulls]


def _absent(column: Column) -> str:
    return column.absent or f"{column.sql} IS NULL"


def _whole_order(listing: Listing, sort: Order) -> list[tuple[str, bool]]:
    """Return an order in which no two rows are equal: what is wanted, then by age, then by id.

    Indexes of columns that many rows share end that way.
    """
    order = list(sort)
    last_way = order[-1][1] if order else False
    names = {name for name, _ in order}
    if "id" in names:
        return order
    if _AGE in listing.columns and not any(listing.column(name).kind is Kind.TIME for name in names):
        order.append((_AGE, last_way))
    return [*order, ("id", last_way)]


def _after(statement: Statement, listing: Listing, order: Order, marker: str, seen: str) -> None:
    keys = [listing.column(name).order for name, _ in order]
    where = f"FROM {listing.source} WHERE {listing.column('id').sql} = {statement.bind(marker)}::uuid"
    if seen:
        # Where somebody else's row would stand in the order is nobody's business.
        where += f" AND {seen}"
    ways = {down for _, down in order}
    if len(ways) == 1:
        sign = "<" if ways.pop() else ">"
        statement.conditions.append(f"({', '.join(keys)}) {sign} (SELECT {', '.join(keys)} {where})")
        return
    marks = [f"(SELECT {key} {where})" for key in keys]
    ladder = []
    for depth, (_, down) in enumerate(order):
        same = [f"{keys[i]} = {marks[i]}" for i in range(depth)]
        ladder.append(" AND ".join([*same, f"{keys[depth]} {'<' if down else '>'} {marks[depth]}"]))
    # The first is implied by the ladder, but only by it does an index know where to begin.
    statement.conditions.append(f"{keys[0]} {'<=' if order[0][1] else '>='} {marks[0]}")
    statement.conditions.append(f"({' OR '.join(f'({step})' for step in ladder)})")
