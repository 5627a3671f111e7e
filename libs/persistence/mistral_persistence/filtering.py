"""Conditions on columns, turned into SQL: what each operator asks of each kind of value.

Times are shown to the second, so they compare to the second, too. A condition keeps the bare column on one side
wherever that can be, for only then does an index serve it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from mistral_core.errors import InvalidInput
from mistral_persistence.columns import VALUES, Column, Filter, Kind, Operator, Statement
from mistral_persistence.literals import as_flag, as_json, as_moment, as_number, as_uuid

_SYMBOLS: Mapping[Operator, str] = {
    Operator.EQ: "=",
    Operator.NEQ: "<>",
    Operator.GT: ">",
    Operator.GTE: ">=",
    Operator.LT: "<",
    Operator.LTE: "<=",
}
_EQUALITIES = (Operator.EQ, Operator.IN)
_SECOND = timedelta(seconds=1)
_LAST = datetime.max.replace(tzinfo=UTC)
_LONGEST_VALUE = 200


def condition(statement: Statement, column: Column, one: Filter) -> str:
    """Return the SQL of a filter, its values bound to the statement.

    Raises:
        InvalidInput: If a value does not fit the column; it names both.
    """
    try:
        if any("\0" in value for value in one.values):
            raise InvalidInput("it holds the character NUL")
        sql = _condition(statement, column, one)
    except InvalidInput as error:
        value = ",".join(one.values)
        shown = value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}..."
        raise InvalidInput(f"Invalid input for argument {one.column}. Value: {shown!r}; {error}") from None
    if column.guard and one.operator in _EQUALITIES and any(one.values):
        guard = column.guard
        if VALUES in guard:
            guard = guard.replace(VALUES, statement.bind(list(one.values)))
        return f"({sql} AND {guard})"
    return sql


def _condition(statement: Statement, column: Column, one: Filter) -> str:
    if column.kind is Kind.TAGS:
        return _tags(statement, column, one)
    if one.operator is Operator.HAS:
        return _part(statement, column, one.values[0])
    values: list[Any]
    match column.kind:
        case Kind.TIME:
            return _time(statement, column, one)
        case Kind.JSON if one.operator in (Operator.EQ, Operator.NEQ):
            return _same_json(statement, column, one)
        case Kind.UUID:
            sql, cast, values = column.sql, "uuid", [_uuid(value) for value in one.values]
        case Kind.NUMBER:
            sql, cast, values = column.sql, "bigint", [as_number(value) for value in one.values]
        case Kind.FLAG:
            sql, cast, values = column.sql, "boolean", [as_flag(value) for value in one.values]
        case Kind.JSON:
            sql, cast, values = f"{column.sql}::text", "text", list(one.values)
        case _:
            sql, cast, values = column.sql, "text", list(one.values)
    return _compared(statement, sql, cast, one.operator, values)


def _compared(statement: Statement, sql: str, cast: str, operator: Operator, values: Sequence[Any]) -> str:
    match operator:
        case Operator.IN:
            return f"{sql} = ANY({statement.bind(list(values))}::{cast}[])"
        case Operator.NIN:
            return f"{sql} <> ALL({statement.bind(list(values))}::{cast}[])"
        case _:
            return f"{sql} {_SYMBOLS[operator]} {statement.bind(values[0])}::{cast}"


def _uuid(text: str) -> str:
    found = as_uuid(text)
    if found is None:
        raise InvalidInput("expected a UUID")
    return found


def _part(statement: Statement, column: Column, part: str) -> str:
    pattern = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    sql = f"{column.sql}::text"
    if column.kind is Kind.TIME:
        sql = f"to_char({column.sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    return f"{sql} LIKE {statement.bind(f'%{pattern}%')}"


def _tags(statement: Statement, column: Column, one: Filter) -> str:
    placeholder = f"{statement.bind([value for value in one.values if value])}::text[]"
    match one.operator:
        case Operator.EQ | Operator.HAS:
            return f"{column.sql} @> {placeholder}"
        case Operator.IN:
            return f"{column.sql} && {placeholder}"
        case Operator.NEQ | Operator.NIN:
            return f"NOT {column.sql} && {placeholder}"
        case _:
            raise InvalidInput(f"tags cannot be compared by {one.operator.value!r}")


def _time(statement: Statement, column: Column, one: Filter) -> str:
    sql, moments = column.sql, [as_moment(value) for value in one.values]
    whole = [moment.replace(microsecond=0) for moment in moments]

    def bound(moment: datetime) -> str:
        return f"{statement.bind(moment)}::timestamptz"

    match one.operator:
        case Operator.IN:
            begin, end = min(whole), _next_second(max(whole))
            return f"({sql} >= {bound(begin)} AND {sql} < {bound(end)} AND {_second(statement, sql, 'ANY', moments)})"
        case Operator.NIN:
            return f"NOT {_second(statement, sql, 'ANY', moments)}"
        case Operator.EQ if moments == whole:
            return f"({sql} >= {bound(whole[0])} AND {sql} < {bound(_next_second(whole[0]))})"
        case Operator.EQ:
            return "false"
        case Operator.NEQ if moments == whole:
            return f"({sql} < {bound(whole[0])} OR {sql} >= {bound(_next_second(whole[0]))})"
        case Operator.NEQ:
            return f"{sql} IS NOT NULL"
        case Operator.GT | Operator.LTE:
            return f"{sql} {'>=' if one.operator is Operator.GT else '<'} {bound(_next_second(whole[0]))}"
        case _:
            edge = whole[0] if moments == whole else _next_second(whole[0])
            return f"{sql} {_SYMBOLS[one.operator]} {bound(edge)}"


def _second(statement: Statement, sql: str, quantifier: str, moments: Sequence[datetime]) -> str:
    return f"date_trunc('second', {sql}) = {quantifier}({statement.bind(list(moments))}::timestamptz[])"


def _next_second(moment: datetime) -> datetime:
    return moment + _SECOND if moment <= _LAST - _SECOND else _LAST


def _same_json(statement: Statement, column: Column, one: Filter) -> str:
    wanted = statement.bind(as_json(one.values[0]))
    # What holds the character NUL cannot become jsonb, and equals nothing that a filter could hold.
    same = (
        f"CASE WHEN strpos({column.sql}::text, '\\u0000') > 0 THEN false ELSE {column.sql}::jsonb = {wanted}::jsonb END"
    )
    return f"coalesce({same}, false)" if one.operator is Operator.EQ else f"NOT coalesce({same}, false)"
