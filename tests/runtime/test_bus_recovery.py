"""The bus mends itself: servers killed, streams and consumers deleted, stores lost."""

import asyncio
from datetime import datetime

from mistral_runtime.bus import Bus, Delivery, Message, PullConsumer
from mistral_runtime.bus.streams import STREAMS

SUBJECT = "mistral.engine.1"


async def consuming(bus: Bus, **options: object) -> PullConsumer:
    settings = {"stream": "ENGINE", "name": "c", "subjects": [SUBJECT], "ack_wait_seconds": 2, "max_ack_pending": 1000}
    consumer = PullConsumer(bus, **(settings | options))
    await consumer.start()
    return consumer


async def take(consumer: PullConsumer, count: int, seconds: float = 10) -> list[Delivery]:
    taken: list[Delivery] = []
    async with asyncio.timeout(seconds):
        while len(taken) < count:
            taken += await consumer.take(count - len(taken))
    return taken


async def take_all(consumer: PullConsumer, wanted: set[int], seconds: float = 10) -> None:
    """Take and ack until everything wanted was seen; an ack on the wire may have been lost, so there may be repeats."""
    seen: set[int] = set()
    async with asyncio.timeout(seconds):
        while not wanted <= seen:
            for delivery in await consumer.take(100):
                seen.add(int(delivery.data))
                delivery.ack()


async def publish(bus: Bus, *numbers: int, subject: str = SUBJECT) -> None:
    for number in numbers:
        await bus.publish(subject, b"%d" % number)


async def test_ensuring_streams_twice_changes_nothing(bus):
    before = {name: bus.streams.created(name) for name in ("ENGINE", "TASKS", "EVENTS")}

    await bus.streams.ensure_streams()

    assert before == {name: bus.streams.created(name) for name in before}


async def test_streams_are_as_agreed(bus):
    found = {config["name"]: (await bus.api.ask(f"STREAM.INFO.{config['name']}"))["config"] for config in STREAMS}

    assert {name: config["retention"] for name, config in found.items()} == {
        "ENGINE": "workqueue",
        "TASKS": "workqueue",
        "EVENTS": "limits",
        "TRIGGERS": "limits",
        "BOOT": "limits",
    }
    assert {name for name, config in found.items() if config["storage"] != "file"} == {"BOOT"}
    assert found["EVENTS"]["max_age"] == 24 * 3600 * 10**9
    assert {config["duplicate_window"] for config in found.values()} == {120 * 10**9}


async def test_only_what_lives_in_memory_is_as_young_as_the_server(own_nats, bus, until):
    before = {name: bus.streams.created(name) for name in ("BOOT", "TASKS")}

    await asyncio.to_thread(own_nats.restart)

    await until(lambda: bus.streams.created("BOOT") > before["BOOT"])
    assert bus.streams.created("TASKS") == before["TASKS"]


async def test_unacked_messages_come_again_after_a_restart(own_nats, bus):
    await publish(bus, 1, 2, 3)
    consumer = await consuming(bus)
    first, *_ = await take(consumer, 3)
    first.ack()
    await bus.client.flush()
    await asyncio.sleep(0.05)

    await asyncio.to_thread(own_nats.restart)

    assert {int(delivery.data) for delivery in await take(consumer, 2)} >= {2, 3}


async def test_taking_goes_on_after_a_restart(own_nats, bus):
    consumer = await consuming(bus)
    await asyncio.to_thread(own_nats.restart)

    await publish(bus, 1, 2, 3)

    await take_all(consumer, {1, 2, 3}, seconds=20)


async def test_several_restarts_in_a_row_do_no_harm(own_nats, bus):
    consumer = await consuming(bus)
    for number in range(3):
        await asyncio.to_thread(own_nats.restart)
        await publish(bus, number)
        await take_all(consumer, {number}, seconds=20)


async def test_an_ack_given_while_the_server_is_away_still_counts(own_nats, bus, until):
    await publish(bus, 1)
    consumer = await consuming(bus, ack_wait_seconds=600)
    (delivery,) = await take(consumer, 1)

    # Stopped in order: a server that is killed may forget that it delivered, and takes no ack for what it did not.
    await asyncio.to_thread(own_nats.server.stop)
    await until(lambda: not bus.connected)
    delivery.ack()
    await asyncio.to_thread(own_nats.server.restart)
    await until(lambda: bus.connected)

    async def acked() -> bool:
        return (await bus.api.ask("STREAM.INFO.ENGINE"))["state"]["messages"] == 0

    await until(acked)


async def test_a_deleted_consumer_is_made_again_and_loses_nothing(bus):
    await publish(bus, 1, 2, 3)
    consumer = await consuming(bus)
    first, *_ = await take(consumer, 3)
    first.ack()
    await bus.client.flush()

    await bus.api.ask("CONSUMER.DELETE.ENGINE.c")

    await take_all(consumer, {2, 3}, seconds=20)


async def test_a_deleted_stream_is_made_again_and_listeners_are_told(bus):
    told: asyncio.Queue[tuple[str, datetime]] = asyncio.Queue()
    bus.streams.on_reset(lambda *reset: told.put_nowait(reset))
    consumer = await consuming(bus)
    before = bus.streams.created("ENGINE")

    await bus.api.ask("STREAM.DELETE.ENGINE")

    stream, created = await asyncio.wait_for(told.get(), 3)
    assert stream == "ENGINE"
    assert created == bus.streams.created("ENGINE") > before
    await publish(bus, 1)
    await take_all(consumer, {1}, seconds=20)


async def test_a_stream_made_anew_by_another_service_is_noticed(own_nats, bus):
    told: asyncio.Queue[str] = asyncio.Queue()
    bus.streams.on_reset(lambda stream, created: told.put_nowait(stream))

    async with own_nats.connect("other") as other:
        await other.api.ask("STREAM.DELETE.TASKS")
        await other.streams.ensure_streams()

    assert await asyncio.wait_for(told.get(), 3) == "TASKS"


async def test_a_server_that_lost_its_store_gets_streams_and_consumers_again(own_nats, bus):
    told: list[str] = []
    bus.streams.on_reset(lambda stream, created: told.append(stream))
    consumer = await consuming(bus)

    await asyncio.to_thread(own_nats.restart, without_store=True)
    await publish(bus, 1, 2)

    await take_all(consumer, {1, 2}, seconds=20)
    assert sorted(told) == ["ENGINE", "EVENTS", "TASKS", "TRIGGERS"]


async def test_an_ack_from_before_a_lost_store_does_not_hit_a_new_message(own_nats, bus):
    await publish(bus, 1)
    consumer = await consuming(bus, ack_wait_seconds=1)
    (old,) = await take(consumer, 1)
    await asyncio.to_thread(own_nats.restart, without_store=True)
    await publish(bus, 2)
    (new,) = await take(consumer, 1)
    assert (old.sequence, new.sequence, new.data) == (1, 1, b"2")

    old.ack()

    (again,) = await take(consumer, 1, seconds=20)
    assert again.data == b"2"


async def test_one_who_listens_no_more_is_not_told(bus):
    told: list[str] = []
    stop = bus.streams.on_reset(lambda stream, created: told.append(stream))
    stop()

    await bus.api.ask("STREAM.DELETE.ENGINE")
    await bus.streams.check()

    assert told == []


async def test_a_consumer_of_kept_events_goes_on_where_it_was(bus):
    events = {"stream": "EVENTS", "subjects": ["mistral.events.>"]}
    consumer = await consuming(bus, **events)
    await publish(bus, 1, 2, 3, subject="mistral.events.p.k")
    for delivery in (await take(consumer, 3))[:2]:
        delivery.ack()
    await bus.client.flush()

    await bus.api.ask("CONSUMER.DELETE.EVENTS.c")
    await publish(bus, 4, subject="mistral.events.p.k")

    await take_all(consumer, {3, 4}, seconds=20)


async def test_a_consumer_of_new_events_misses_none_when_it_is_made_again(bus):
    await publish(bus, 1, subject="mistral.events.p.k")
    consumer = await consuming(bus, stream="EVENTS", subjects=["mistral.events.>"], durable=False, new_only=True)
    await publish(bus, 2, subject="mistral.events.p.k")

    await bus.api.ask("CONSUMER.DELETE.EVENTS.c")
    await publish(bus, 3, subject="mistral.events.p.k")

    await take_all(consumer, {2, 3}, seconds=20)


async def test_subscriptions_live_through_a_restart(own_nats, bus, until):
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def hear(message: Message) -> None:
        heard.put_nowait(message.data)

    await bus.subscribe("mistral.test", hear)
    await asyncio.to_thread(own_nats.restart)
    await until(lambda: bus.connected)

    bus.send("mistral.test", b"hello")

    assert await asyncio.wait_for(heard.get(), 3) == b"hello"


async def test_a_server_that_says_goodbye_is_awaited_like_one_that_died(own_nats, bus):
    consumer = await consuming(bus)
    await asyncio.to_thread(own_nats.server.stop)

    await asyncio.to_thread(own_nats.server.restart)
    await publish(bus, 1)

    await take_all(consumer, {1}, seconds=20)


async def test_a_cut_connection_is_mended(own_nats, bus):
    """The server goes on; what was under way on the wire is lost."""
    consumer = await consuming(bus)
    publishing = [asyncio.create_task(publish(bus, number)) for number in range(50)]
    await asyncio.sleep(0)

    await bus.client.force_reconnect()

    await asyncio.gather(*publishing)
    await take_all(consumer, set(range(50)))
