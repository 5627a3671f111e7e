"""A service stops when it is told to, and loudly when a part of it breaks."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress

import httpx
import pytest

from mistral_runtime.lifecycle import supervised, until_stopped
from mistral_runtime.metrics import counter, metrics_server


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops(number):
    waiting = asyncio.create_task(until_stopped())
    await asyncio.sleep(0.01)

    os.kill(os.getpid(), number)

    await asyncio.wait_for(waiting, 2)


async def test_background_tasks_end_with_the_block():
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("work")

    async with supervised() as tasks:
        tasks.start(work(), name="work")
        await asyncio.sleep(0)

    assert ended == ["work"]


async def test_a_crash_ends_the_block_with_its_error():
    async def crash() -> None:
        raise RuntimeError("broken")

    async def service() -> None:
        async with supervised() as tasks:
            tasks.start(crash(), name="crash")
            await asyncio.sleep(60)

    with pytest.raises(RuntimeError, match="broken"):
        await service()

    assert asyncio.current_task().cancelling() == 0


async def yielded() -> None:
    """One turn of the loop in which a cancellation is not lost but late."""
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(0)


@pytest.mark.parametrize("turns", [1, 2, 3])
async def test_a_crash_at_the_very_end_is_told_too(turns):
    async def crash() -> None:
        raise RuntimeError("broken")

    async def service() -> None:
        async with supervised() as tasks:
            tasks.start(crash(), name="crash")
            for _ in range(turns):
                await yielded()

    with pytest.raises(RuntimeError, match="broken"):
        await service()

    await asyncio.sleep(0)
    assert asyncio.current_task().cancelling() == 0


async def test_a_task_that_is_done_or_cancelled_is_no_crash():
    async def nothing() -> None:
        pass

    async with supervised() as tasks:
        await tasks.start(nothing(), name="nothing")
        tasks.start(asyncio.sleep(60), name="sleep").cancel()
        await asyncio.sleep(0.01)


async def test_a_cancellation_from_outside_goes_through():
    async def service() -> None:
        async with supervised() as tasks:
            tasks.start(asyncio.sleep(60), name="sleep")
            await asyncio.sleep(60)

    running = asyncio.create_task(service())
    await asyncio.sleep(0.01)
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running


async def test_errors_of_the_block_come_out_as_they_are():
    async def service() -> None:
        async with supervised() as tasks:
            tasks.start(asyncio.sleep(60), name="sleep")
            raise KeyError("mine")

    with pytest.raises(KeyError):
        await service()


def test_a_wrong_setting_ends_the_process_with_its_name():
    program = (
        "import os\n"
        "from mistral_runtime.lifecycle import run\n"
        "from mistral_runtime.settings import ServiceSettings\n"
        "async def main():\n"
        "    ServiceSettings.read(os.environ, service='engine')\n"
        "run(main())\n"
    )
    environment = {**os.environ, "MISTRAL_METRICS_PORT": "x"}

    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 1
    assert (
        ended.stderr.strip()
        == "MISTRAL_METRICS_PORT must be a whole number of at least 0 and of at most 65535; it is 'x'"
    )


async def test_metrics_are_served(unused_tcp_port):
    counted = counter("test_things", "Things of a test", ["kind"])
    counted.labels("good").inc(2)

    async with metrics_server(unused_tcp_port) as port, httpx.AsyncClient() as client:
        text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text

    assert 'mistral_test_things_total{kind="good"} 2.0' in text


async def test_port_zero_serves_no_metrics():
    async with metrics_server(0) as port:
        assert port == 0
