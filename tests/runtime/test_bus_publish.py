"""Publishing waits for the stream's confirmation, over restarts of the server too."""

import asyncio
import shutil

import pytest

from mistral_runtime.bus import Bus, BusRefused, BusUnavailable, MessageTooLarge, PullConsumer, connect


async def stored(bus: Bus, stream: str = "ENGINE") -> int:
    return int((await bus.api.ask(f"STREAM.INFO.{stream}"))["state"]["messages"])


async def test_a_published_message_is_stored_when_publish_returns(bus):
    await bus.publish("mistral.engine.1", b"hello")

    assert await stored(bus) == 1


async def test_a_repeat_with_the_same_id_is_stored_once(bus):
    await bus.publish("mistral.engine.1", b"hello", message_id="one")
    await bus.publish("mistral.engine.1", b"hello", message_id="one")
    await bus.publish("mistral.engine.1", b"hello", message_id="two")

    assert await stored(bus) == 2


async def test_many_at_once_are_all_stored(bus):
    await asyncio.gather(*(bus.publish("mistral.tasks.default.1", b"%d" % number) for number in range(500)))

    assert await stored(bus, "TASKS") == 500


async def test_headers_arrive(bus):
    consumer = PullConsumer(bus, "ENGINE", "c", ["mistral.engine.1"], ack_wait_seconds=5, max_ack_pending=10)
    await consumer.start()

    await bus.publish("mistral.engine.1", b"hello", headers={"kind": "greeting"})

    (delivery,) = await consumer.take(10)
    assert delivery.headers["kind"] == "greeting"


async def test_publishing_goes_on_after_a_restart(own_nats, bus):
    await bus.publish("mistral.engine.1", b"before")

    own_nats.server.kill()
    publishing = [asyncio.create_task(bus.publish("mistral.engine.1", b"%d" % number)) for number in range(20)]
    await asyncio.sleep(0)
    await asyncio.to_thread(own_nats.server.restart)
    await asyncio.gather(*publishing)

    assert await stored(bus) == 21


async def test_publishing_goes_on_after_the_server_came_back_without_its_store(own_nats, bus):
    await bus.publish("mistral.engine.1", b"before")

    await asyncio.to_thread(own_nats.restart, without_store=True)
    await bus.publish("mistral.engine.1", b"after")

    assert await stored(bus) == 1


async def test_publishing_goes_on_after_the_stream_was_deleted(bus):
    await bus.api.ask("STREAM.DELETE.ENGINE")

    await bus.publish("mistral.engine.1", b"after")

    assert await stored(bus) == 1


async def test_a_stream_whose_files_were_deleted_is_replaced(own_nats, bus):
    """The server goes on from its open files and notices only when it needs a new one."""
    resets: list[str] = []
    bus.streams.on_reset(lambda stream, created: resets.append(stream))
    await asyncio.to_thread(shutil.rmtree, own_nats.store)

    for _ in range(8):
        await bus.publish("mistral.engine.1", bytes(1024 * 1024))

    assert resets == ["ENGINE"]


async def test_without_a_server_it_gives_up_in_the_end(own_nats, bus, monkeypatch):
    monkeypatch.setattr("mistral_runtime.bus.publish.PUBLISH_SECONDS", 0.3)
    await asyncio.to_thread(own_nats.server.kill)

    with pytest.raises(BusUnavailable):
        await bus.publish("mistral.engine.1", b"lost")

    await asyncio.to_thread(own_nats.server.restart)


async def test_a_message_larger_than_the_server_takes_is_refused(bus):
    with pytest.raises(MessageTooLarge):
        await bus.publish("mistral.engine.1", bytes(9 * 1024 * 1024))


async def test_what_the_stream_refuses_is_not_tried_again(bus):
    with pytest.raises(BusRefused):
        await bus.publish("mistral.engine.1", b"x", headers={"Nats-Expected-Stream": "OTHER"})


async def test_a_cancelled_publish_leaves_nothing_behind(own_nats, bus):
    await asyncio.to_thread(own_nats.server.kill)
    publishing = asyncio.create_task(bus.publish("mistral.engine.1", b"x"))
    await asyncio.sleep(0)

    publishing.cancel()
    await asyncio.wait([publishing])

    assert not bus._replies._waiting
    await asyncio.to_thread(own_nats.server.restart)


async def test_nobody_there_at_the_first_connection_is_told():
    with pytest.raises(BusUnavailable):
        async with connect("nats://127.0.0.1:1", "test", wait_seconds=0.3):
            pass
