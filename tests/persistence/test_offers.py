"""Offers of workers: news change the epoch, repeats do not, and what nobody offers is forgotten in the end."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from mistral_persistence import offers
from mistral_persistence.database import Pool, connected, migrate
from mistral_persistence.offers import Offered


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with connected(database, size=2) as found:
        await migrate(found)
        await found.execute("TRUNCATE offered_action")
        yield found


def of(name: str, **more: object) -> Offered:
    return Offered(project="p1", queue="default", name=name, **more)  # type: ignore[arg-type]


async def epoch(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT epoch FROM definition_epoch"))


async def descriptions(pool: Pool) -> dict[str, str]:
    return {row["name"]: row["description"] for row in await offers.visible(pool, "p1")}


async def test_two_versions_side_by_side_do_not_take_turns(pool: Pool) -> None:
    assert await offers.record(pool, "executor-0", [of("a", description="old")]) == 1
    assert await offers.record(pool, "executor-1", [of("a", description="new")]) == 1
    known = await epoch(pool)
    for _ in range(3):
        assert await offers.record(pool, "executor-0", [of("a", description="old")]) == 0
        assert await offers.record(pool, "executor-1", [of("a", description="new")]) == 0
    assert (await epoch(pool), await descriptions(pool)) == (known, {"a": "new"})
    await offers.record(pool, "executor-0", [of("a", description="newest")])
    assert await epoch(pool) > known
    assert await descriptions(pool) == {"a": "newest"}


async def test_nothing_is_taken_down_of_nothing(pool: Pool) -> None:
    known = await epoch(pool)
    assert await offers.record(pool, "executor-0", []) == 0
    assert await epoch(pool) == known


async def test_who_sees_an_offer(pool: Pool) -> None:
    hidden = Offered(project="p2", queue="q", name="hidden")
    shared = Offered(project="p2", queue="q", name="shared", public=True)
    await offers.record(pool, "executor-0", [of("own"), hidden, shared])
    assert [row["name"] for row in await offers.visible(pool, "p1")] == ["own", "shared"]
    assert [row["name"] for row in await offers.visible(pool, None)] == ["hidden", "own", "shared"]
    assert await offers.visible(pool, "p1", name="hidden") == []


async def test_an_offer_is_forgotten_when_nobody_makes_it_and_no_run_waits(pool: Pool) -> None:
    await offers.record(pool, "executor-0", [of("offered"), of("waited_for"), of("over")])
    await pool.execute("UPDATE offered_action SET last_offered_at = now() - interval '8 days' WHERE name <> 'offered'")
    await offers.wanted(pool, [("p1", "waited_for")])
    known = await epoch(pool)
    assert await offers.forget(pool, before=datetime.now(UTC) - timedelta(days=7)) == 1
    assert set(await descriptions(pool)) == {"offered", "waited_for"}
    assert await epoch(pool) > known
    assert await offers.forget(pool, before=datetime.now(UTC) - timedelta(days=7)) == 0


async def test_an_uploaded_action_is_known_beside_the_offers(pool: Pool) -> None:
    await offers.record(pool, "executor-0", [of("a", safe_rerun=True)])
    known, _ = await offers.everything(pool)
    assert [(each.project, each.name, each.public, each.safe_rerun) for each in known] == [("p1", "a", False, True)]
