"""Plain messages: subscribe, send, ask everyone."""

import asyncio

import pytest

from mistral_runtime.bus import Bus, BusClosed, Message


async def listening(bus: Bus, subject: str, queue: str = "") -> asyncio.Queue[bytes]:
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def hear(message: Message) -> None:
        heard.put_nowait(message.data)

    await bus.subscribe(subject, hear, queue)
    return heard


async def test_everyone_who_subscribed_hears(bus):
    ears = [await listening(bus, "mistral.test") for _ in range(2)]

    bus.send("mistral.test", b"hello")

    assert [await asyncio.wait_for(ear.get(), 2) for ear in ears] == [b"hello", b"hello"]


async def test_one_of_a_queue_hears(bus, until):
    ears = [await listening(bus, "mistral.test", "group") for _ in range(3)]

    for _ in range(12):
        bus.send("mistral.test", b"hello")

    await until(lambda: sum(ear.qsize() for ear in ears) >= 12)
    await bus.client.flush()
    assert sum(ear.qsize() for ear in ears) == 12


async def test_a_failing_handler_goes_on_hearing(bus, caplog):
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def hear(message: Message) -> None:
        if message.data == b"bad":
            raise ValueError("cannot")
        heard.put_nowait(message.data)

    await bus.subscribe("mistral.test", hear)
    bus.send("mistral.test", b"bad")
    bus.send("mistral.test", b"good")

    assert await asyncio.wait_for(heard.get(), 2) == b"good"
    assert "the handler of mistral.test failed" in caplog.text


async def test_after_unsubscribing_nothing_is_heard(bus):
    heard: list[bytes] = []

    async def hear(message: Message) -> None:
        heard.append(message.data)

    subscription = await bus.subscribe("mistral.test", hear)
    await subscription.unsubscribe()
    bus.send("mistral.test", b"hello")
    await bus.client.flush()

    assert heard == []


async def test_asking_gathers_every_answer(bus):
    for name in (b"a", b"b"):

        async def answer(message: Message, name: bytes = name) -> None:
            message.respond(name + message.data)

        await bus.subscribe("mistral.test", answer)

    assert sorted(await bus.request_all("mistral.test", b"?", 0.2)) == [b"a?", b"b?"]


async def test_asking_nobody_returns_at_once(bus):
    async with asyncio.timeout(20):
        assert await bus.request_all("mistral.nobody", b"?", 30) == []


async def test_asking_leaves_no_subscription_behind(bus):
    before = len(bus.client._subs)

    await bus.request_all("mistral.nobody", b"?", 0.1)

    assert len(bus.client._subs) == before


async def test_what_was_sent_just_before_the_end_arrives(own_nats, bus):
    heard = await listening(bus, "mistral.test")

    async with own_nats.connect("other") as other:
        for number in range(100):
            other.send("mistral.test", b"%d" % number)

    async with asyncio.timeout(20):
        assert [await heard.get() for _ in range(100)] == [b"%d" % number for number in range(100)]


async def test_a_crashed_background_task_ends_the_block(own_nats):
    async def crash() -> None:
        raise RuntimeError("broken")

    async def service() -> None:
        async with own_nats.connect() as bus:
            bus.tasks.start(crash(), name="crash")
            await asyncio.sleep(5)

    with pytest.raises(RuntimeError, match="broken"):
        await service()


async def test_a_connection_ended_for_good_ends_the_block(own_nats):
    async def service() -> None:
        async with own_nats.connect() as bus:
            await bus.client.close()
            await asyncio.sleep(5)

    with pytest.raises(BusClosed):
        await service()


async def test_errors_of_the_block_come_out_as_they_are(own_nats):
    with pytest.raises(KeyError):
        async with own_nats.connect():
            raise KeyError("mine")
