"""Writing what a batch of events changed: one statement, one transaction, refused when a lease was lost."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg
from msgspec import Struct

from mistral_persistence.database import Connection

# Types of the columns of each kind, in the order of the arguments of ``engine_flush_v1``.
_TYPES = {
    "started": "uuid smallint uuid uuid uuid text uuid integer text text text text json bigint"
    " text text json json json json bigint bigint",
    "execution": "uuid text text json json json json text bigint bigint",
    "task": "uuid uuid text text bigint bigint json",
    "action": "uuid uuid uuid text bigint text json json",
    "child": "uuid uuid uuid boolean integer json",
    "timer": "uuid text integer uuid smallint bigint",
    "gone": "uuid text integer",
    "history": "uuid bigint bigint json",
    "notice": "uuid text json json",
}
_COLUMNS = {kind: types.split() for kind, types in _TYPES.items()}
_QUOTED = frozenset({"text", "json"})


def _statement() -> tuple[str, str]:
    types = ["smallint", "bigint", *(each for types in _COLUMNS.values() for each in types)]
    flush = "engine_flush_v1({})".format(", ".join(f"${n}::text::{t}[]" for n, t in enumerate(types, 1)))
    # They are called in this order. Subscriptions are told within the same transaction; these two get their arguments
    # as they came, so that nothing is read twice while there is no subscription.
    actions = f"tell_actions_v1({_arguments('action', 0, 1, 2, 3, 7)})"
    subscriptions = f"tell_subscriptions_v1({_arguments('history', 0, 3)})"
    # By then the transaction is one that whoever removes executions waits for.
    kept = f"not_expiring_v1({_arguments('execution', 0)})"
    told = f"{actions}, {flush}, {kept}, {subscriptions}"
    return f"SELECT {told}", f"SELECT definitions_unchanged_v1(${len(types) + 1}), {told}"


def _arguments(kind: str, *columns: int) -> str:
    """Return the placeholders of some columns of a kind."""
    kinds = list(_COLUMNS)
    before = 2 + sum(len(_COLUMNS[each]) for each in kinds[: kinds.index(kind)])
    return ", ".join(f"${before + column + 1}::text" for column in columns)


_STATEMENT, _STATEMENT_IF_UNCHANGED = _statement()


class LeaseLost(Exception):
    """Another engine took over a partition of the batch; nothing was written."""


class DefinitionChanged(Exception):
    """A definition was changed after the epoch that the batch relies upon; nothing was written."""


class Rows(Struct):
    """The rows of one flush, each a tuple in the order of the arguments of ``engine_flush_v1``.

    Attributes:
        started: ``records.execution_head`` of new executions.
        execution: ``records.execution_change`` of others whose stored part changed.
        task, action, child: Present rows of the records that changed.
        timer: (task id, kind, round, execution id, partition, due in microseconds) of new timers.
        gone: (task id, kind, round) of timers that fired or are not wanted any more.
        history: (execution id, position of the last event, time in microseconds, events as a JSON array).
        notice: (execution id, event, payload as JSON, publisher as JSON).
    """

    started: list[tuple[Any, ...]] = []
    execution: list[tuple[Any, ...]] = []
    task: list[tuple[Any, ...]] = []
    action: list[tuple[Any, ...]] = []
    child: list[tuple[Any, ...]] = []
    timer: list[tuple[Any, ...]] = []
    gone: list[tuple[Any, ...]] = []
    history: list[tuple[Any, ...]] = []
    notice: list[tuple[Any, ...]] = []


async def flush(
    connection: Connection, epochs: Mapping[int, int], rows: Rows, *, definitions: int | None = None
) -> None:
    """Write ``rows`` if this engine still holds every partition of ``epochs`` (partition to epoch).

    Args:
        definitions: The definition epoch that what is started relies upon; None if it relies upon none.

    Raises:
        LeaseLost: If it does not; nothing was written.
        DefinitionChanged: If the definition epoch is another one; nothing was written.
        asyncpg.PostgresError: If the server refused; nothing was written.
        OSError, asyncpg.InterfaceError: If the connection broke; whether it was written is unknown.
    """
    arguments = [_bare(epochs.keys()), _bare(epochs.values())]
    for kind, types in _COLUMNS.items():
        arguments.extend(_literals(getattr(rows, kind), types))
    try:
        if definitions is None:
            await connection.execute(_STATEMENT, *arguments)
        else:
            await connection.execute(_STATEMENT_IF_UNCHANGED, *arguments, definitions)
    except asyncpg.PostgresError as error:
        match error.sqlstate:
            case "MM001":
                raise LeaseLost from error
            case "MM002":
                raise DefinitionChanged from error
            case _:
                raise


# Arrays travel as literals: asyncpg looks into every element of an array for further arrays, which costs more than
# all else that is done to write it.


def _literals(rows: list[tuple[Any, ...]], types: Sequence[str]) -> Iterable[str]:
    if not rows:
        return ["{}"] * len(types)
    columns = zip(types, zip(*rows, strict=True), strict=True)
    return [_quoted(column) if kind in _QUOTED else _bare(column) for kind, column in columns]


def _bare(values: Iterable[Any]) -> str:
    """Return the literal of values whose text needs no quotes: numbers, booleans, UUIDs, None."""
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


def _quoted(values: Sequence[str | None]) -> str:
    """Return the literal of texts. No text holds a NUL, so it can keep them apart while all are escaped at once."""
    if None in values:
        return "{" + ",".join("NULL" if value is None else f'"{_escaped(value)}"' for value in values) + "}"
    return '{"' + _escaped("\0".join(values)).replace("\0", '","') + '"}'  # type: ignore[arg-type]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
