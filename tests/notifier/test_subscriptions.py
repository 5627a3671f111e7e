"""Subscriptions are told what they ask for of what an engine does: all of it, in order, and nothing else."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from mistral_core.subscribing import history_pattern, named, wants_actions
from mistral_notifier.conditions import Conditions
from mistral_persistence import subscriptions
from mistral_persistence.subscriptions import Subscription
from tests.engine.conftest import PROJECT, World, world_at

FLOW = """
version: '2.0'
flow:
  tasks:
    one: {action: std.echo output=1, on-success: two}
    two: {action: std.noop}
broken:
  tags: [night]
  tasks: {bad: {action: std.fail}}
outer:
  tasks: {inner: {workflow: flow}}
"""


@pytest.fixture
async def world(database: str, nats: str) -> AsyncIterator[World]:
    async with world_at(database, nats) as opened:
        await opened.pool.execute("TRUNCATE subscription, notification, notification_source CASCADE")
        await opened.define(FLOW)
        await opened.engine()
        yield opened


@pytest.fixture
def node(world: World) -> Any:
    async def start(workflow: str, **more: Any) -> str:
        channel = await world.stub_of("engine-0")
        from tests.engine.conftest import order, pb

        answer = await channel.StartExecutions(pb.StartExecutionsRequest(starts=[order(workflow, **more)]))
        return str(answer.started[0].execution.id)

    return start


async def subscribe(world: World, url: str, project: str = PROJECT, **wanted: Any) -> str:
    types = named(wanted.get("event_types", []))
    publisher = {"type": "webhook", "url": url, "format": "cloudevents", **wanted.pop("publisher", {})}
    new = Subscription(
        **{
            "name": f"s{uuid4().hex[:8]}",
            "description": "",
            "enabled": True,
            "event_types": [],
            "workflow_names": [],
            "tags": [],
            "states": [],
            "condition": "",
            "publisher": json.dumps(publisher),
            "secrets": "{}",
            "pattern": history_pattern(types),
            "wants_actions": wants_actions(types),
            **wanted,
        }
    )
    made = str(uuid4())
    async with world.pool.acquire() as connection, connection.transaction():
        await subscriptions.create(connection, made, project, new)
    return made


def told(receiver: Any) -> list[dict[str, Any]]:
    return [json.loads(body)["data"] for _, body in receiver.requests]


async def settled(world: World) -> None:
    """Wait until everything that happened was told."""
    count = "SELECT (SELECT count(*) FROM notification_source) + (SELECT count(*) FROM notification)"
    await world.until(lambda: world.pool.fetchval(count), lambda left: left == 0)


async def test_who_asks_for_nothing_special_is_told_of_workflows_and_tasks_in_their_order(
    world, node, notifier, receiver
):
    await subscribe(world, receiver.url)
    async with notifier():
        execution = await node("flow")
        await world.end(execution)
        await settled(world)

    assert [(one["event"], one["name"]) for one in told(receiver)] == [
        ("WORKFLOW_LAUNCHED", "flow"),
        ("TASK_LAUNCHED", "one"),
        ("TASK_SUCCEEDED", "one"),
        ("TASK_LAUNCHED", "two"),
        ("TASK_SUCCEEDED", "two"),
        ("WORKFLOW_SUCCEEDED", "flow"),
    ]
    first = told(receiver)[0]
    assert (first["id"], first["project_id"], first["state"]) == (execution, PROJECT, "RUNNING")
    assert {json.loads(body)["type"] for _, body in receiver.requests} == {
        f"io.mistral-mesh.{one['event']}" for one in told(receiver)
    }


async def test_the_payload_is_that_of_a_notify_entry(world, node, notifier, receivers):
    ours, theirs = receivers(), receivers()
    await subscribe(world, ours.url)
    async with notifier():
        await world.end(await node("outer", params={"notify": [{"type": "webhook", "url": theirs.url}]}))
        await settled(world)

    plain = [json.loads(body) for _, body in theirs.requests]
    # Tasks may have gone on by the time their events are told.
    kept = [{k: v for k, v in one.items() if not k.endswith("_at")} for one in told(ours)]
    assert len(plain) == 10
    assert sorted(map(repr, map(sorted, (one.items() for one in kept)))) == sorted(
        repr(sorted((k, v) for k, v in one.items() if not k.endswith("_at"))) for one in plain
    )
    assert {frozenset(one) for one in told(ours)} == {frozenset(one) for one in plain}


async def test_actions_are_told_to_those_who_ask_for_them_and_to_nobody_else(world, node, notifier, receivers):
    curious, usual = receivers(), receivers()
    await subscribe(world, curious.url, event_types=["ACTION_*"])
    await subscribe(world, usual.url)
    async with notifier():
        execution = await node("broken")
        await world.end(execution)
        await settled(world)

    assert [(one["event"], one["name"], one["state"]) for one in told(curious)] == [
        ("ACTION_LAUNCHED", "std.fail", "RUNNING"),
        ("ACTION_FAILED", "std.fail", "ERROR"),
    ]
    assert {one["workflow_execution_id"] for one in told(curious)} == {execution}
    assert not any(one["event"].startswith("ACTION") for one in told(usual))


@pytest.mark.parametrize(
    ("wanted", "events"),
    [
        ({"event_types": ["WORKFLOW_FAILED"]}, ["WORKFLOW_FAILED"]),
        ({"event_types": ["*_FAILED"]}, ["TASK_FAILED", "ACTION_FAILED", "WORKFLOW_FAILED"]),
        ({"workflow_names": ["br*"], "states": ["ERROR"]}, ["TASK_FAILED", "WORKFLOW_FAILED"]),
        ({"workflow_names": ["fl?w"], "event_types": ["WORKFLOW_SUCCEEDED"]}, ["WORKFLOW_SUCCEEDED"]),
        ({"tags": ["night"], "event_types": ["WORKFLOW_*"]}, ["WORKFLOW_LAUNCHED", "WORKFLOW_FAILED"]),
        ({"condition": "<% $.name = 'bad' and $.state = 'ERROR' %>"}, ["TASK_FAILED"]),
        ({"condition": "{{ _.name == 'two' and _.event == 'TASK_SUCCEEDED' }}"}, ["TASK_SUCCEEDED"]),
        ({"condition": "<% $.nothing.of.that(kind) %>"}, []),
        ({"condition": "<% task(one) %>"}, []),
        ({"project": "another"}, []),
        ({"enabled": False}, []),
    ],
)
async def test_filters(world, node, notifier, receiver, wanted, events):
    await subscribe(world, receiver.url, **wanted)
    async with notifier():
        for workflow in ("flow", "broken"):
            await world.end(await node(workflow))
        await settled(world)

    assert sorted(one["event"] for one in told(receiver)) == sorted(events)


async def test_nothing_is_written_for_projects_without_a_subscription(world, node, receiver):
    await subscribe(world, receiver.url, project="another")
    await subscribe(world, receiver.url, event_types=["WORKFLOW_PAUSED"])
    await world.end(await node("flow"))

    assert await world.pool.fetchval("SELECT count(*) FROM notification_source") == 0


async def test_a_condition_that_is_slow_three_times_is_not_asked_again():
    patient, hasty = Conditions(), Conditions(slow_seconds=-1.0)

    for _ in range(3):
        assert not hasty.too_slow("a", "<% $.x = 1 %>")
        for each in (patient, hasty):
            assert await each.holds("a", "<% $.x = 1 %>", {"x": 1})

    assert hasty.too_slow("a", "<% $.x = 1 %>")
    assert not hasty.too_slow("b", "<% $.x = 1 %>")
    assert not patient.too_slow("a", "<% $.x = 1 %>")


async def test_a_subscription_that_is_switched_off_keeps_what_is_pending_until_it_is_on_again(
    world, node, notifier, receiver
):
    receiver.answers = [503, 200]
    made = await subscribe(world, receiver.url, event_types=["WORKFLOW_SUCCEEDED"])
    async with notifier(MISTRAL_NOTIFIER_BACKOFF_SECONDS="3600"):
        await world.end(await node("flow"))
        await world.until(lambda: world.pool.fetchval("SELECT max(attempts) FROM notification"), lambda n: n == 1)
        async with world.pool.acquire() as connection, connection.transaction():
            await subscriptions.disable(connection, made, "for a while")
        await world.end(await node("flow"))
        assert await world.pool.fetchval("SELECT min(next_attempt_at) = 'infinity' FROM notification")
        assert await world.pool.fetchval("SELECT count(*) FROM notification") == 1
        row = await subscriptions.find(world.pool, PROJECT, made)
        assert (row["enabled"], row["disabled_reason"], row["pending"]) == (False, "for a while", 1)


async def test_a_heavy_condition_holds_up_nobody(world, node, notifier, receivers):
    slow, lively = receivers(), receivers()
    await subscribe(world, slow.url, condition="<% range(100000).select($ * 2).sum() < 0 %>")
    await subscribe(world, lively.url)
    async with notifier():
        for _ in range(3):
            await world.end(await node("flow"))
        await settled(world)

    assert len(lively.requests) == 18
    assert slow.requests == []


async def test_events_of_an_execution_wait_for_the_one_before_them_that_fails(world, node, notifier, receiver):
    receiver.answers = [200, 503, 503, 200]
    await subscribe(world, receiver.url)
    async with notifier():
        await world.end(await node("flow"))
        await settled(world)

    launched, *rest = [one["event"] for one in told(receiver)]
    assert launched == "WORKFLOW_LAUNCHED"
    assert rest[:3] == ["TASK_LAUNCHED"] * 3
    assert rest[3:] == ["TASK_SUCCEEDED", "TASK_LAUNCHED", "TASK_SUCCEEDED", "WORKFLOW_SUCCEEDED"]
    ids = [json.loads(body)["id"] for _, body in receiver.requests]
    assert len(set(ids[1:4])) == 1
    assert len(set(ids)) == 6


async def test_who_wants_no_order_is_told_the_rest_at_once(world, node, notifier, receiver):
    receiver.answers = [410, 200]
    await subscribe(world, receiver.url, publisher={"ordered": False})
    async with notifier():
        await world.end(await node("flow"))
        await world.until(
            lambda: world.pool.fetchval("SELECT count(*) FROM notification WHERE given_up_at IS NULL"),
            lambda left: left == 0 and len(receiver.requests) == 6,
        )

    assert len({one["event"] + one["name"] for one in told(receiver)}) == 6


async def test_secrets_are_used_and_attempts_are_logged(world, node, notifier, receiver):
    receiver.answers = [500, 200]
    made = await subscribe(
        world, receiver.url, event_types=["WORKFLOW_SUCCEEDED"], secrets='{"secret": "s", "headers": {"x-key": "k"}}'
    )
    async with notifier():
        await world.end(await node("flow"))
        await settled(world)

    headers, _ = receiver.requests[0]
    assert headers["x-key"] == "k"
    assert headers["webhook-signature"].startswith("v1,")
    log = await world.pool.fetch("SELECT * FROM delivery_attempt WHERE subscription_id = $1 ORDER BY attempt", made)
    assert [(line["attempt"], line["delivered"], line["error"]) for line in log] == [
        (1, False, "HTTP 500"),
        (2, True, ""),
    ]
    assert len({line["delivery_id"] for line in log}) == 1


async def test_the_log_keeps_the_last_attempts(world, receiver):
    made = await subscribe(world, receiver.url)
    await world.pool.execute(
        "INSERT INTO delivery_attempt (subscription_id, delivery_id, execution_id, event, attempt, delivered,"
        " milliseconds, created_at) SELECT $1, gen_random_uuid(), gen_random_uuid(), 'X', n, true, 1,"
        " now() - n * interval '1 minute' FROM generate_series(1, 150) n",
        made,
    )

    assert await subscriptions.trim_log(world.pool) == 50
    assert await world.pool.fetchval("SELECT max(attempt) FROM delivery_attempt") == 100
