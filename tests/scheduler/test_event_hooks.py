"""Events that come by request: proved, bounded, each once."""

import base64
import hashlib
import hmac
import json
import time
from uuid import uuid4

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


def name() -> str:
    return f"s{uuid4().hex[:10]}"


def signed(secret: str, body: bytes) -> str:
    return hmac.digest(secret.encode(), body, hashlib.sha256).hex()


def github(secret: str, body: bytes) -> dict[str, str]:
    proof = {"x-hub-signature-256": f"sha256={signed(secret, body)}"}
    return {"x-github-event": "push", "x-github-delivery": "d1", **proof}


def stripe(secret: str, body: bytes, at: float | None = None) -> dict[str, str]:
    stamp = int(time.time() if at is None else at)
    return {"stripe-signature": f"t={stamp},v1={'0' * 64},v1={signed(secret, f'{stamp}.'.encode() + body)}"}


def standard(secret: str, body: bytes) -> dict[str, str]:
    stamp = str(int(time.time()))
    digest = hmac.digest(secret.encode(), f"m1.{stamp}.".encode() + body, hashlib.sha256)
    return {
        **{"webhook-id": "m1", "webhook-timestamp": stamp},
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


@pytest.mark.parametrize(
    ("proof", "prove", "body", "kind"),
    [
        ("github", github, {"ref": "main"}, "push"),
        ("stripe", stripe, {"id": "evt_1", "object": "event", "type": "charge.failed"}, "charge.failed"),
        ("standard", standard, {"event_type": "ours", "payload": 1}, "ours"),
        ("hmac-sha256", lambda secret, body: {"x-signature": signed(secret, body)}, {"a": 1}, "webhook"),
        ("token", lambda secret, body: {"authorization": f"Bearer {secret}"}, {"a": 1}, "webhook"),
    ],
)
async def test_a_request_that_proves_itself_is_taken_once(there, proof, prove, body, kind):
    source, workflow = name(), await there.workflow()
    await there.source("webhook", name=source, exchange=source, secret="s3cret", settings={"proof": proof})
    await there.trigger(workflow, kind, exchange=source)
    data = json.dumps(body).encode()

    taken = await there.rest.post(f"/v2/event_sources/{source}/events", content=data, headers=prove("s3cret", data))
    forged = await there.rest.post(f"/v2/event_sources/{source}/events", content=data, headers=prove("other", data))
    bare = await there.rest.post(f"/v2/event_sources/{source}/events", content=data)

    assert taken.status_code == 202
    assert forged.status_code == bare.status_code == 401
    assert forged.text == bare.text

    async def started():
        return len(await there.executions(workflow)) == 1

    await there.until(started)
    shown = await there.got(f"event_sources/{source}")
    assert (shown["received"], shown["has_secret"]) == (1, True)
    assert "s3cret" not in json.dumps(shown)


async def test_an_old_signature_proves_nothing(there):
    source = name()
    await there.source("webhook", name=source, secret="s", settings={"proof": "stripe"})
    path, body = f"/v2/event_sources/{source}/events", b"{}"

    answer = await there.rest.post(path, content=body, headers=stripe("s", body, time.time() - 3600))

    assert answer.status_code == 401
    assert "older" in (await there.got(f"event_sources/{source}"))["last_error"]


async def test_a_source_that_nobody_made_is_refused_as_one_without_proof(there):
    source = name()
    await there.source("webhook", name=source, secret="s")
    unknown = await there.rest.post("/v2/event_sources/none/events", content=b"{}", headers={"authorization": "s"})
    wrong = await there.rest.post(f"/v2/event_sources/{source}/events", content=b"{}", headers={"authorization": "x"})

    assert unknown.status_code == wrong.status_code == 401
    assert unknown.text == wrong.text


async def test_too_much_and_too_large_is_refused(there):
    source = name()
    await there.source("webhook", name=source, secret="s", rate_per_minute=6, max_bytes=100)
    path, proof = f"/v2/event_sources/{source}/events", {"authorization": "Bearer s"}

    large = await there.rest.post(path, content=json.dumps("x" * 200).encode(), headers=proof)
    first = await there.rest.post(path, content=b"{}", headers=proof)
    again = await there.rest.post(path, content=b"{}", headers=proof)

    assert (large.status_code, first.status_code, again.status_code) == (400, 202, 429)
    assert int(again.headers["retry-after"]) >= 1 or "seconds" in again.text


async def test_what_is_not_json_is_refused_with_a_reason(there):
    source = name()
    await there.source("webhook", name=source, secret="s")

    answer = await there.rest.post(
        f"/v2/event_sources/{source}/events", content=b"{", headers={"authorization": "Bearer s"}
    )

    assert answer.status_code == 400
    assert "JSON" in answer.text


async def test_each_alert_of_a_message_is_an_event_however_often_it_is_sent(there):
    source, workflow = name(), await there.workflow()
    await there.source("alertmanager", name=source, exchange=source, secret="s")
    await there.trigger(
        workflow,
        "alert.*",
        exchange=source,
        matching="glob",
        condition="<% $.payload.labels.severity = critical %>",
        input_mapping={"who": "<% $.payload.labels.alertname %>"},
    )
    alert = {"startsAt": "2026-05-04T12:00:00Z", "endsAt": "0001-01-01T00:00:00Z"}
    message = {
        **{"version": "4", "status": "firing", "receiver": "mesh", "groupLabels": {}, "commonLabels": {}},
        "alerts": [
            {**alert, "status": "firing", "fingerprint": "f1", "labels": {"alertname": "A", "severity": "critical"}},
            {**alert, "status": "firing", "fingerprint": "f2", "labels": {"alertname": "B", "severity": "critical"}},
            {**alert, "status": "firing", "fingerprint": "f3", "labels": {"alertname": "C", "severity": "info"}},
        ],
    }
    path, proof = f"/v2/event_sources/{source}/events", {"authorization": "Bearer s"}

    first = (await there.rest.post(path, json=message, headers=proof)).json()
    again = (await there.rest.post(path, json=message, headers=proof)).json()

    assert (len(first["ids"]), first["duplicates"], again["duplicates"]) == (3, 0, 3)
    assert first["ids"] == again["ids"]

    async def started():
        found = await there.executions(workflow)
        return sorted(json.loads(one["input"])["who"] for one in found) == ["A", "B"]

    await there.until(started)
