"""Two engines share the partitions: one dies, or stands still past its lease and then goes on."""

from collections.abc import Callable

import pytest

from tests.system.counting import World
from tests.system.havoc import Victim, kill, pause
from tests.system.ordeal import survive

pytestmark = pytest.mark.slow

_LONGER_THAN_A_LEASE = 6.0


@pytest.fixture(scope="module")
def victim(victims: Callable[..., Victim]) -> Victim:
    return victims(engines=2)


async def test_the_other_engine_takes_over(victim: Victim, world: World) -> None:
    await survive(victim, world, "kill one of two engines", kill("engine-0"))


async def test_an_engine_that_slept_does_not_write_over_its_successor(victim: Victim, world: World) -> None:
    await survive(victim, world, "pause one of two engines", pause("engine-1", _LONGER_THAN_A_LEASE))
