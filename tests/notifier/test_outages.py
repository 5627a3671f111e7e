"""What the servers do to a notifier delays deliveries and loses none."""

import asyncio
import threading


async def test_deliveries_under_way_during_a_restart_of_postgres_are_written_down_afterwards(
    notifier, outside, receiver, postgres_server
):
    server, _ = postgres_server
    receiver.hang = threading.Event()
    async with notifier():
        await outside.tell({"type": "webhook", "url": receiver.url}, times=4)
        await outside.until("count(*) FILTER (WHERE claimed_until > now()) = 4")
        server.kill()
        receiver.hang.set()
        await asyncio.sleep(0.3)
        await asyncio.to_thread(server.restart)
        await outside.until_all_told(within_seconds=120)

    assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 4
    assert len(receiver.requests) == 4


async def test_without_the_bus_deliveries_are_found_by_looking(notifier, outside, receiver, nats_server):
    server, url = nats_server()
    async with notifier(MISTRAL_NATS_URL=url):
        server.kill()
        await outside.tell({"type": "webhook", "url": receiver.url})
        await outside.until_all_told(within_seconds=120)
        server.restart()

    assert len(receiver.requests) == 1
