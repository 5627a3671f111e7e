"""What schedules on a whole mesh do while earlier runs are open, also when schedulers are killed meanwhile."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tests.system.havoc import Victim, kill
from tests.system.scheduling import (
    EVERY_SECOND,
    asked,
    finish,
    fired,
    is_over,
    made,
    open_runs,
    rest_of,
    runs,
    skipped,
    state,
    states,
    until,
)


@pytest.fixture(scope="module")
def victim(victims: Callable[..., Victim]) -> Victim:
    return victims(schedulers=2)


@pytest.fixture
async def api(victim: Victim) -> AsyncIterator[httpx.AsyncClient]:
    async with rest_of(victim) as client:
        yield client


async def test_while_a_run_is_open_others_are_skipped_and_counted(api: httpx.AsyncClient) -> None:
    trigger = await made(api, "holding", pattern=EVERY_SECOND, overlap="skip")
    path = f"/cron_triggers/{trigger['id']}"

    shown = await until(lambda: skipped(api, path, 2))
    assert shown["fired"] == 1
    assert shown["last_miss_reason"] == "a run before was still open"
    [first] = await open_runs(api, trigger["id"])
    await finish(api, first["execution_id"])
    await until(lambda: fired(api, path, 2))

    await api.delete(path)


async def test_buffered_runs_start_one_after_the_other(api: httpx.AsyncClient) -> None:
    trigger = await made(api, "holding", overlap="buffer_all")
    path = f"/cron_triggers/{trigger['id']}"

    for _ in range(3):
        await asked(api, "POST", f"{path}/run")
    assert sorted(await states(api, trigger["id"])) in (
        *(["OPEN", "WAITING", "WAITING"], ["STARTING", "WAITING", "WAITING"]),
    )
    seen = []
    for _ in range(3):
        [one] = await until(lambda: open_runs(api, trigger["id"]))
        seen.append(one["execution_id"])
        await finish(api, one["execution_id"])
        await until(lambda over=one["id"]: is_over(api, trigger["id"], over))

    assert len(set(seen)) == 3
    assert await states(api, trigger["id"]) == ["OVER"] * 3


async def test_of_buffer_one_a_third_is_left_out(api: httpx.AsyncClient) -> None:
    trigger = await made(api, "holding", overlap="buffer_one")

    answers = [await asked(api, "POST", f"/cron_triggers/{trigger['id']}/run") for _ in range(3)]

    assert [one["state"] for one in answers] == ["STARTING", "WAITING", "SKIPPED"]
    assert "one waited already" in answers[2]["reason"]


@pytest.mark.parametrize(("overlap", "ended"), [("cancel_other", "CANCELLED"), ("terminate_other", "ERROR")])
async def test_a_later_run_ends_the_one_before(api: httpx.AsyncClient, overlap: str, ended: str) -> None:
    trigger = await made(api, "holding", overlap=overlap)
    path = f"/cron_triggers/{trigger['id']}"
    await asked(api, "POST", f"{path}/run")
    [first] = await until(lambda: open_runs(api, trigger["id"]))

    await asked(api, "POST", f"{path}/run")
    await asked(api, "POST", f"{path}/run")

    async def replaced() -> list[Any]:
        return [one for one in await open_runs(api, trigger["id"]) if one["id"] != first["id"]]

    await until(replaced)
    assert await state(api, first["execution_id"]) == ended
    # The second gave way to the third while both waited, or was ended by it.
    assert len(await open_runs(api, trigger["id"])) <= 1


async def test_a_waiting_run_outlives_its_schedulers(api: httpx.AsyncClient, victim: Victim) -> None:
    trigger = await made(api, "holding", overlap="buffer_one")
    path = f"/cron_triggers/{trigger['id']}"
    await asked(api, "POST", f"{path}/run")
    [first] = await until(lambda: open_runs(api, trigger["id"]))
    await asked(api, "POST", f"{path}/run")

    await kill("scheduler-0")(victim)
    await kill("scheduler-1")(victim)
    await finish(api, first["execution_id"])

    async def second() -> list[Any]:
        return [one for one in await open_runs(api, trigger["id"]) if one["id"] != first["id"]]

    await until(second)
    assert len(await runs(api, trigger["id"])) == 2
    await victim.settled()


async def test_a_range_honours_overlap(api: httpx.AsyncClient) -> None:
    trigger = await made(api, "holding", pattern="0 * * * *", overlap="skip")
    sent = {"start": "2026-05-04 00:00", "end": "2026-05-04 03:00"}

    left_out = await asked(api, "POST", f"/cron_triggers/{trigger['id']}/backfill", json=sent)
    in_turn = {**sent, "overlap": "buffer_all"}
    buffered = await asked(api, "POST", f"/cron_triggers/{trigger['id']}/backfill", json=in_turn)

    assert left_out == {"started": 1, "waiting": 0, "skipped": 3, "known": 0}
    assert buffered == {"started": 0, "waiting": 3, "skipped": 0, "known": 1}
