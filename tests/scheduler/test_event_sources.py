"""Sources of events on real servers: a broker, a mailbox, requests, and the executions of the mesh itself."""

import base64
import hashlib
import hmac
import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import aiormq
import pytest
import pytest_asyncio
from pamqp.commands import Basic

from tests.executor.rabbit_server import rabbit
from tests.scheduler.dovecot_server import deliver, dovecot, flags
from tests.scheduler.event_world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def there(database: str, nats: str) -> AsyncIterator[World]:
    async with world(database, nats, MISTRAL_EGRESS_ALLOWED="127.0.0.1") as found:
        await found.start_scheduler()
        yield found


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with rabbit(tmp_path_factory.mktemp("rabbit")) as place:
        yield place


@pytest.fixture(scope="module")
def mailbox() -> Iterator[int]:
    # Its users must be able to get there.
    with tempfile.TemporaryDirectory() as folder, dovecot(Path(folder)) as port:
        yield port


def name() -> str:
    return f"s{uuid4().hex[:10]}"


# --- requests


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


# --- the executions of the mesh


async def test_the_end_of_an_execution_is_an_event(there):
    followed, workflow = await there.workflow(), await there.workflow()
    await there.made(
        "event_triggers",
        json={
            **{"exchange": "mistral", "topic": "executions", "event": "WORKFLOW_SUCCEEDED"},
            **{"workflow_id": workflow["id"], "condition": f"<% $.payload.workflow_name = '{followed['name']}' %>"},
            "input_mapping": {"who": "<% $.payload.workflow_execution_id %>"},
        },
    )
    # Somebody has to have waited for them before.
    begun = time.monotonic()

    async def read():
        return time.monotonic() - begun > 3

    await there.until(read)
    execution = await there.made("executions", json={"workflow_id": followed["id"]})

    async def started():
        return await there.executions(workflow)

    (one,) = await there.until(started)
    assert json.loads(one["input"])["who"] == execution["id"]


# --- a broker


async def notify(place: str, exchange: str, key: str, body: dict) -> None:
    connection = await aiormq.connect(f"amqp://guest:guest@{place}/")
    channel = await connection.channel(publisher_confirms=True)
    properties = Basic.Properties(delivery_mode=2)
    await channel.basic_publish(
        json.dumps(body).encode(), exchange=exchange, routing_key=key, properties=properties, mandatory=True
    )
    await connection.close()


def envelope(kind: str, message_id: str, **payload) -> dict:
    inner = {
        **{"message_id": message_id, "publisher_id": "compute.vm1", "event_type": kind, "priority": "INFO"},
        **{"timestamp": "2026-05-04 12:00:00.000000", "_context_project_id": "tenant", "_context_user_id": "u1"},
        "payload": payload,
    }
    return {"oslo.version": "2.0", "oslo.message": json.dumps(inner)}


async def test_a_notification_in_a_queue_starts_a_workflow(there, broker):
    source, workflow = name(), await there.workflow()
    await there.source(
        "amqp", name=source, exchange=source, topic="notifications", secret="guest",
        settings={"url": f"amqp://guest@{broker}/"},
    )  # fmt: skip
    await there.trigger(
        workflow,
        "compute.instance.create.end",
        exchange=source,
        topic="notifications",
        input_mapping={"who": "<% $.payload.instance_id %>"},
    )

    async def bound():
        try:
            created = envelope("compute.instance.create.end", f"{source}/1", instance_id="vm1")
            await notify(broker, source, "notifications.info", created)
        except (aiormq.exceptions.ChannelNotFoundEntity, aiormq.exceptions.PublishError):
            return False
        return True

    await there.until(bound)
    again = envelope("compute.instance.create.end", f"{source}/1", instance_id="vm1")
    await notify(broker, source, "notifications.error", again)
    await notify(broker, source, "notifications.info", {"no": "event"})

    async def counted():
        found = await there.got(f"event_sources/{source}")
        return (found["received"], found["duplicates"], found["refused"]) == (1, 1, 1)

    await there.until(counted)
    event = await there.event(f"{source}/1")
    assert (event["publisher"], event["user_id"], event["project_id"]) == ("compute.vm1", "u1", "<default-project>")
    (execution,) = await there.executions(workflow)
    assert json.loads(execution["input"])["who"] == "vm1"
    params = json.loads(execution["params"])["event_params"]
    assert (params["service"], params["user_id"]) == ("compute.vm1", "u1")


async def test_what_comes_while_no_scheduler_runs_is_taken_afterwards(there, broker):
    source, workflow, kind = name(), await there.workflow(), name()
    await there.source(
        "amqp", name=source, exchange=source, topic="n", secret="guest", settings={"url": f"amqp://guest@{broker}/"}
    )
    await there.trigger(workflow, kind, exchange=source, topic="n")

    async def bound():
        try:
            await notify(broker, source, "n.info", envelope(kind, f"{kind}/1"))
        except (aiormq.exceptions.ChannelNotFoundEntity, aiormq.exceptions.PublishError):
            return False
        return True

    await there.until(bound)
    await there.event(f"{kind}/1")
    await there.stop_scheduler()
    await notify(broker, source, "n.info", envelope(kind, f"{kind}/2"))
    await there.start_scheduler()

    await there.event(f"{kind}/2")
    assert len(await there.executions(workflow)) == 2


async def test_a_wrong_password_is_told_without_it(there, broker):
    source = name()
    await there.source("amqp", name=source, secret="pa55word", settings={"url": f"amqp://guest@{broker}/"})

    async def told():
        return (await there.got(f"event_sources/{source}"))["last_error"]

    said = await there.until(told)
    assert "credentials" in said
    assert "pa55word" not in said


# --- a mailbox

MAIL = b"""From: Ada <ada@example.org>\r
To: mesh@example.org\r
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r
Message-ID: <%s@example.org>\r
Content-Type: text/plain; charset=utf-8\r
\r
The domain is down.\r
"""


async def test_a_mail_starts_a_workflow_and_is_marked(there, mailbox):
    source, workflow = name(), await there.workflow()
    deliver(mailbox, MAIL % b"one")
    deliver(mailbox, b"Subject: large\r\n\r\n" + b"x" * 10_000)
    await there.trigger(
        workflow,
        "mail.received",
        exchange=source,
        condition="{{ 'down' in _.payload.text }}",
        input_mapping={"who": "<% $.payload.subject %>"},
    )
    settings = {"host": "127.0.0.1", "port": mailbox, "user": "ada", "encryption": "none", "poll_seconds": 1}
    await there.source("imap", name=source, exchange=source, secret="secret", settings=settings, max_bytes=5000)

    async def started():
        return await there.executions(workflow)

    (first,) = await there.until(started)
    assert json.loads(first["input"])["who"] == "Grüße"

    async def marked():
        found = flags(mailbox)
        return len(found) == 2 and all(b"Seen" in each for each in found)

    await there.until(marked)
    deliver(mailbox, MAIL % b"two")

    async def both():
        return len(await there.executions(workflow)) == 2

    await there.until(both)
    shown = await there.got(f"event_sources/{source}")
    assert (shown["received"], shown["refused"]) == (2, 1)
    assert "larger" in shown["last_error"]


async def test_a_mailbox_may_be_emptied_into_another_folder(there, mailbox):
    source, workflow = name(), await there.workflow()
    deliver(mailbox, MAIL % b"three", folder="In")
    deliver(mailbox, MAIL % b"kept", folder="Done")
    await there.trigger(workflow, "mail.received", exchange=source)
    settings = {"host": "127.0.0.1", "port": mailbox, "user": "ada", "encryption": "none", "poll_seconds": 1}
    moved = {**settings, "folder": "In", "after": "move:Done"}
    await there.source("imap", name=source, exchange=source, secret="secret", settings=moved)

    async def there_now():
        return (len(flags(mailbox, "In")), len(flags(mailbox, "Done"))) == (0, 2)

    await there.until(there_now)

    async def started():
        return len(await there.executions(workflow)) == 1

    await there.until(started)
