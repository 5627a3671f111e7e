"""Any list, in any order, with any size of page: every row once, in its place; whatever is null or equal."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistral_persistence import execution_reads, pages, task_reads
from mistral_persistence.database import Pool, connected, migrate
from mistral_persistence.listing import Filter, Operator, Page

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
NAMES = ("a", "b", "ä", "Z")
STATES = ("RUNNING", "SUCCESS", "ERROR")
COUNT = 90
NOBODY = datetime.min.replace(tzinfo=UTC)

# How each column orders, as told by hand: a missing value stands before all others.
KEYS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "id": lambda row: row["id"],
    "workflow_name": lambda row: row["workflow_name"].encode(),
    "name": lambda row: row["workflow_name"].encode(),
    "state": lambda row: row["state"],
    "state_info": lambda row: (row["state_info"] or "").encode(),
    "description": lambda row: row["description"].encode(),
    "created_at": lambda row: row["created_at"],
    "updated_at": lambda row: row["updated_at"],
    "finished_at": lambda row: row["finished_at"] or NOBODY,
    "task_execution_id": lambda row: row["task_execution_id"] or UUID(int=0),
    "project_id": lambda row: row["project_id"],
    "workflow_version": lambda row: row["workflow_version"],
}
TASK_COLUMNS = ("name", "state", "created_at", "updated_at", "finished_at", "type", "workflow_name", "id", "processed")


def execution(number: int) -> dict[str, Any]:
    identity = UUID(int=(number * 7_919) % 1_000 + 1)
    state = STATES[number % 3 - (number % 5 == 0)]
    created = NOON + timedelta(milliseconds=250 * (number // 4))
    return {
        "id": identity,
        "partition": 1,
        "root_id": identity,
        "task_execution_id": UUID(int=number % 7 + 1) if number % 3 else None,
        "project_id": ("p", "q")[number % 2],
        "workflow_id": UUID(int=number % 3 + 1),
        "workflow_version": number % 2 + 1,
        "workflow_name": NAMES[number % 4],
        "workflow_namespace": "",
        "description": "" if number % 2 else f"d{number % 5}",
        "tags": ["x"] if number % 6 == 0 else [],
        "state": state,
        "state_info": None if number % 4 else "info",
        "input": "{}",
        "params": "{}",
        "output": "{}" if number % 2 else None,
        "globals": None,
        "body": "{}",
        "created_at": created,
        "updated_at": created + timedelta(seconds=number % 3),
        "finished_at": created if state in ("SUCCESS", "ERROR") else None,
    }


ROWS = [execution(number) for number in range(COUNT)]


async def write(pool: Pool, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    places = ", ".join(f"${number + 1}" for number in range(len(rows[0])))
    sql = f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES ({places})"
    await pool.executemany(sql, [tuple(row.values()) for row in rows])


def tasks() -> list[dict[str, Any]]:
    made = []
    for number in range(COUNT):
        body = {"type": ("ACTION", "WORKFLOW")[number % 2], "processed": number % 3 == 0, "updated_at": number // 8}
        if number % 2:
            body["finished_at"] = number // 8
        made.append(
            {
                "id": UUID(int=(number * 7_907) % 1_000 + 1),
                "execution_id": ROWS[number // 5]["id"],
                "name": NAMES[number % 3],
                "state": STATES[number % 3],
                "sequence": number,
                "created_at": NOON + timedelta(seconds=number // 6),
                "body": json.dumps(body),
            }
        )
    return made


@pytest.fixture(scope="module")
def filled(database: str) -> str:
    async def fill() -> None:
        async with connected(database, size=1) as pool:
            await migrate(pool)
            await write(pool, "execution", ROWS)
            await write(pool, "task_record", tasks())

    asyncio.run(fill())
    return database


async def paged(read: Callable[[str | None], Any]) -> list[str]:
    found: list[str] = []
    marker = None
    while rows := await read(marker):
        found += [row["id"] for row in rows]
        marker = found[-1]
        assert len(found) <= COUNT
    return found


def ordered(rows: list[dict[str, Any]], order: Sequence[tuple[str, bool]]) -> list[str]:
    last_way = order[-1][1]
    rest = [("created_at", last_way)] if not any(name.endswith("_at") for name, _ in order) else []
    whole = [*order, *rest, ("id", last_way)]
    if any(name == "id" for name, _ in order):
        whole = list(order)
    for name, down in reversed(whole):
        rows = sorted(rows, key=KEYS[name], reverse=down)
    return [str(row["id"]) for row in rows]


orders = st.lists(
    st.tuples(st.sampled_from(sorted(KEYS)), st.booleans()), min_size=1, max_size=3, unique_by=lambda pair: pair[0]
)
CHOICES: Sequence[tuple[Filter, Callable[[Mapping[str, Any]], bool]]] = (
    (Filter("state", Operator.EQ, ("ERROR",)), lambda row: row["state"] == "ERROR"),
    (Filter("workflow_name", Operator.IN, ("a", "ä")), lambda row: row["workflow_name"] in ("a", "ä")),
    (Filter("workflow_name", Operator.GT, ("a",)), lambda row: row["workflow_name"].encode() > b"a"),
    (
        Filter("updated_at", Operator.GTE, ("2026-05-04 12:00:03",)),
        lambda row: row["updated_at"] >= NOON + timedelta(seconds=3),
    ),
    (
        Filter("created_at", Operator.EQ, ("2026-05-04 12:00:02",)),
        lambda row: row["created_at"].replace(microsecond=0) == NOON + timedelta(seconds=2),
    ),
    (Filter("description", Operator.HAS, ("d",)), lambda row: "d" in row["description"]),
    (Filter("tags", Operator.EQ, ("x",)), lambda row: "x" in row["tags"]),
)


@settings(max_examples=60, deadline=None)
@given(
    order=orders,
    size=st.integers(1, COUNT + 1),
    chosen=st.lists(st.sampled_from(range(len(CHOICES))), max_size=2, unique=True),
    project=st.sampled_from([None, "p", "q", "nobody"]),
    nulls=st.sampled_from([(), ("state_info",), ("output",)]),
)
def test_executions_are_paged_in_any_order(filled, order, size, chosen, project, nulls):
    fits = [CHOICES[number] for number in chosen]
    wanted = [
        row
        for row in ROWS
        if all(holds(row) for _, holds in fits)
        and project in (None, row["project_id"])
        and all(row[column] is None for column in nulls)
    ]

    async def all_pages() -> list[str]:
        async with connected(filled, size=1) as pool:

            async def read(marker: str | None) -> Any:
                filters = [one for one, _ in fits]
                page = Page(columns=["id"], filters=filters, nulls=nulls, sort=order, marker=marker, limit=size)
                return await execution_reads.page(pool, page, project=project)

            return await paged(read)

    assert asyncio.run(all_pages()) == ordered(wanted, order)


@settings(max_examples=60, deadline=None)
@given(
    order=st.lists(
        st.tuples(st.sampled_from(TASK_COLUMNS), st.booleans()), min_size=1, max_size=3, unique_by=lambda pair: pair[0]
    ),
    size=st.integers(1, COUNT + 1),
)
def test_tasks_are_paged_in_any_order(filled, order, size):
    async def compared() -> tuple[list[str], list[str]]:
        async with connected(filled, size=1) as pool:

            async def read(marker: str | None, limit: int = size) -> Any:
                page = Page(columns=["id"], sort=order, marker=marker, limit=limit)
                return await task_reads.page(pool, page, project=None)

            return await paged(read), [row["id"] for row in await read(None, COUNT)]

    found, whole = asyncio.run(compared())
    assert found == whole
    assert len(set(found)) == COUNT


def test_what_comes_meanwhile_moves_nothing(filled):
    async def with_more() -> None:
        async with connected(filled, size=1) as pool:

            async def read(marker: str | None) -> list[str]:
                page = Page(
                    columns=["id"], sort=(("workflow_name", False), ("created_at", True)), marker=marker, limit=30
                )
                return [row["id"] for row in await execution_reads.page(pool, page, project="p")]

            first = await read(None)
            before = await read(first[-1])
            new = {**execution(1), "id": UUID(int=5_000), "root_id": UUID(int=5_000), "workflow_name": "Z"}
            await write(pool, "execution", [{**new, "project_id": "p", "created_at": NOON - timedelta(days=1)}])
            assert await read(first[-1]) == before
            await pool.execute("DELETE FROM execution WHERE id = $1", new["id"])

    asyncio.run(with_more())


def test_few_groups_with_something_and_many_without(filled, monkeypatch):
    monkeypatch.setattr(pages, "_MOST_GROUPS", 1)
    order = (("name", True), ("updated_at", False))

    async def all_pages() -> list[str]:
        async with connected(filled, size=1) as pool:

            async def read(marker: str | None) -> Any:
                page = Page(columns=["id"], sort=order, marker=marker, limit=7)
                return await execution_reads.page(pool, page, project=None)

            return await paged(read)

    assert asyncio.run(all_pages()) == ordered(ROWS, order)
