"""Deliveries are made until they are done, whatever happens to others, to the receiver or to the notifier."""

import asyncio
import logging
import os
import signal
import sys
import threading

import grpc.aio
import pytest

from mistral.internal.v1 import notifier_service_pb2 as pb
from mistral.internal.v1.notifier_service_pb2_grpc import NotifierServiceStub


async def test_a_failed_delivery_is_tried_again_until_it_succeeds(notifier, outside, receiver):
    receiver.answers = [500, 503, 404, 200]
    async with notifier():
        await outside.tell({"type": "webhook", "url": receiver.url})
        await outside.until_all_told(within_seconds=120)

    assert len(receiver.requests) == 4


async def test_it_is_given_up_after_the_last_attempt_and_can_be_replayed(notifier, outside, receiver):
    receiver.answers = [500]
    async with notifier(MISTRAL_NOTIFIER_ATTEMPTS="2") as port:
        await outside.tell({"type": "webhook", "url": receiver.url}, event="WORKFLOW_FAILED")
        await outside.until("count(given_up_at) = 1")
        async with _stub(port) as stub:
            dead = (await stub.ListDeadDeliveries(pb.ListDeadDeliveriesRequest())).deliveries
            receiver.answers = [200]
            replayed = await stub.ReplayDeliveries(pb.ReplayDeliveriesRequest(ids=[dead[0].id]))
        await outside.until_all_told()

    assert replayed.replayed == 1
    assert [(d.publisher, d.event, d.attempts, d.error) for d in dead] == [
        ("webhook", "WORKFLOW_FAILED", 2, "HTTP 500")
    ]


async def test_replaying_what_was_not_given_up_is_not_found(notifier):
    async with notifier() as port, _stub(port) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await stub.ReplayDeliveries(pb.ReplayDeliveriesRequest(ids=[4711]))

    assert failed.value.code() is grpc.StatusCode.NOT_FOUND


async def test_dead_deliveries_come_in_pages_newest_first(notifier, outside):
    async with notifier() as port, _stub(port) as stub:
        for _ in range(5):
            await outside.tell({"type": "nothing of that name"})
        await outside.until("count(given_up_at) = 5")
        seen, token = [], ""
        while True:
            page = await stub.ListDeadDeliveries(pb.ListDeadDeliveriesRequest(page_size=2, page_token=token))
            seen += [(d.given_up_at.ToNanoseconds(), d.id) for d in page.deliveries]
            token = page.next_page_token
            if not token:
                break

    assert len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)


async def test_a_hanging_webhook_delays_no_other(notifier, outside, receivers):
    stuck, lively = receivers(), receivers()
    stuck.hang = threading.Event()
    async with notifier(MISTRAL_NOTIFIER_SLOTS="64"):
        await outside.tell({"type": "webhook", "url": stuck.url}, times=500)
        await asyncio.sleep(0.5)
        await outside.tell({"type": "webhook", "url": lively.url}, times=50)
        await outside.until(f"count(*) FILTER (WHERE publisher->>'url' = '{lively.url}') = 0", within_seconds=120)
        stuck.hang.set()

    assert len(lively.requests) == 50
    assert stuck.most_at_once <= 16


async def test_the_log_publisher_writes_the_notice(notifier, outside, caplog):
    caplog.set_level(logging.INFO, logger="mistral.notices")
    async with notifier():
        await outside.tell({"type": "log"}, event="TASK_FAILED")
        await outside.until_all_told()

    assert "TASK_FAILED" in caplog.text


async def test_two_notifiers_deliver_each_notice_once(notifier, outside, receiver):
    async with notifier(MISTRAL_SERVICE_NAME="a") as one, notifier(MISTRAL_SERVICE_NAME="b") as two:
        await outside.tell({"type": "webhook", "url": receiver.url}, times=80)
        await outside.until_all_told(within_seconds=120)
        counts = []
        for port in (one, two):
            async with _stub(port) as stub:
                counts.append((await stub.GetNotifierStatus(pb.GetNotifierStatusRequest())).delivered)

    assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == len(receiver.requests) == 80
    assert sum(counts) == 80


async def test_what_a_killed_notifier_had_in_hand_is_delivered_by_another(notifier, outside, receiver, database, nats):
    receiver.hang = threading.Event()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mistral_notifier",
        env={
            **os.environ,
            "MISTRAL_DATABASE_URL": database,
            "MISTRAL_NATS_URL": nats,
            "MISTRAL_EGRESS_ALLOWED": "127.0.0.1",
        },
    )
    await outside.tell({"type": "webhook", "url": receiver.url}, times=3)
    await outside.until("count(*) FILTER (WHERE claimed_until > now()) = 3", within_seconds=120)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    receiver.hang.set()
    receiver.hang = None
    async with notifier():
        await outside.until_all_told(within_seconds=120)

    assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 3


class _stub:
    """A stub of the notifier for the length of a block."""

    def __init__(self, port: int) -> None:
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")

    async def __aenter__(self) -> NotifierServiceStub:
        return NotifierServiceStub(self._channel)

    async def __aexit__(self, *_: object) -> None:
        await self._channel.close()
