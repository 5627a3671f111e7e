"""Who sees which offered actions, and who their workers are."""

from collections.abc import AsyncIterator

import pytest

from mistral.internal.v1.worker_pool_pb2 import PoolPresent, WorkerPool, WorkersPresent
from mistral_api_gateway.live.presence import Presence, noticing
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.offered_catalog import OfferedCatalog
from mistral_api_gateway.operations.store import Store
from mistral_persistence import offers
from mistral_persistence.database import connected, migrate
from mistral_persistence.offers import Offered
from mistral_runtime.bus import Bus, connect
from tests.engine.conftest import until

ONE = Caller(project="p1", user="u1", roles=frozenset(), admin=False)
OTHER = Caller(project="p2", user="u2", roles=frozenset(), admin=False)
ADMIN = Caller(project="p3", user="u3", roles=frozenset(), admin=True)


@pytest.fixture
async def bus(nats: str) -> AsyncIterator[Bus]:
    async with connect(nats, "test") as found:
        yield found


@pytest.fixture
async def presence(bus: Bus) -> AsyncIterator[Presence]:
    async with noticing(bus) as found:
        yield found


@pytest.fixture
async def catalog(database: str, presence: Presence) -> AsyncIterator[OfferedCatalog]:
    async with connected(database, size=2) as pool:
        await migrate(pool)
        await pool.execute("TRUNCATE offered_action")
        told = [
            Offered(project="p1", queue="default", name="own"),
            Offered(project="p1", queue="default", name="both", description="of p1"),
            Offered(project="p2", queue="default", name="both", description="of p2", public=True),
            Offered(project="p2", queue="q2", name="shared", public=True, input_schema='{"required": ["x"]}'),
        ]
        await offers.record(pool, "executor-0", told)
        yield OfferedCatalog(Store(pool), presence)
        await pool.execute("TRUNCATE offered_action")


@pytest.mark.parametrize(
    ("caller", "seen"),
    [
        (ONE, {"own": "p1", "both": "p1", "shared": "p2"}),
        (OTHER, {"both": "p2", "shared": "p2"}),
        (ADMIN, {"own": "p1", "both": "p1", "shared": "p2"}),
    ],
)
async def test_who_sees_what(catalog: OfferedCatalog, caller: Caller, seen: dict[str, str]) -> None:
    found = {each["name"]: each["project_id"] for each in await catalog.all(caller)}
    assert found == seen
    for name in ("own", "both", "shared"):
        one = await catalog.get(caller, name)
        assert (one and one["project_id"]) == seen.get(name)


async def test_a_run_finds_only_what_its_project_sees(catalog: OfferedCatalog) -> None:
    assert await catalog.offered(OTHER, "own") is None
    assert await catalog.offered(ADMIN, "own") is None
    found = await catalog.offered(ONE, "shared")
    assert found is not None
    assert list(found.required) == ["x"]


async def test_ids_of_workers_of_another_project_are_not_told(
    catalog: OfferedCatalog, bus: Bus, presence: Presence
) -> None:
    pool = WorkerPool(project_id="p2", queue="q2", action="shared")
    for executor in ("i-1", "i-2"):
        pools = [PoolPresent(pool=pool, workers=1, worker_ids=[f"w-{executor}"])]
        bus.send("mistral.workers.present", WorkersPresent(instance=executor, pools=pools).SerializeToString())
    await until(lambda: presence.workers("p2", "shared"), lambda found: len(found.get("q2", ())) == 2)
    told = {caller.project: (await catalog.get(caller, "shared") or {})["offer"] for caller in (ONE, OTHER)}
    assert (told["p1"]["workers"], told["p1"]["worker_ids"]) == (2, [])
    assert (told["p2"]["workers"], told["p2"]["worker_ids"]) == (2, ["w-i-1", "w-i-2"])
    bus.send("mistral.workers.present", WorkersPresent(instance="i-1", leaving=True).SerializeToString())
    await until(lambda: presence.workers("p2", "shared"), lambda found: found == {"q2": ["w-i-2"]})
