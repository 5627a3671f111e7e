"""``std.nats_publish`` to a real NATS on loopback."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import nats as nats_library
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from mistral_mesh.ports import free_port, is_free


@pytest.fixture
async def executor(start: Any) -> Any:
    return await start(egress_allowed=("127.0.0.0/8",))


@pytest.fixture
async def client(nats: str) -> AsyncIterator[Client]:
    connected = await nats_library.connect(nats)
    yield connected
    await connected.close()


async def heard(client: Client, subject: str) -> Any:
    subscription = await client.subscribe(subject)
    await client.flush()
    return subscription


async def next_of(subscription: Any) -> Msg:
    message = await subscription.next_msg(timeout=5)
    assert isinstance(message, Msg)
    return message


@pytest.mark.usefixtures("executor")
async def test_a_message_reaches_who_listens(engine: Any, client: Client, nats: str):
    listening = await heard(client, "news.>")
    given = {"url": nats, "subject": "news.a", "body": {"n": 1}, "headers": {"X-Kind": "test", "X-None": None}}

    assert await engine.run("std.nats_publish", given) == ("SUCCESS", None)

    message = await next_of(listening)
    assert (message.subject, json.loads(message.data), message.headers) == ("news.a", {"n": 1}, {"X-Kind": "test"})


@pytest.mark.usefixtures("executor")
async def test_a_stream_acknowledges_and_takes_a_message_once(engine: Any, client: Client, nats: str):
    await client.jetstream().add_stream(name="ORDERS", subjects=["orders.*"])
    task = engine.task("std.nats_publish", {"url": nats, "subject": "orders.new", "body": "x", "jetstream": True})
    await engine.give(task)

    assert await engine.result(task) == ("SUCCESS", {"stream": "ORDERS", "seq": 1, "duplicate": False})

    again = engine.task("std.nats_publish", json.loads(task.input), action_id=task.action_id)
    again.attempt = 2
    await engine.give(again)
    assert await engine.result(again) == ("SUCCESS", {"stream": "ORDERS", "seq": 1, "duplicate": True})


@pytest.mark.usefixtures("executor")
async def test_the_receiver_is_told_what_to_complete(engine: Any, client: Client, nats: str):
    listening = await heard(client, "work")
    task = engine.task("std.mistral_nats_publish", {"url": nats, "subject": "work"}, workflow_name="wf", task_id="t")
    await engine.give(task)

    assert await engine.result(task) == ("DEFERRED", None)

    headers = (await next_of(listening)).headers or {}
    assert headers["Mistral-Workflow-Name"] == "wf"
    assert headers["Mistral-Action-Execution-Id"] == task.action_id
    assert headers["Mistral-Callback-URL"] == f"/v2/action_executions/{task.action_id}"


@pytest.mark.usefixtures("executor")
async def test_credentials_may_come_beside_the_url(engine: Any, client: Client, nats: str):
    token, _, place = nats.removeprefix("nats://").partition("@")
    given = {"url": f"nats://{place}", "subject": "a"}

    assert await engine.run("std.nats_publish", {**given, "token": token}) == ("SUCCESS", None)
    outcome, error = await engine.run("std.nats_publish", {**given, "token": "hunter2"})

    assert outcome == "ERROR"
    assert "Failed to publish to NATS: the server refused the credentials" in error


@pytest.mark.usefixtures("executor")
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"subject": "a.*"}, "'subject' must be words"),
        ({"subject": "a b"}, "'subject' must be words"),
        ({"subject": "a..b"}, "'subject' must be words"),
        ({"headers": {"a\r\nb": "1"}}, "'headers' must have names"),
        ({"headers": {"a": "1\r\nX: 2"}}, "'headers' must have names"),
        ({"headers": [1]}, "'headers' must be an object"),
        ({"timeout": 0}, "'timeout' must be more than 0"),
        ({"url": "http://secret@127.0.0.1"}, "'url' must begin with nats:// or tls://"),
        ({"url": "nats://secret@127.0.0.1:x"}, "'url' is malformed"),
        ({"url": "nats://secret@127.0.0.1:1"}, "onnect"),
        ({"jetstream": True, "subject": "nobody.stores.this"}, "no stream takes this subject"),
    ],
)
async def test_a_message_that_cannot_be_published(engine: Any, nats: str, wrong: dict[str, Any], says: str):
    outcome, error = await engine.run("std.nats_publish", {"url": nats, "subject": "a", **wrong})

    assert outcome == "ERROR"
    assert "Failed to publish to NATS: " in error
    assert says in error
    assert "secret" not in error


async def test_loopback_is_blocked_by_default(engine: Any, start: Any, client: Client, nats: str):
    await start()
    listening = await heard(client, "guarded")

    outcome, error = await engine.run("std.nats_publish", {"url": nats, "subject": "guarded"})

    assert outcome == "ERROR"
    assert "host '127.0.0.1' resolves to a blocked address (127.0.0.1)" in error
    await client.publish("guarded", b"mine")
    assert (await next_of(listening)).data == b"mine"


@pytest.fixture
def encrypted(tmp_path: Path, certificate: Any) -> Iterator[str]:
    """``host:port`` of a NATS that wants TLS."""
    port, config = free_port(), tmp_path / "nats.conf"
    config.write_text(
        f"listen: 127.0.0.1:{port}\ntls {{ cert_file: '{certificate.file}', key_file: '{certificate.key}' }}"
    )
    server = subprocess.Popen([Path(sys.executable).with_name("nats-server"), "-c", config], stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 10
        while is_free(port) and time.monotonic() < until:
            time.sleep(0.02)
        yield f"127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


@pytest.mark.usefixtures("executor")
async def test_a_server_may_be_reached_over_tls(engine: Any, encrypted: str, certificate: Any, monkeypatch: Any):
    given = {"url": f"tls://{encrypted}", "subject": "a"}
    outcome, error = await engine.run("std.nats_publish", given)
    assert outcome == "ERROR"
    assert "certificate" in error.lower()

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    assert await engine.run("std.nats_publish", given) == ("SUCCESS", None)


@pytest.mark.usefixtures("executor")
async def test_the_time_limit_holds_against_a_silent_server(engine: Any):
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with server:
        url = f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        outcome, error = await engine.run("std.nats_publish", {"url": url, "subject": "a", "timeout": 0.5})

    assert outcome == "ERROR"
    assert "the server did not answer in time" in error
