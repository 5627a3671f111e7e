"""Each process of a mesh is killed in the middle of 200 workflows, and its servers restart and forget."""

import signal
from collections.abc import Callable

import pytest

from tests.system.counting import World
from tests.system.havoc import Deed, Victim, kill, lose_the_bus, restart
from tests.system.ordeal import survive

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def victim(victims: Callable[..., Victim]) -> Victim:
    return victims()


@pytest.mark.parametrize("name", ["api_gateway", "engine", "notifier"])
async def test_a_killed_service_costs_nothing(name: str, victim: Victim, world: World) -> None:
    await survive(victim, world, f"kill {name}", kill(f"{name}-0"))


async def test_a_killed_scheduler_loses_no_timer(victim: Victim, world: World) -> None:
    await survive(victim, world, "kill scheduler", kill("scheduler-0"), probe="crash_probe_timer")


async def test_a_killed_executor_repeats_nothing_that_must_not_be(victim: Victim, world: World) -> None:
    await survive(victim, world, "kill executor", kill("executor-0"), executor_dies=True)


@pytest.mark.parametrize(
    ("name", "deed"),
    [
        ("restart postgres", restart("postgres", signal.SIGINT)),
        ("kill postgres", kill("postgres")),
        ("restart nats", restart("nats", signal.SIGTERM)),
        ("kill nats", kill("nats")),
        ("lose the bus store", lose_the_bus),
    ],
)
async def test_servers_may_go_and_come_back(name: str, deed: Deed, victim: Victim, world: World) -> None:
    await survive(victim, world, name, deed)
