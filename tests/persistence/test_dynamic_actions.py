"""The code of dynamic actions: who finds which, and when it travels."""

import hashlib
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from mistral_persistence import code_sources, dynamic_actions
from mistral_persistence.code_sources import NewCodeSource
from mistral_persistence.database import Pool, connected, migrate
from mistral_persistence.dynamic_actions import NewDynamicAction


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with connected(database, size=2) as opened:
        await migrate(opened)
        yield opened


async def stored(
    pool: Pool, project: str, name: str, content: str, *, namespace: str = "", scope: str = "private"
) -> str:
    where = {"project": project, "namespace": namespace, "name": name, "scope": scope}
    source, action = str(uuid4()), str(uuid4())
    async with pool.acquire() as connection:
        await code_sources.create(connection, NewCodeSource(id=source, content=content, **where))
        await dynamic_actions.create(
            connection, NewDynamicAction(id=action, class_name="A", code_source_id=source, **where)
        )
    return source


async def found(pool: Pool, project: str, name: str, *namespaces: str) -> str | None:
    row = await dynamic_actions.code_of(pool, project, namespaces or [""], name, "")
    return None if row is None else str(row["content"])


async def test_a_project_finds_its_own_before_a_public_one(pool: Pool):
    await stored(pool, "other", "shared", "public", scope="public")
    await stored(pool, "other", "hidden", "private")

    assert await found(pool, "mine", "shared") == "public"
    assert await found(pool, "mine", "hidden") is None
    await stored(pool, "mine", "shared", "own")
    assert await found(pool, "mine", "shared") == "own"


async def test_the_first_namespace_that_has_the_name_counts(pool: Pool):
    await stored(pool, "p", "spaced", "default")
    assert await found(pool, "p", "spaced", "there", "") == "default"
    await stored(pool, "p", "spaced", "special", namespace="there")

    assert await found(pool, "p", "spaced", "there", "") == "special"
    assert await found(pool, "p", "spaced") == "default"
    assert await found(pool, "p", "spaced", "elsewhere") is None


async def test_code_that_is_known_does_not_travel(pool: Pool):
    source = await stored(pool, "p", "known", "grün")
    digest = hashlib.sha256("grün".encode()).hexdigest()
    row = await dynamic_actions.code_of(pool, "p", [""], "known", digest)
    assert row is not None
    assert (row["content"], row["digest"], row["version"], row["class_name"]) == (None, digest, 1, "A")

    async with pool.acquire() as connection:
        await code_sources.update(connection, source, "blau", scope=None)
    changed = await dynamic_actions.code_of(pool, "p", [""], "known", digest)
    assert changed is not None
    assert (changed["content"], changed["version"]) == ("blau", 2)
