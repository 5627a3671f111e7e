"""Events from elsewhere start workflows: matched, mapped, each once, and explained."""

import asyncio
import json
from uuid import uuid4

import grpc
import grpc.aio
import pytest

from mistral.internal.v1.engine_service_pb2_grpc import EngineServiceStub
from mistral_scheduler.events.forgetting import forget_once
from mistral_scheduler.events.reacting import Reacting
from mistral_scheduler.events.settings import EventSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")


def name() -> str:
    return f"t.{uuid4().hex[:10]}"


async def test_an_event_starts_the_workflow_of_its_trigger_with_what_it_says(there):
    workflow, kind = await there.workflow(), name()
    trigger = await there.trigger(
        workflow,
        kind,
        workflow_input={"n": 1},
        input_mapping={"who": "<% $.payload.user %>"},
        workflow_params={"env": {"a": 1}},
    )

    sent = await there.publish(kind, {"user": "Ada"}, publisher_id="compute.1", timestamp="2026-05-04 12:00:00")
    event = await there.event(sent)

    (execution,) = await there.executions(workflow)
    assert json.loads(execution["input"]) == {"who": "Ada", "n": 1}
    params = json.loads(execution["params"])
    assert params["env"] == {"a": 1}
    assert params["event_params"] == {
        "service": "compute.1",
        "project_id": "<default-project>",
        "user_id": "",
        "timestamp": "2026-05-04 12:00:00",
    }
    triggered_by = json.loads(execution["description"])["triggered_by"]
    assert triggered_by == {"type": "event_trigger", "id": trigger["id"], "name": "", "event_id": event["id"]}
    assert (await there.verdicts(event))[trigger["id"]]["execution_id"] == execution["id"]
    shown = await there.got(f"event_triggers/{trigger['id']}")
    assert (shown["fired"], shown["refused"]) == (1, 0)
    assert shown["last_fired_at"]


@pytest.mark.parametrize("condition", ["<% $.payload.cpu > 90 %>", "{{ _.payload.cpu > 90 }}"])
async def test_a_condition_decides_over_the_payload(there, condition):
    workflow, kind = await there.workflow(), name()
    trigger = await there.trigger(workflow, kind, condition=condition)

    calm = await there.event(await there.publish(kind, {"cpu": 10}))
    hot = await there.event(await there.publish(kind, {"cpu": 95}))
    odd = await there.event(await there.publish(kind, {"cpu": "much"}))

    assert len(await there.executions(workflow)) == 1
    assert (await there.verdicts(calm))[trigger["id"]]["verdict"] == "CONDITION_FALSE"
    assert (await there.verdicts(hot))[trigger["id"]]["verdict"] == "FIRED"
    failed = (await there.verdicts(odd))[trigger["id"]]
    assert failed["verdict"] == "EXPRESSION_FAILED"
    assert "cpu" in failed["reason"]


async def test_what_takes_too_long_to_evaluate_fails_and_holds_nobody_up(there):
    workflow, kind = await there.workflow(), name()
    endless = await there.trigger(
        workflow, kind, condition="<% range(0, 100000).select(range(0, 100000).len()).len() %>"
    )
    await there.trigger(workflow, kind)

    event = await there.event(await there.publish(kind))

    assert len(await there.executions(workflow)) == 1
    assert (await there.verdicts(event))[endless["id"]]["verdict"] == "EXPRESSION_FAILED"


async def test_types_are_compared_as_they_are_unless_a_glob_is_asked_for(there):
    workflow, kind = await there.workflow(), name()
    exact = await there.trigger(workflow, f"{kind}.*")
    glob = await there.trigger(workflow, f"{kind}.*", matching="glob", topic="*")

    event = await there.event(await there.publish(f"{kind}.end"))

    found = await there.verdicts(event, all="true")
    assert found[glob["id"]]["verdict"] == "FIRED"
    assert found[exact["id"]]["verdict"] == "NOT_MATCHED"
    assert f"'{kind}.end'" in found[exact["id"]]["reason"]
    assert len(await there.executions(workflow)) == 1


async def test_the_second_event_of_the_same_id_is_a_duplicate(there):
    workflow, kind = await there.workflow(), name()
    await there.trigger(workflow, kind)
    sent = await there.publish(kind, {"n": 1})
    await there.event(sent)

    await there.publish(kind, {"n": 2}, id=sent)

    async def counted():
        listed = (await there.got("received_events", event_id=sent))["received_events"]
        return listed if listed[0]["duplicates"] == 1 else None

    (event,) = await there.until(counted)
    assert event["fired"] == 1
    assert len(await there.executions(workflow)) == 1


async def test_a_disabled_trigger_says_so_and_one_made_later_too(there):
    workflow, kind = await there.workflow(), name()
    disabled = await there.trigger(workflow, kind, enabled=False)
    event = await there.event(await there.publish(kind))
    later = await there.trigger(await there.workflow(), kind)

    found = await there.verdicts(event)

    assert found[disabled["id"]]["verdict"] == "DISABLED"
    assert found[later["id"]]["verdict"] == "LATER"
    assert await there.executions(workflow) == []
    changed = await there.rest.put(f"/v2/event_triggers/{disabled['id']}", json={"enabled": True})
    assert changed.json()["enabled"] is True
    await there.event(await there.publish(kind))
    assert len(await there.executions(workflow)) == 1


async def test_a_start_that_the_engine_refuses_is_told_with_the_reason(there):
    workflow, kind = await there.workflow(), name()
    trigger = await there.trigger(workflow, kind, workflow_params={"env": "no_such_environment"})

    event = await there.event(await there.publish(kind))

    refused = (await there.verdicts(event))[trigger["id"]]
    assert refused["verdict"] == "REFUSED"
    assert "no_such_environment" in refused["reason"]
    assert (await there.got(f"event_triggers/{trigger['id']}"))["refused"] == 1


async def test_what_is_no_event_is_refused_and_the_next_one_is_heard(there):
    source = await there.source(exchange="other", topic="t", max_bytes=1000)
    workflow, kind = await there.workflow(), name()
    await there.trigger(workflow, kind, exchange="other")

    await there.bus.publish("mistral.triggers.other.t", b"no json")
    await there.publish(kind, "x" * 2000, subject="other.t")
    await there.publish(kind, "fits", subject="other.t")

    async def counted():
        found = await there.got(f"event_sources/{source['name']}")
        return found if found["refused"] == 2 and found["received"] == 1 else None

    assert "1000" in (await there.until(counted))["last_error"]

    async def started():
        return len(await there.executions(workflow)) == 1

    await there.until(started)


async def test_a_source_that_is_disabled_keeps_what_comes_until_it_is_enabled(there):
    source = await there.source(exchange="later", topic="t")
    workflow, kind = await there.workflow(), name()
    await there.trigger(workflow, kind, exchange="later")
    await there.event(await there.publish(kind, subject="later.t"))

    changed = await there.rest.put(f"/v2/event_sources/{source['name']}", json={"enabled": False})
    assert changed.json()["enabled"] is False
    await asyncio.sleep(3)
    sent = await there.publish(kind, subject="later.t")
    await there.rest.put(f"/v2/event_sources/{source['name']}", json={"enabled": True})

    await there.event(sent)
    assert len(await there.executions(workflow)) == 2


class LosesAnswers:
    """The engine behind a network that loses its first answers: it has done what it was asked, and nobody hears."""

    def __init__(self, stub, lost: int) -> None:
        self._stub = stub
        self.left = lost

    async def StartExecutions(self, request, timeout):  # noqa: ASYNC109 (as the stub has it)
        answer = await self._stub.StartExecutions(request, timeout=timeout)
        if self.left:
            self.left -= 1
            raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata())
        return answer


async def test_what_was_started_and_not_written_down_is_not_started_again(there):
    await there.stop_scheduler()
    workflow, kind = await there.workflow(), name()
    trigger = await there.trigger(workflow, kind, exchange="by.hand", topic="t")
    fired = {"event": kind, "exchange": "by.hand", "topic": "t"}
    events = [await there.made("received_events", json=fired) for _ in range(5)]

    async with grpc.aio.insecure_channel(there.environ["MISTRAL_ENGINE_ADDRESSES"]) as channel:
        engine = LosesAnswers(EngineServiceStub(channel), lost=2)
        first, second = Reacting(there.pool, engine), Reacting(there.pool, engine)
        for _ in range(2):
            with pytest.raises(grpc.aio.AioRpcError):
                await first.react()
        # Two schedulers at the same events.
        looked = await asyncio.gather(first.react(), second.react())

    assert sum(looked) == 5
    assert len(await there.executions(workflow)) == 5
    for event in events:
        assert (await there.verdicts(event))[trigger["id"]]["verdict"] == "FIRED"
    assert (await there.got(f"event_triggers/{trigger['id']}"))["fired"] == 5
    await there.start_scheduler()


async def test_what_is_old_or_too_much_is_forgotten(there):
    kind = name()
    fired = {"event": kind, "exchange": "by.hand", "topic": "t"}
    events = [await there.made("received_events", json={**fired, "id": f"{kind}/{n}"}) for n in range(4)]
    for event in events:
        await there.event(event["event_id"])

    async def left():
        return {one["event_id"] for one in (await there.got("received_events", event=kind))["received_events"]}

    await forget_once(there.pool, EventSettings(keep_count=1))
    # The second one of the same is known for ten minutes at least, however many there are.
    assert len(await left()) == 4
    await there.pool.execute(
        "UPDATE received_event SET created_at = now() - interval '1 hour' WHERE event = $1 AND event_id <> $2",
        kind,
        f"{kind}/3",
    )
    await forget_once(there.pool, EventSettings(keep_count=1))
    assert await left() == {f"{kind}/3"}


async def test_event_definitions_of_an_administrator_say_what_workflows_get(there, tmp_path):
    definitions = tmp_path / "definitions.yaml"
    definitions.write_text(
        "- event_types: compute.instance.*\n  properties:\n    resource_id: <% $.payload.instance_id %>\n"
        "- event_types: [compute.instance.update]\n  properties:\n    service: nova\n"
    )
    await there.stop_scheduler()
    await there.start_scheduler(MISTRAL_EVENT_DEFINITIONS_FILE=str(definitions))
    workflow = await there.workflow()
    await there.trigger(workflow, "compute.instance.*", matching="glob")

    await there.event(await there.publish("compute.instance.create.end", {"instance_id": "vm1"}))
    await there.event(await there.publish("compute.instance.update", {"instance_id": "vm2"}))

    found = [json.loads(one["params"])["event_params"] for one in await there.executions(workflow)]
    assert sorted(one.get("resource_id", "") for one in found) == ["", "vm1"]
    assert {one["service"] for one in found} == {"", "nova"}


async def test_what_cannot_be_sent_is_the_reason_and_keeps_nobody_from_firing(there):
    workflow, kind = await there.workflow(), name()
    broken = await there.trigger(workflow, kind, input_mapping={"who": "{{ 'x' * 2000000 }}"})
    await there.trigger(await there.workflow(), kind)

    event = await there.event(await there.publish(kind, {"n": 1}))

    found = (await there.verdicts(event))[broken["id"]]
    assert found["verdict"] == "EXPRESSION_FAILED"
    assert "1048576" in found["reason"]
    assert event["fired"] == 1
