"""Logical names of events, events made by hand, and triggers in the text of a workflow."""

import json
from uuid import uuid4

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


def name() -> str:
    return f"t.{uuid4().hex[:10]}"


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
    (verdict,) = (await there.verdicts(last)).values()
    assert verdict["verdict"] == "CHAIN_TOO_LONG"


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
