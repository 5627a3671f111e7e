"""Taking messages: what is not acked comes again, whatever happens to the server in between."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import pytest

from mistral_runtime.bus import Bus, BusClosed, Delivery, PullConsumer
from mistral_runtime.bus.api import ApiError

SUBJECT = "mistral.engine.1"


async def consuming(bus: Bus, *, fresh: bool = False, **options: object) -> PullConsumer:
    settings = {"stream": "ENGINE", "name": "c", "subjects": [SUBJECT], "ack_wait_seconds": 20, "max_ack_pending": 1000}
    consumer = PullConsumer(bus, **(settings | options))
    await consumer.start(fresh=fresh)
    return consumer


async def take(consumer: PullConsumer, count: int, seconds: float = 10) -> list[Delivery]:
    taken: list[Delivery] = []
    async with asyncio.timeout(seconds):
        while len(taken) < count:
            taken += await consumer.take(count - len(taken))
    return taken


async def publish(bus: Bus, numbers: Iterable[int], subject: str = SUBJECT) -> None:
    await asyncio.gather(*(bus.publish(subject, b"%d" % number) for number in numbers))


def numbers(deliveries: Iterable[Delivery]) -> set[int]:
    return {int(delivery.data) for delivery in deliveries}


def settled(bus: Bus) -> Callable[[], Awaitable[bool]]:
    async def nothing_left() -> bool:
        info = await bus.api.ask("CONSUMER.INFO.ENGINE.c")
        return info["num_ack_pending"] + info["num_pending"] == 0

    return nothing_left


async def test_take_returns_what_has_arrived_but_no_more_than_asked_for(bus):
    await publish(bus, range(10))
    consumer = await consuming(bus)

    taken = await consumer.take(3)
    assert 1 <= len(taken) <= 3
    taken += await take(consumer, 10 - len(taken))

    assert numbers(taken) == set(range(10))
    assert {delivery.num_delivered for delivery in taken} == {1}
    assert [delivery.sequence for delivery in taken] == list(range(1, 11))


async def test_an_acked_message_is_gone_from_the_work_queue(bus, until):
    await publish(bus, range(5))
    consumer = await consuming(bus)

    for delivery in await take(consumer, 5):
        delivery.ack()

    await until(settled(bus))
    assert (await bus.api.ask("STREAM.INFO.ENGINE"))["state"]["messages"] == 0


async def test_a_message_sent_back_comes_again(bus):
    await publish(bus, [7])
    consumer = await consuming(bus)

    (first,) = await take(consumer, 1)
    first.nak()

    (second,) = await take(consumer, 1)
    assert (second.data, second.num_delivered) == (b"7", 2)


async def test_a_message_sent_back_with_a_delay_comes_after_it(bus):
    await publish(bus, [7])
    consumer = await consuming(bus)
    (first,) = await take(consumer, 1)
    begun = asyncio.get_running_loop().time()

    first.nak(delay=0.5)

    await take(consumer, 1)
    assert asyncio.get_running_loop().time() - begun >= 0.45


async def test_a_message_not_answered_comes_again_after_the_ack_wait(bus):
    await publish(bus, [7])
    consumer = await consuming(bus, ack_wait_seconds=0.3)
    await take(consumer, 1)

    (again,) = await take(consumer, 1)

    assert again.num_delivered == 2


async def test_work_in_progress_is_left_alone(bus):
    await publish(bus, [7])
    consumer = await consuming(bus, ack_wait_seconds=0.6)
    (delivery,) = await take(consumer, 1)

    for _ in range(6):
        await asyncio.sleep(0.2)
        delivery.in_progress()

    with pytest.raises(TimeoutError):
        await take(consumer, 1, seconds=0.1)


async def test_a_terminated_message_never_comes_again(bus, until):
    await publish(bus, [7])
    consumer = await consuming(bus, ack_wait_seconds=0.3)

    (delivery,) = await take(consumer, 1)
    delivery.term()

    await until(settled(bus))
    with pytest.raises(TimeoutError):
        await take(consumer, 1, seconds=0.5)


async def test_max_deliver_ends_redelivery(bus):
    await publish(bus, [7])
    consumer = await consuming(bus, max_deliver=2)
    for _ in range(2):
        (delivery,) = await take(consumer, 1)
        delivery.nak()

    with pytest.raises(TimeoutError):
        await take(consumer, 1, seconds=0.3)


async def test_more_than_a_window_flows_through(bus):
    consumer = await consuming(bus, window=8)
    await publish(bus, range(300))

    seen: set[int] = set()
    async with asyncio.timeout(10):
        while len(seen) < 300:
            taken = await consumer.take(5)
            seen |= numbers(taken)
            for delivery in taken:
                delivery.ack()

    assert seen == set(range(300))


async def test_what_is_not_taken_is_not_pulled_beyond_the_window(bus):
    await publish(bus, range(100))
    consumer = await consuming(bus, window=10)
    await take(consumer, 1)
    await asyncio.sleep(0.2)

    info = await bus.api.ask("CONSUMER.INFO.ENGINE.c")

    assert info["num_ack_pending"] <= 11


async def test_a_pull_that_expires_is_renewed(bus, monkeypatch):
    monkeypatch.setattr("mistral_runtime.bus.pulls.PULL_SECONDS", 0.4)
    monkeypatch.setattr("mistral_runtime.bus.pulls.HEARTBEAT_SECONDS", 0.1)
    consumer = await consuming(bus)
    await asyncio.sleep(1.2)

    await publish(bus, [1])

    assert numbers(await take(consumer, 1, seconds=20)) == {1}


async def test_only_the_named_subjects_come(bus):
    await publish(bus, [1], "mistral.engine.1")
    await publish(bus, [2], "mistral.engine.2")
    await publish(bus, [3], "mistral.engine.3")
    consumer = await consuming(bus, subjects=["mistral.engine.1", "mistral.engine.3"])

    assert numbers(await take(consumer, 2)) == {1, 3}


async def test_two_takers_of_one_consumer_share_the_messages(own_nats, bus):
    async with own_nats.connect("other") as other:
        consumers = [await consuming(bus, window=4), await consuming(other, window=4)]
        await publish(bus, range(40))
        seen: list[int] = []

        async def work(consumer: PullConsumer) -> None:
            while len(seen) < 40:
                for delivery in await consumer.take(4):
                    seen.append(int(delivery.data))
                    delivery.ack()

        working = [asyncio.create_task(work(consumer)) for consumer in consumers]
        async with asyncio.timeout(10):
            await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
        for task in working:
            task.cancel()

        assert sorted(seen) == list(range(40))


async def test_a_second_consumer_of_the_same_subject_of_a_work_queue_is_refused(bus):
    await consuming(bus)

    with pytest.raises(ApiError):
        await consuming(bus, name="other")


async def test_what_was_not_taken_is_given_back_on_stop(bus):
    await publish(bus, range(10))
    first = await consuming(bus)
    for delivery in await take(first, 4):
        delivery.ack()
    await first.stop()

    second = await consuming(bus)

    assert numbers(await take(second, 6, seconds=20)) == set(range(4, 10))


async def test_a_stopped_consumer_says_so_to_who_waits(bus):
    consumer = await consuming(bus)
    taking = asyncio.create_task(consumer.take(1))
    await asyncio.sleep(0)

    await consumer.stop(delete=True)

    with pytest.raises(BusClosed):
        await taking
    with pytest.raises(ApiError):
        await bus.api.ask("CONSUMER.INFO.ENGINE.c")


async def test_a_fresh_start_gets_at_once_what_a_dead_predecessor_held(own_nats, bus):
    await publish(bus, range(5))
    async with own_nats.connect("predecessor") as other:
        await take(await consuming(other), 5)

    successor = await consuming(bus, fresh=True)

    assert numbers(await take(successor, 5, seconds=20)) == set(range(5))


async def test_changed_settings_reach_a_consumer_that_exists(bus):
    first = await consuming(bus, max_ack_pending=10)
    await first.stop()

    await consuming(bus, max_ack_pending=20, subjects=[SUBJECT, "mistral.engine.2"])

    config = (await bus.api.ask("CONSUMER.INFO.ENGINE.c"))["config"]
    assert (config["max_ack_pending"], config["filter_subjects"]) == (20, [SUBJECT, "mistral.engine.2"])


async def test_cancelled_takes_leave_nothing_behind(bus):
    consumer = await consuming(bus)
    for _ in range(5):
        with pytest.raises(TimeoutError):
            await take(consumer, 1, seconds=0.01)

    await publish(bus, [1])

    assert numbers(await take(consumer, 1)) == {1}
    assert not consumer._takers


async def test_a_paused_consumer_asks_for_nothing_further(bus):
    consumer = await consuming(bus, window=4)
    consumer.pause()
    await publish(bus, range(20))
    await take(consumer, 4)

    with pytest.raises(TimeoutError):
        await take(consumer, 1, seconds=0.3)

    consumer.pause(False)
    assert len(await take(consumer, 16)) == 16


async def test_who_leaves_gets_what_was_not_taken(bus):
    await publish(bus, range(10))
    consumer = await consuming(bus)
    taken = await take(consumer, 4)

    left = await consumer.leave()

    assert numbers(taken) | numbers(left) == set(range(10))


async def test_stopping_without_a_server_is_quick(own_nats, bus, until):
    consumer = await consuming(bus)
    own_nats.server.kill()
    await until(lambda: not bus.connected)

    async with asyncio.timeout(5):
        await consumer.stop(delete=True)
