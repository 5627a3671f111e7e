"""What a webhook is sent, and how it knows who sent it."""

import base64
import hashlib
import hmac
import json


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
