"""``std.amqp_publish`` to a real RabbitMQ on loopback."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiormq
import pytest


@pytest.fixture
async def executor(start: Any) -> Any:
    return await start(egress_allowed=("127.0.0.0/8",))


@pytest.fixture
async def channel(rabbit: str) -> AsyncIterator[Any]:
    connection = await aiormq.connect(f"amqp://guest:guest@{rabbit}/")
    yield await connection.channel()
    await connection.close()


@pytest.fixture
async def queue(channel: Any) -> str:
    declared = await channel.queue_declare(exclusive=True)
    return str(declared.queue)


async def got(channel: Any, queue: str) -> Any:
    async with asyncio.timeout(5):
        return await channel.basic_get(queue, no_ack=True)


@pytest.fixture
def given(rabbit: str, queue: str) -> dict[str, Any]:
    return {"url": f"amqp://guest:guest@{rabbit}", "routing_key": queue, "body": {"n": 1, "ü": None}}


@pytest.mark.usefixtures("executor")
async def test_a_message_reaches_its_queue(engine: Any, channel: Any, queue: str, given: dict[str, Any]):
    task = engine.task("std.amqp_publish", {**given, "headers": {"X-Kind": "test", "X-Number": 5}})
    await engine.give(task)

    assert await engine.result(task) == ("SUCCESS", None)

    message = await got(channel, queue)
    properties = message.header.properties
    assert json.loads(message.body) == {"n": 1, "ü": None}
    assert (properties.content_type, properties.delivery_mode) == ("application/json", 2)
    assert properties.headers == {"X-Kind": "test", "X-Number": "5"}
    assert properties.message_id == task.action_id


@pytest.mark.usefixtures("executor")
async def test_an_exchange_passes_it_on(engine: Any, channel: Any, queue: str, given: dict[str, Any]):
    await channel.exchange_declare("news", exchange_type="topic", auto_delete=True)
    await channel.queue_bind(queue, "news", routing_key="a.*")
    more = {"exchange": "news", "routing_key": "a.b", "body": "text", "persistent": False, "correlation_id": "c1"}

    assert await engine.run("std.amqp_publish", {**given, **more}) == ("SUCCESS", None)

    message = await got(channel, queue)
    properties = message.header.properties
    assert message.body == b"text"
    assert (properties.content_type, properties.delivery_mode, properties.correlation_id) == ("text/plain", 1, "c1")


@pytest.mark.usefixtures("executor")
async def test_the_receiver_is_told_what_to_complete(engine: Any, channel: Any, queue: str, given: dict[str, Any]):
    task = engine.task("std.mistral_amqp_publish", given, workflow_name="wf", execution_id="e", task_id="t")
    await engine.give(task)

    assert await engine.result(task) == ("DEFERRED", None)

    headers = (await got(channel, queue)).header.properties.headers
    assert headers["Mistral-Workflow-Execution-Id"] == "e"
    assert headers["Mistral-Action-Execution-Id"] == task.action_id
    assert headers["Mistral-Callback-URL"] == f"/v2/action_executions/{task.action_id}"


@pytest.mark.usefixtures("executor")
async def test_a_large_message_is_whole(engine: Any, channel: Any, queue: str, given: dict[str, Any]):
    assert await engine.run("std.amqp_publish", {**given, "body": "x" * 600_000}) == ("SUCCESS", None)

    assert len((await got(channel, queue)).body) == 600_000


@pytest.mark.usefixtures("executor")
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"routing_key": "no-such-queue"}, "no queue takes this message"),
        ({"exchange": "no-such-exchange"}, "no exchange 'no-such-exchange'"),
        ({"routing_key": "", "exchange": ""}, "an 'exchange' or a 'routing_key' (the name of a queue) is needed"),
        ({"routing_key": 5}, "'routing_key' must be a text"),
        ({"headers": "a"}, "'headers' must be an object"),
        ({"timeout": "soon"}, "'timeout' must be more than 0"),
        ({"url": "http://hunter2@127.0.0.1"}, "'url' must begin with amqp:// or amqps://"),
        ({"url": "amqp://a:hunter2@127.0.0.1/?cafile=/etc/passwd"}, "nothing after its path"),
        ({"url": "amqp://a:hunter2@127.0.0.1:1/"}, "onnect"),
        ({"password": "hunter2"}, "the broker refused the credentials"),
    ],
)
async def test_a_message_that_cannot_be_published(
    engine: Any, given: dict[str, Any], wrong: dict[str, Any], says: str, capfd: Any
):
    outcome, error = await engine.run("std.amqp_publish", {**given, **wrong})

    assert outcome == "ERROR"
    assert "Failed to publish to AMQP: " in error
    assert says in error
    assert "hunter2" not in error + "".join(capfd.readouterr())


@pytest.mark.usefixtures("executor")
async def test_a_virtual_host_that_is_not_there_is_an_error(engine: Any, given: dict[str, Any]):
    outcome, error = await engine.run("std.amqp_publish", {**given, "url": given["url"] + "/none"})

    assert outcome == "ERROR"
    assert "no such virtual host" in error


@pytest.mark.usefixtures("executor")
async def test_nobody_need_take_what_is_not_mandatory(engine: Any, given: dict[str, Any]):
    more = {"routing_key": "no-such-queue", "mandatory": False}

    assert await engine.run("std.amqp_publish", {**given, **more}) == ("SUCCESS", None)


async def test_loopback_is_blocked_by_default(engine: Any, start: Any, channel: Any, queue: str, given: dict[str, Any]):
    await start()

    outcome, error = await engine.run("std.amqp_publish", given)

    assert outcome == "ERROR"
    assert "host '127.0.0.1' resolves to a blocked address (127.0.0.1)" in error
    assert (await got(channel, queue)).delivery.name == "Basic.GetEmpty"


@pytest.fixture
async def encrypted(rabbit: str, certificate: Any) -> AsyncIterator[str]:
    """``host:port`` where the broker is reached over TLS, through what takes the TLS off."""
    _, _, port = rabbit.partition(":")

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to, out = await asyncio.open_connection("127.0.0.1", int(port))
        await asyncio.gather(_passed(reader, out), _passed(to, writer))

    server = await asyncio.start_server(relay, "127.0.0.1", 0, ssl=certificate.context())
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


@pytest.mark.usefixtures("executor")
async def test_a_broker_may_be_reached_over_tls(
    engine: Any, channel: Any, queue: str, given: dict[str, Any], encrypted: str, certificate: Any, monkeypatch: Any
):
    given["url"] = f"amqps://{encrypted}"
    outcome, error = await engine.run("std.amqp_publish", given)
    assert outcome == "ERROR"
    assert "certificate" in error.lower()

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    assert await engine.run("std.amqp_publish", given) == ("SUCCESS", None)
    assert json.loads((await got(channel, queue)).body) == {"n": 1, "ü": None}


@pytest.mark.usefixtures("executor")
async def test_the_time_limit_holds_against_a_silent_server(engine: Any):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"amqp://127.0.0.1:{silent.getsockname()[1]}"
        given = {"url": url, "routing_key": "a", "timeout": 2}
        outcome, error = await engine.run("std.amqp_publish", given)

    assert outcome == "ERROR"
    assert "the broker did not answer in time" in error
