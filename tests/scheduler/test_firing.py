"""Timers are fired on time, by one or several schedulers, and none is lost."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from statistics import median

import grpc.aio
import psutil
import pytest

from mistral.internal.v1 import scheduler_service_pb2 as pb
from mistral.internal.v1.scheduler_service_pb2_grpc import SchedulerServiceStub
from mistral_mesh.ports import free_port


async def test_timers_are_fired_within_50_ms_of_their_time(scheduler, engine):
    async with scheduler():
        await asyncio.sleep(0.3)
        for number in range(20):
            await engine.store(number % 5 * 0.3 + number / 100)
        await engine.until_heard(20, within_seconds=30)

    assert min(engine.lateness()) >= 0
    # A machine that does something else too may be late now and then.
    assert median(engine.lateness()) < 0.05


async def test_a_timer_nobody_told_about_is_found_by_the_poll(scheduler, engine):
    async with scheduler():
        await engine.store(-10.0, wake=False)
        await engine.until_heard(1, within_seconds=30)


async def test_a_fired_timer_stays_stored_until_the_engine_removes_it(scheduler, engine, pool):
    engine.deletes = False
    async with scheduler():
        await engine.store(0.0)
        await engine.until_heard(1, within_seconds=30)

        assert await pool.fetchval("SELECT count(*) FROM timer") == 1


async def test_a_timer_the_engine_did_not_apply_is_fired_again(scheduler, engine):
    engine.deletes = False
    async with scheduler():
        await engine.store(0.0)
        await engine.until_heard(1, within_seconds=30)
        engine.deletes = True
        async with asyncio.timeout(30):
            while len(engine.heard) < 2:
                engine.more.clear()
                await engine.more.wait()

    (_, first), (_, second) = engine.heard
    assert second - first > 3


async def test_a_burst_past_one_batch_is_fired_once_each(scheduler, engine):
    async with scheduler():
        await engine.store(*[0.5] * 5000)
        await engine.until_heard(5000, within_seconds=30)

    assert set(Counter(task for task, _ in engine.heard).values()) == {1}


async def test_two_schedulers_share_the_work_and_fire_each_timer_once(scheduler, engine):
    async with scheduler("scheduler-0") as one, scheduler("scheduler-1") as two:
        for _ in range(40):
            await engine.store(*[number / 100 for number in range(50)])
            await asyncio.sleep(0.02)
        await engine.until_heard(2000, within_seconds=30)
        fired = [await _status(port) for port in (one, two)]

    assert set(Counter(task for task, _ in engine.heard).values()) == {1}
    assert sum(status.fired for status in fired) == 2000


async def test_a_stopping_scheduler_gives_back_what_it_holds(scheduler, engine, pool):
    async with scheduler():
        await asyncio.sleep(0.2)
        await engine.store(*[0.24] * 10)
        await asyncio.sleep(0.1)
    assert await pool.fetchval("SELECT count(*) FROM timer WHERE claimed_until > now()") == 0
    async with scheduler():
        await engine.until_heard(10, within_seconds=30)


async def test_the_status_tells_what_is_pending(scheduler, engine):
    await engine.store(60.0, 120.0)
    async with scheduler("scheduler-7") as port:
        status = await _status(port)

    assert (status.name, status.pending, status.fired) == ("scheduler-7", 2, 0)
    assert status.next_due_at.seconds == pytest.approx(time.time() + 60, abs=2)


async def test_nothing_is_lost_when_a_scheduler_is_killed(scheduler, engine, database, nats):
    process = await _start_process(database, nats)
    await engine.store(*[1 + number / 500 for number in range(1000)])
    await engine.until_heard(200, within_seconds=30)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    async with scheduler("scheduler-1"):
        await engine.until_heard(1000, within_seconds=30)

    assert max(Counter(task for task, _ in engine.heard).values()) <= 2


async def test_ten_thousand_pending_timers_cost_nothing(engine, database, nats):
    await engine.store(*[3600.0 + number for number in range(10_000)])
    listen = f"127.0.0.1:{free_port()}"
    process = await _start_process(database, nats, MISTRAL_LISTEN=listen)
    async with grpc.aio.insecure_channel(listen) as channel:
        stub = SchedulerServiceStub(channel)
        await stub.GetSchedulerStatus(pb.GetSchedulerStatusRequest(), wait_for_ready=True, timeout=60)
    await asyncio.sleep(1)
    watched = psutil.Process(process.pid)
    before = sum(watched.cpu_times()[:2])
    await asyncio.sleep(3)
    used = sum(watched.cpu_times()[:2]) - before
    process.terminate()

    assert await process.wait() == 0
    # Looking at each of them would take a second and more; an idle process takes a hundredth of that.
    assert used < 0.5


async def _start_process(database: str, nats: str, **more: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mistral_scheduler",
        env={**os.environ, "MISTRAL_DATABASE_URL": database, "MISTRAL_NATS_URL": nats, **more},
    )


async def _status(port: int) -> pb.GetSchedulerStatusResponse:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        return await SchedulerServiceStub(channel).GetSchedulerStatus(pb.GetSchedulerStatusRequest())
