"""Sources of events on real servers: a broker, a mailbox, and the executions of the mesh itself."""

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import aiormq
import pytest
from pamqp.commands import Basic

from tests.executor.rabbit_server import rabbit
from tests.scheduler.dovecot_server import deliver, dovecot, flags

pytestmark = pytest.mark.asyncio(loop_scope="module")


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
