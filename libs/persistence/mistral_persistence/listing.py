"""Pages of rows: which columns, filtered how, in which order, after which row; turned into one statement.

Paging is by key: a page begins after the row called marker, found by its sort values, so a page far down the list
costs what the first one costs and nothing is counted. What the columns of a table are called outside, and how they
compare, is said once, in a ``Listing`` beside the table's other SQL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import Any

from mistral_core.errors import InvalidInput
from mistral_persistence.database import Connection, Pool
from mistral_persistence.literals import as_flag, as_json, as_moment, as_number, as_uuid


class Kind(Enum):
    """How the values of a column compare."""

    TEXT = auto()
    UUID = auto()
    TIME = auto()
    FLAG = auto()
    NUMBER = auto()
    JSON = auto()
    TAGS = auto()


class Operator(StrEnum):
    """What a filter may ask for; ``has`` looks for a part of the text."""

    EQ = "eq"
    NEQ = "neq"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    NIN = "nin"
    HAS = "has"


_SYMBOLS: Mapping[Operator, str] = {
    Operator.EQ: "=",
    Operator.NEQ: "<>",
    Operator.GT: ">",
    Operator.GTE: ">=",
    Operator.LT: "<",
    Operator.LTE: "<=",
}

# What stands for NULL in the order of a nullable column.
_NULLS: Mapping[Kind, str] = {
    Kind.TEXT: "''",
    Kind.TIME: "'-infinity'::timestamptz",
    Kind.NUMBER: "-1",
    Kind.UUID: "'00000000-0000-0000-0000-000000000000'::uuid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column as readers know it.

    Attributes:
        sql: Expression that gives the stored value.
        shown: Expression for the result when it differs from ``sql``, such as an id as text.
        absent: Condition that there is no value, when that is not simply NULL.
        guard: Condition implied by comparing the column for equality, so that a partial index serves.
    """

    sql: str
    kind: Kind = Kind.TEXT
    shown: str = ""
    absent: str = ""
    guard: str = ""
    nullable: bool = False

    @property
    def select(self) -> str:
        """The expression for the result."""
        return self.shown or (f"{self.sql}::text" if self.kind is Kind.UUID else self.sql)

    @property
    def order(self) -> str:
        """The expression to sort by, never NULL."""
        if self.kind in (Kind.JSON, Kind.TAGS):
            return f"coalesce({self.sql}::text, '')"
        return f"coalesce({self.sql}, {_NULLS[self.kind]})" if self.nullable and self.kind in _NULLS else self.sql


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a column; several values only for ``in`` and ``nin``, and for tags (all of them)."""

    column: str
    operator: Operator
    values: tuple[str, ...]


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
        columns: The columns by their outside names; one is ``id``.
    """

    source: str
    columns: Mapping[str, Column]

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

    async def has(self, source: Pool | Connection, row_id: str) -> bool:
        """Tell whether there is a row of that id, which must be a UUID; whose it is does not matter."""
        sql = f"SELECT EXISTS (SELECT FROM {self.source} WHERE {self.column('id').sql} = $1::uuid)"
        return bool(await source.fetchval(sql, row_id))


@dataclass(slots=True)
class Statement:
    """SQL under construction: conditions, and the arguments they number."""

    conditions: list[str] = field(default_factory=list)
    arguments: list[Any] = field(default_factory=list)

    def bind(self, value: Any) -> str:
        """Add an argument and return its placeholder."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"


def page_statement(listing: Listing, page: Page, scope: Statement) -> tuple[str, list[Any]]:
    """Return the SQL and arguments of a page.

    Args:
        scope: Conditions of the caller, such as the project; they come first.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    for one in page.filters:
        _filter(scope, listing.column(one.column), one)
    scope.conditions += [_absent(listing.column(name)) for name in page.nulls]
    sort = list(page.sort) if any(name == "id" for name, _ in page.sort) else [*page.sort, ("id", _last_way(page))]
    if page.marker is not None:
        _after(scope, listing, sort, page.marker)
    where = f" WHERE {' AND '.join(scope.conditions)}" if scope.conditions else ""
    order = ", ".join(f"{listing.column(name).order}{' DESC' if down else ''}" for name, down in sort)
    sql = f"{listing.select(page.columns)}{where} ORDER BY {order} LIMIT {scope.bind(page.limit)}"
    return sql, scope.arguments


def _absent(column: Column) -> str:
    return column.absent or f"{column.sql} IS NULL"


def _last_way(page: Page) -> bool:
    return page.sort[-1][1] if page.sort else False


def _after(statement: Statement, listing: Listing, sort: Sequence[tuple[str, bool]], marker: str) -> None:
    keys = [listing.column(name).order for name, _ in sort]
    where = f"FROM {listing.source} WHERE {listing.column('id').sql} = {statement.bind(marker)}::uuid"
    ways = {down for _, down in sort}
    if len(ways) == 1:
        sign = "<" if ways.pop() else ">"
        statement.conditions.append(f"({', '.join(keys)}) {sign} (SELECT {', '.join(keys)} {where})")
        return
    marks = [f"(SELECT {key} {where})" for key in keys]
    ladder = []
    for depth, (_, down) in enumerate(sort):
        same = [f"{keys[i]} = {marks[i]}" for i in range(depth)]
        ladder.append(" AND ".join([*same, f"{keys[depth]} {'<' if down else '>'} {marks[depth]}"]))
    statement.conditions.append(f"({' OR '.join(f'({step})' for step in ladder)})")


def _filter(statement: Statement, column: Column, one: Filter) -> None:
    if column.kind is Kind.TAGS:
        statement.conditions.append(_tags(statement, column, one))
        return
    match one.operator:
        case Operator.HAS:
            pattern = one.values[0].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            condition = f"{column.sql}::text LIKE {statement.bind(f'%{pattern}%')}"
        case Operator.IN | Operator.NIN:
            condition = _among(statement, column, one)
        case Operator.EQ | Operator.NEQ if column.kind is Kind.JSON:
            condition = _same_json(statement, column, one)
        case _:
            condition = _compared(statement, column, one)
    if column.guard and one.operator in (Operator.EQ, Operator.IN):
        condition = f"({condition} AND {column.guard})"
    statement.conditions.append(condition)


def _tags(statement: Statement, column: Column, one: Filter) -> str:
    placeholder = statement.bind([value for value in one.values if value])
    match one.operator:
        case Operator.EQ | Operator.HAS:
            return f"{column.sql} @> {placeholder}::text[]"
        case Operator.IN:
            return f"{column.sql} && {placeholder}::text[]"
        case Operator.NEQ | Operator.NIN:
            return f"NOT {column.sql} && {placeholder}::text[]"
        case _:
            raise InvalidInput(f"Tags cannot be compared by {one.operator.value!r}")


def _among(statement: Statement, column: Column, one: Filter) -> str:
    if column.kind is Kind.UUID:
        known = [found for value in one.values if (found := as_uuid(value))]
        placeholder = f"{statement.bind(known)}::uuid[]"
        sql = column.sql
    else:
        sql, values = _comparable(column, one.values)
        placeholder = f"{statement.bind(values)}"
    return f"{sql} = ANY({placeholder})" if one.operator is Operator.IN else f"{sql} <> ALL({placeholder})"


def _compared(statement: Statement, column: Column, one: Filter) -> str:
    symbol = _SYMBOLS[one.operator]
    if column.kind is Kind.UUID:
        found = as_uuid(one.values[0])
        if found is None:
            return "true" if one.operator is Operator.NEQ else "false"
        return f"{column.sql} {symbol} {statement.bind(found)}::uuid"
    sql, values = _comparable(column, one.values[:1])
    if column.kind is Kind.TIME and one.operator in (Operator.EQ, Operator.NEQ):
        # Times are shown to the second; equal means equal as shown.
        sql = f"date_trunc('second', {sql})"
    return f"{sql} {symbol} {statement.bind(values[0])}"


def _same_json(statement: Statement, column: Column, one: Filter) -> str:
    wanted = statement.bind(as_json(one.values[0]))
    # What holds the character NUL cannot become jsonb, and equals nothing that a filter could hold.
    same = (
        f"CASE WHEN strpos({column.sql}::text, '\\u0000') > 0 THEN false ELSE {column.sql}::jsonb = {wanted}::jsonb END"
    )
    return f"coalesce({same}, false)" if one.operator is Operator.EQ else f"NOT coalesce({same}, false)"


def _comparable(column: Column, values: Sequence[str]) -> tuple[str, list[Any]]:
    match column.kind:
        case Kind.TIME:
            return column.sql, [as_moment(value) for value in values]
        case Kind.FLAG:
            return column.sql, [as_flag(value) for value in values]
        case Kind.NUMBER:
            return column.sql, [as_number(value) for value in values]
        case Kind.JSON:
            return f"{column.sql}::text", list(values)
        case _:
            return column.sql, list(values)
