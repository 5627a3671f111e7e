"""Publishers on real servers: NATS and RabbitMQ on loopback, and one that was written for OpenStack Mistral."""

import importlib.util
import json
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import aiormq
import nats
import pytest

from mistral_notifier.amqp import Amqp
from mistral_notifier.kept import Kept
from mistral_notifier.legacy import Legacy
from mistral_notifier.nats import Nats
from mistral_notifier.publisher import DeliveryFailed, Notice
from mistral_runtime.settings import Environment


def notice(**more: Any) -> Notice:
    payload = {"event": "WORKFLOW_FAILED", "name": "deploy", "id": str(uuid4()), "project_id": "<default>", **more}
    return Notice(
        id=f"n-{uuid4()}",
        execution_id=payload["id"],
        event="WORKFLOW_FAILED",
        payload=json.dumps(payload),
        created_at=datetime.now(UTC),
        attempt=1,
    )


def environment(**more: str) -> Environment:
    return Environment({"MISTRAL_EGRESS_ALLOWED": "127.0.0.0/8", **more})


# --- NATS


@pytest.fixture
async def listener(nats_url: str) -> AsyncIterator[Any]:
    client = await nats.connect(nats_url)
    yield client
    await client.close()


@pytest.fixture
def nats_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("nats")
    return url


@pytest.fixture
async def to_nats(nats_url: str) -> AsyncIterator[Nats]:
    publisher = Nats(environment(MISTRAL_NATS_URL=nats_url))
    yield publisher
    await publisher.close()


async def test_nats_over_the_mesh_stays_under_its_prefix_and_project(to_nats, listener):
    heard = await listener.subscribe("mistral.told.>")
    await listener.flush()
    told = notice()

    await to_nats.publish(told, {"subject": "failures.eu", "format": "cloudevents-binary"})

    message = await heard.next_msg(timeout=10)
    assert message.subject == "mistral.told._default_.failures.eu"
    assert message.headers["ce-id"] == message.headers["Nats-Msg-Id"] == told.id
    assert message.headers["ce-type"] == "io.mistral-mesh.WORKFLOW_FAILED"
    assert json.loads(message.data)["name"] == "deploy"


async def test_nats_of_somebody_else_and_into_a_stream(to_nats, listener, nats_url):
    name = f"s{uuid4().hex}"
    await listener.jetstream().add_stream(name=name, subjects=[f"{name}.>"])
    options = {"url": nats_url, "subject": f"{name}.a", "jetstream": True, "format": "cloudevents"}
    told = notice()

    for _ in range(2):
        await to_nats.publish(told, options)

    stored = (await listener.jetstream().stream_info(name)).state
    assert stored.messages == 1
    with pytest.raises(DeliveryFailed, match="no stream takes this subject"):
        await to_nats.publish(told, {**options, "subject": "nobody.keeps.this"})
    await listener.jetstream().delete_stream(name)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "no subject"),
        ({"subject": "a.*"}, "without wildcards"),
        ({"subject": "a b"}, "without wildcards"),
        ({"subject": "a", "url": "http://127.0.0.1"}, "none of nats or tls"),
        ({"subject": "a", "url": "nats://10.1.2.3:4222"}, "blocked address"),
        ({"subject": "a", "jetstream": "yes"}, "neither true nor false"),
    ],
)
async def test_nats_entries_that_cannot_work_fail_for_good(to_nats, options, said):
    with pytest.raises(DeliveryFailed, match=said) as failed:
        await to_nats.publish(notice(), options)
    assert failed.value.permanent


async def test_a_nats_server_that_is_away_is_unreachable(to_nats, free_port):
    with pytest.raises(DeliveryFailed) as failed:
        await to_nats.publish(notice(), {"subject": "a", "url": f"nats://127.0.0.1:{free_port}"})
    assert failed.value.unreachable
    assert not failed.value.permanent


@pytest.fixture
def free_port() -> int:
    from mistral_mesh.ports import free_port

    return int(free_port())


# --- AMQP


def _beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent.parent / "executor" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``host:port`` of a real RabbitMQ; without one here the test is skipped."""
    with _beside("rabbit_server").rabbit(tmp_path_factory.mktemp("rabbit")) as place:
        yield place


@pytest.fixture
async def to_amqp() -> AsyncIterator[Amqp]:
    publisher = Amqp(environment())
    yield publisher
    await publisher.close()


async def test_a_broker_gets_and_confirms(to_amqp, rabbit):
    connection = await aiormq.connect(f"amqp://guest:guest@{rabbit}/")
    channel = await connection.channel()
    queue = (await channel.queue_declare("", exclusive=True)).queue
    told, url = notice(), f"amqp://guest@{rabbit}/"

    await to_amqp.publish(told, {"url": url, "routing_key": queue, "format": "cloudevents-binary"})
    await to_amqp.publish(notice(), {"url": url, "routing_key": queue})

    first, second = await channel.basic_get(queue), await channel.basic_get(queue)
    assert first.header.properties.message_id == told.id
    assert first.header.properties.delivery_mode == 2
    assert first.header.properties.headers["cloudEvents:type"] == "io.mistral-mesh.WORKFLOW_FAILED"
    assert json.loads(second.body)["name"] == "deploy"
    with pytest.raises(DeliveryFailed, match="no queue takes it") as failed:
        await to_amqp.publish(notice(), {"url": url, "routing_key": "nobody"})
    assert not failed.value.permanent
    await to_amqp.publish(notice(), {"url": url, "routing_key": "nobody", "mandatory": False})
    with pytest.raises(DeliveryFailed, match="no such exchange"):
        await to_amqp.publish(notice(), {"url": url, "exchange": "nobody", "routing_key": "a"})
    # After that a new channel is opened.
    await to_amqp.publish(notice(), {"url": url, "routing_key": queue})
    with pytest.raises(DeliveryFailed, match="credentials"):
        await to_amqp.publish(notice(), {"url": url, "routing_key": queue, "password": "wrong"})
    await connection.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "amqp://127.0.0.1"}, "neither exchange nor routing_key"),
        ({"routing_key": "a"}, "no url"),
        ({"url": "http://127.0.0.1", "routing_key": "a"}, "none of amqp or amqps"),
        ({"url": "amqp://10.1.2.3", "routing_key": "a"}, "blocked address"),
    ],
)
async def test_amqp_entries_that_cannot_work_fail_for_good(to_amqp, options, said):
    with pytest.raises(DeliveryFailed, match=said) as failed:
        await to_amqp.publish(notice(), options)
    assert failed.value.permanent


async def test_a_broker_that_is_away_is_unreachable(to_amqp, free_port):
    with pytest.raises(DeliveryFailed) as failed:
        await to_amqp.publish(notice(), {"url": f"amqp://127.0.0.1:{free_port}", "routing_key": "a"})
    assert failed.value.unreachable


# --- those of others


async def test_a_publisher_written_for_mistral_is_called_as_there():
    class Theirs:
        def publish(self, ctx: Any, ex_id: str, data: Any, event: str, timestamp: str, **kwargs: Any) -> None:
            seen.append((ctx["project_id"], ex_id, data["name"], event, timestamp, kwargs))

    seen: list[Any] = []
    told = notice()
    await Legacy(Theirs()).publish(told, {"type": "theirs", "event_types": ["X"], "color": "red"})

    [(project, execution, name, event, timestamp, more)] = seen
    assert (project, execution, name, event) == ("<default>", told.execution_id, "deploy", "WORKFLOW_FAILED")
    assert timestamp.startswith(str(told.created_at.date()))
    assert more == {"color": "red"}


async def test_connections_are_kept_one_for_each_place_and_dropped_after_a_fault():
    made, closed = [], []

    async def close(connection: int) -> None:
        closed.append(connection)

    async def make() -> int:
        made.append(len(made))
        return made[-1]

    kept: Kept[int] = Kept(close, most=2)
    for key in ("a", "a", "b", "c"):
        async with kept.use(key, make):
            pass
    assert (made, closed) == ([0, 1, 2], [0])
    with pytest.raises(OSError, match="broken"):
        async with kept.use("b", make):
            raise OSError("broken")
    await kept.close()
    assert closed == [0, 1, 2]
