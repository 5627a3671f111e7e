"""What a webhook is sent, and how it knows who sent it."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

from mistral_notifier.patience import asked_pause


async def test_the_payload_is_posted_as_it_is(notifier, outside, receiver):
    async with notifier():
        await outside.tell({"type": "webhook", "url": receiver.url, "headers": {"X-Team": "a", "Host": "evil"}})
        await outside.until_all_told()

    [(headers, body)] = receiver.requests
    assert json.loads(body)["event"] == "WORKFLOW_SUCCEEDED"
    assert headers["content-type"] == "application/json"
    assert headers["x-team"] == "a"
    assert headers["host"].startswith("127.0.0.1:")
    assert "webhook-signature" not in headers


async def test_a_secret_signs_the_request(notifier, outside, receiver):
    async with notifier(MISTRAL_WEBHOOK_SECRET="of the mesh"):
        await outside.tell({"type": "webhook", "url": receiver.url})
        await outside.until_all_told()
        await outside.tell({"type": "webhook", "url": receiver.url, "secret": "of the entry"})
        await outside.until_all_told()

    for secret, (headers, body) in zip((b"of the mesh", b"of the entry"), receiver.requests, strict=True):
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"


async def test_cloudevents_are_sent_when_asked_for(notifier, outside, receiver):
    async with notifier():
        await outside.tell({"type": "webhook", "url": receiver.url, "format": "cloudevents"})
        await outside.until_all_told()

    [(headers, body)] = receiver.requests
    event = json.loads(body)
    assert headers["content-type"] == "application/cloudevents+json"
    assert event["specversion"] == "1.0"
    assert event["id"] == headers["webhook-id"]
    assert event["type"] == "io.mistral-mesh.WORKFLOW_SUCCEEDED"
    assert event["source"] == f"/mistral/executions/{event['data']['id']}"


async def test_a_repeat_bears_the_same_id(notifier, outside, receiver):
    receiver.answers = [503, 200]
    async with notifier():
        await outside.tell({"type": "webhook", "url": receiver.url})
        await outside.until_all_told()

    first, second = (headers["webhook-id"] for headers, _ in receiver.requests)
    assert first == second


async def test_a_redirect_is_not_followed(notifier, outside, receiver):
    receiver.answers = [302, 200]
    async with notifier():
        await outside.tell({"type": "webhook", "url": receiver.url})
        await outside.until_all_told()

    assert len(receiver.requests) == 2


async def test_a_private_address_is_denied_unless_allowed(notifier, outside, receiver):
    async with notifier(MISTRAL_EGRESS_ALLOWED="10.0.0.0/8"):
        await outside.tell({"type": "webhook", "url": receiver.url})
        await outside.until("count(given_up_at) = 1")

    assert receiver.requests == []
    error = await outside.pool.fetchval("SELECT error FROM notification")
    assert error == "host '127.0.0.1' resolves to a blocked address (127.0.0.1) that is not in MISTRAL_EGRESS_ALLOWED"


async def test_entries_that_cannot_work_are_given_up_at_once(notifier, outside):
    entries = [
        {"type": "carrier-pigeon"},
        {"type": "webhook"},
        {"type": "webhook", "url": "ftp://example.org/"},
        {"type": "webhook", "url": "http://127.0.0.1/", "format": "morse"},
        {"type": "webhook", "url": "http://127.0.0.1/", "headers": ["a"]},
    ]
    async with notifier():
        for entry in entries:
            await outside.tell(entry)
        await outside.until("count(given_up_at) = 5")

    assert {row["attempts"] for row in await outside.pool.fetch("SELECT attempts FROM notification")} == {1}


async def test_the_binary_form_has_its_attributes_in_headers(notifier, outside, receiver):
    async with notifier():
        await outside.tell({"type": "webhook", "url": receiver.url, "format": "cloudevents-binary"})
        await outside.until_all_told()

    [(headers, body)] = receiver.requests
    assert headers["content-type"] == "application/json"
    assert headers["ce-specversion"] == "1.0"
    assert headers["ce-id"] == headers["webhook-id"]
    assert headers["ce-type"] == "io.mistral-mesh.WORKFLOW_SUCCEEDED"
    assert json.loads(body)["event"] == "WORKFLOW_SUCCEEDED"


async def test_a_redirect_that_keeps_the_request_is_followed_if_the_entry_says_so(notifier, outside, receivers):
    first, second = receivers(), receivers()
    first.answers, first.location = [307], second.url
    async with notifier():
        entry = {"type": "webhook", "url": first.url, "redirects": 1, "headers": {"X-Key": "k"}, "secret": "s"}
        await outside.tell(entry)
        await outside.until_all_told()

    [(headers, body)], [(before, _)] = second.requests, first.requests
    assert before["x-key"] == "k"
    assert "x-key" not in headers
    assert headers["webhook-signature"] == before["webhook-signature"]
    assert json.loads(body)["event"] == "WORKFLOW_SUCCEEDED"


async def test_a_redirect_to_a_private_address_is_given_up_at_once(notifier, outside, receiver):
    receiver.answers, receiver.location = [308], "http://10.0.0.1/inside"
    async with notifier():
        await outside.tell({"type": "webhook", "url": receiver.url, "redirects": 5})
        await outside.until("count(given_up_at) = 1")

    assert len(receiver.requests) == 1
    assert "blocked address (10.0.0.1)" in await outside.pool.fetchval("SELECT error FROM notification")


async def test_a_receiver_that_asks_for_time_is_given_it(notifier, outside, receiver):
    receiver.answers, receiver.retry_after = [429, 200], "3600"
    async with notifier():
        await outside.tell({"type": "webhook", "url": receiver.url})
        await outside.until("count(*) FILTER (WHERE attempts = 1 AND claimed_until = '-infinity') = 1")
        wait = await outside.pool.fetchval(
            "SELECT extract(epoch FROM next_attempt_at - now())::integer FROM notification"
        )

    assert 3500 < wait <= 3600
    assert len(receiver.requests) == 1


def test_pauses_are_asked_for_in_seconds_or_until_a_time():
    now = datetime(2026, 1, 1, tzinfo=UTC)

    assert asked_pause("120") == 120.0
    assert asked_pause("Thu, 01 Jan 2026 00:00:30 GMT", now) == 30.0
    assert asked_pause("Wed, 31 Dec 2025 00:00:30 GMT", now) == 0.0
    assert asked_pause("soon") is None
    assert asked_pause("") is None
