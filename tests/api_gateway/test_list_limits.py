"""A list that takes too long is refused, and nobody waits for it who did not ask for it."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from mistral_api_gateway.operations.lists import Lists, list_settings
from mistral_core.errors import InvalidInput, Unavailable
from mistral_persistence.database import connected

FOREVER = "SELECT pg_sleep(600)"


@pytest.fixture
def settings(settings):
    return replace(settings, list_seconds=0.5, list_pool_size=2)


async def test_a_list_that_takes_too_long_is_refused_and_others_go_on(rest, rows, pool, name):
    execution = await rows.execution(name)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE workflow")
        slow = [asyncio.create_task(rest.get("/v2/workflows")) for _ in range(6)]
        assert (await rest.get(f"/v2/executions/{execution}")).status_code == 200
        answers = await asyncio.gather(*slow)

    # Those that had to wait for their turn may not have got it.
    assert {answer.status_code for answer in answers} <= {400, 503}
    refused = next(answer for answer in answers if answer.status_code == 400)
    assert refused.json()["faultstring"].startswith("The list takes longer than 0.5 seconds to find.")
    assert (await rest.get("/v2/workflows")).status_code == 200


async def test_a_query_is_given_up_and_its_connection_is_used_again(database):
    async with connected(database, size=1) as pool:
        lists = Lists(pool, seconds=0.2)
        for _ in range(3):
            with pytest.raises(InvalidInput, match=r"longer than 0\.2 seconds"):
                await lists.read(lambda source: source.fetch(FOREVER))
        assert await lists.read(lambda source: source.fetchval("SELECT 1")) == 1


async def test_the_server_gives_up_by_itself_too(database):
    async with connected(database, size=1, settings=list_settings(0.2)) as pool:
        with pytest.raises(InvalidInput, match="longer than"):
            await Lists(pool, seconds=600).read(lambda source: source.fetch(FOREVER))


async def test_who_does_not_get_a_turn_is_told_to_come_again(database):
    async with connected(database, size=1) as pool, pool.acquire():
        with pytest.raises(Unavailable, match="Too many lists"):
            await Lists(pool, seconds=0.1).read(lambda source: source.fetch("SELECT 1"))


async def test_what_cannot_be_compared_is_the_requests_fault(database):
    async with connected(database, size=1) as pool:
        with pytest.raises(InvalidInput, match="cannot be compared"):
            await Lists(pool).read(lambda source: source.fetch("SELECT '1e999999'::jsonb"))


async def test_a_list_is_read_again_over_another_connection_if_its_own_breaks(database):
    async with connected(database, size=1) as pool:
        broken = []

        async def read(source):
            if not broken:
                broken.append(True)
                raise asyncpg.ConnectionDoesNotExistError("gone")
            return await source.fetchval("SELECT 2")

        assert await Lists(pool).read(read) == 2
