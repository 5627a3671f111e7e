"""Events from elsewhere start workflows: matched, mapped, each once, and explained."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import grpc
import grpc.aio
import pytest
import pytest_asyncio

from mistral.internal.v1.engine_service_pb2_grpc import EngineServiceStub
from mistral_scheduler.events.forgetting import forget_once
from mistral_scheduler.events.reacting import Reacting
from mistral_scheduler.events.settings import EventSettings
from tests.scheduler.event_world import WAITING, World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def there(database: str, nats: str) -> AsyncIterator[World]:
    async with world(database, nats) as found:
        await found.start_scheduler()
        await found.source()
        yield found


def name() -> str:
    return f"t.{uuid4().hex[:10]}"


async def verdicts(there: World, event: dict, **params) -> dict[str, dict]:
    found = await there.got(f"received_events/{event['id']}/explanation", **params)
    return {one["trigger_id"]: one for one in found["verdicts"]}


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
    assert (await verdicts(there, event))[trigger["id"]]["execution_id"] == execution["id"]
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
    assert (await verdicts(there, calm))[trigger["id"]]["verdict"] == "CONDITION_FALSE"
    assert (await verdicts(there, hot))[trigger["id"]]["verdict"] == "FIRED"
    failed = (await verdicts(there, odd))[trigger["id"]]
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
    assert (await verdicts(there, event))[endless["id"]]["verdict"] == "EXPRESSION_FAILED"


async def test_types_are_compared_as_they_are_unless_a_glob_is_asked_for(there):
    workflow, kind = await there.workflow(), name()
    exact = await there.trigger(workflow, f"{kind}.*")
    glob = await there.trigger(workflow, f"{kind}.*", matching="glob", topic="*")

    event = await there.event(await there.publish(f"{kind}.end"))

    found = await verdicts(there, event, all="true")
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

    found = await verdicts(there, event)

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

    refused = (await verdicts(there, event))[trigger["id"]]
    assert refused["verdict"] == "REFUSED"
    assert "no_such_environment" in refused["reason"]
    assert (await there.got(f"event_triggers/{trigger['id']}"))["refused"] == 1


async def test_a_logical_name_stands_for_what_its_binding_says_now(there):
    workflow, kind, condition = await there.workflow(), name(), f"domain is down {uuid4().hex[:6]}"
    await there.made(
        "event_triggers",
        json={"exchange": "mistral", "topic": "named", "event": condition, "workflow_id": workflow["id"],
              "input_mapping": {"who": "<% $.payload.domain %>"}},
    )  # fmt: skip
    binding = {"exchange": "test", "topic": "t", "event": kind, "condition": "<% $.payload.state = down %>"}
    await there.made(
        "event_bindings", json={"name": condition, **binding, "mapping": {"domain": "<% $.payload.host %>"}}
    )

    await there.event(await there.publish(kind, {"host": "a.example", "state": "up"}))
    first = await there.event(await there.publish(kind, {"host": "b.example", "state": "down"}))
    moved = {"event": f"{kind}.new", "condition": "", "mapping": {"domain": "<% $.payload.name %>"}}
    assert (await there.rest.put(f"/v2/event_bindings/{condition}", json=moved)).status_code == 200
    await there.event(await there.publish(kind, {"host": "c.example", "state": "down"}))
    await there.event(await there.publish(f"{kind}.new", {"name": "d.example"}))

    async def both():
        found = await there.executions(workflow)
        return found if len(found) == 2 else None

    started = await there.until(both)
    assert {json.loads(one["input"])["who"] for one in started} == {"b.example", "d.example"}
    made = (await there.got("received_events", cause_id=first["id"]))["received_events"]
    assert [(one["event"], one["depth"], one["source"]) for one in made] == [(condition, 1, "binding")]


async def test_an_event_may_be_made_by_hand_and_a_repeat_is_the_same(there):
    workflow, condition = await there.workflow(), f"disk is full {uuid4().hex[:6]}"
    await there.made(
        "event_triggers",
        json={"exchange": "mistral", "topic": "named", "event": condition, "workflow_id": workflow["id"]},
    )

    fired = {"event": condition, "payload": {"disk": "sda"}, "id": uuid4().hex}
    first = await there.made("received_events", json=fired)
    again = await there.made("received_events", json=fired)

    assert first["id"] == again["id"]
    await there.event(fired["id"])
    assert len(await there.executions(workflow)) == 1


async def test_a_chain_of_bindings_ends_somewhere(there):
    ring = f"ring {uuid4().hex[:8]}"
    await there.made("event_bindings", json={"name": ring, "exchange": "mistral", "topic": "named", "event": ring})

    await there.made("received_events", json={"event": ring})

    async def ended():
        found = (await there.got("received_events", event=ring))["received_events"]
        return found if len(found) == 9 and all(one["state"] == "DONE" for one in found) else None

    last = max(await there.until(ended), key=lambda one: one["depth"])
    (verdict,) = (await verdicts(there, last)).values()
    assert verdict["verdict"] == "CHAIN_TOO_LONG"


async def test_an_event_completes_the_task_that_waits_for_it(there):
    workflow, kind = await there.workflow(WAITING), name()
    trigger = await there.made(
        "event_triggers",
        json={
            **{"exchange": "test", "topic": "t", "event": kind, "reaction": "complete"},
            "correlation": {
                **{"task": "paid", "workflow": workflow["name"]},
                **{"key": "<% $.payload.order %>", "equals": "<% $.execution_input.order %>"},
                "result": "<% $.payload.sum %>",
            },
        },
    )
    ids = {}
    for order in ("a", "b"):
        started = {"workflow_id": workflow["id"], "input": {"order": order}}
        ids[order] = (await there.made("executions", json=started))["id"]

    async def waits():
        found = await there.got("action_executions", workflow_name=workflow["name"])
        return len(found["action_executions"]) == 2

    await there.until(waits)
    event = await there.event(await there.publish(kind, {"order": "b", "sum": 42}))
    lost = await there.event(await there.publish(kind, {"order": "z", "sum": 1}))

    async def over():
        found = await there.got(f"executions/{ids['b']}")
        return found if found["state"] == "SUCCESS" else None

    assert json.loads((await there.until(over))["output"]) == {"paid": 42}
    assert (await there.got(f"executions/{ids['a']}"))["state"] == "RUNNING"
    assert (await verdicts(there, event))[trigger["id"]]["execution_id"] == ids["b"]
    assert (await verdicts(there, lost))[trigger["id"]]["verdict"] == "NOTHING_WAITS"


async def test_an_event_waits_for_the_task_that_is_to_wait_for_it(there):
    workflow, kind = await there.workflow(WAITING), name()
    await there.made(
        "event_triggers",
        json={
            **{"exchange": "test", "topic": "t", "event": kind, "reaction": "complete"},
            "correlation": {"workflow": workflow["name"], "task": "paid", "wait_seconds": 60},
        },
    )
    sent = await there.publish(kind, "early")

    async def waiting():
        listed = (await there.got("received_events", event_id=sent))["received_events"]
        return listed and listed[0]["state"] == "WAITING"

    await there.until(waiting)
    started = await there.made("executions", json={"workflow_id": workflow["id"], "input": {"order": "a"}})

    async def over():
        found = await there.got(f"executions/{started['id']}")
        return found["state"] == "SUCCESS"

    await there.until(over)
    assert (await there.event(sent))["fired"] == 1


async def test_an_event_resumes_the_execution_that_it_names(there):
    workflow, kind = await there.workflow(WAITING), name()
    await there.made(
        "event_triggers",
        json={
            **{"exchange": "test", "topic": "t", "event": kind, "reaction": "resume"},
            "correlation": {"execution_id": "<% $.payload.execution %>"},
        },
    )
    execution = await there.made("executions", json={"workflow_id": workflow["id"], "input": {"order": "a"}})
    paused = await there.rest.put(f"/v2/executions/{execution['id']}", json={"state": "PAUSED"})
    assert paused.status_code == 200

    await there.event(await there.publish(kind, {"execution": execution["id"]}))

    assert (await there.got(f"executions/{execution['id']}"))["state"] == "RUNNING"


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
        assert (await verdicts(there, event))[trigger["id"]]["verdict"] == "FIRED"
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


DECLARING = """
version: '2.0'
{name}:
  input: [who, n: 0]
  triggers:
    down:
      event: {condition}
      input:
        who: <% $.payload.domain %>
    created:
      event:
        exchange: test
        topic: t
        type: {kind}.*
        matching: glob
        condition: <% $.payload.size > 1 %>
      input: {{who: created}}
  tasks:
    t: {{action: std.noop}}
"""


async def test_triggers_for_events_live_with_the_text_that_declares_them(there):
    kind, condition = name(), f"down {uuid4().hex[:8]}"

    async def sent(method: str, text: str) -> dict:
        answer = await there.rest.request(method, "/v2/workflows", content=text.format(**names))
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json()["workflows"][0])

    names = {"name": f"w{uuid4().hex[:10]}", "kind": kind, "condition": condition}
    workflow = await sent("POST", DECLARING)
    before = (await there.got("event_triggers", workflow_id=workflow["id"]))["event_triggers"]
    await there.made("received_events", json={"event": condition, "payload": {"domain": "a.example"}})
    await there.event(await there.publish(f"{kind}.end", {"size": 2}))
    await there.event(await there.publish(f"{kind}.end", {"size": 1}))

    async def two():
        return len(await there.executions(workflow)) == 2

    await there.until(two)
    assert {json.loads(one["input"])["who"] for one in await there.executions(workflow)} == {"a.example", "created"}
    assert {one["declared_name"] for one in before} == {"down", "created"}
    refused = await there.rest.delete(f"/v2/event_triggers/{before[0]['id']}")
    assert refused.status_code == 400
    assert "declares" in refused.text

    await sent("PUT", DECLARING.replace("size > 1", "size > 5").replace("    down:", "    other:"))
    after = (await there.got("event_triggers", workflow_id=workflow["id"]))["event_triggers"]
    kept = {one["declared_name"]: one["id"] for one in before}
    assert {one["declared_name"] for one in after} == {"other", "created"}
    (changed,) = [one for one in after if one["declared_name"] == "created"]
    assert (changed["id"], changed["condition"], changed["fired"]) == (kept["created"], "<% $.payload.size > 5 %>", 1)

    assert (await there.rest.delete(f"/v2/workflows/{workflow['id']}")).status_code == 204
    assert (await there.got("event_triggers", declared_by=workflow["id"]))["event_triggers"] == []


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("{type: a}", "exchange"),
        ("{name: a, topic: t}", "logical name"),
        ("{name: a, condition: always}", "condition"),
        ("{name: a, nonsense: 1}", "nonsense"),
        ("{exchange: x, topic: t, type: a, matching: some}", "matching"),
    ],
)
async def test_a_text_whose_event_trigger_cannot_be_is_refused(there, event, said):
    text = f"version: '2.0'\nw:\n  triggers:\n    e:\n      event: {event}\n  tasks:\n    t: {{action: std.noop}}\n"

    answer = await there.rest.post("/v2/workflows", content=text)

    assert answer.status_code == 400
    assert said in answer.text
