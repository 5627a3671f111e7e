"""Writing what a batch of events changed: one statement, one transaction, refused when a lease was lost."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg
from msgspec import Struct

from mistral_persistence.database import Connection

_WIDTHS = {
    "started": 22,
    "execution": 10,
    "task": 7,
    "action": 8,
    "child": 6,
    "timer": 6,
    "gone": 3,
    "history": 4,
    "notice": 4,
}

_LEASE_LOST = "MM001"
_STATEMENT = "SELECT engine_flush_v1({})".format(", ".join(f"${n + 1}" for n in range(2 + sum(_WIDTHS.values()))))


class LeaseLost(Exception):
    """Another engine took over a partition of the batch; nothing was written."""


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


async def flush(connection: Connection, epochs: Mapping[int, int], rows: Rows) -> None:
    """Write ``rows`` if this engine still holds every partition of ``epochs`` (partition to epoch).

    Raises:
        LeaseLost: If it does not; nothing was written.
        asyncpg.PostgresError: If the server refused; nothing was written.
        OSError, asyncpg.InterfaceError: If the connection broke; whether it was written is unknown.
    """
    arguments: list[Sequence[Any]] = [list(epochs.keys()), list(epochs.values())]
    for kind, width in _WIDTHS.items():
        arguments.extend(_columns(getattr(rows, kind), width))
    try:
        await connection.execute(_STATEMENT, *arguments)
    except asyncpg.PostgresError as error:
        if error.sqlstate == _LEASE_LOST:
            raise LeaseLost from error
        raise


def _columns(rows: list[tuple[Any, ...]], width: int) -> Iterable[Sequence[Any]]:
    if not rows:
        return [()] * width
    # asyncpg tells a list from other containers fastest.
    return map(list, zip(*rows, strict=True))
