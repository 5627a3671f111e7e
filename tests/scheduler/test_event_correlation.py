"""Events wake up what waits for them."""

import json
from uuid import uuid4

import pytest

from tests.scheduler.event_world import WAITING

pytestmark = pytest.mark.asyncio(loop_scope="module")


def name() -> str:
    return f"t.{uuid4().hex[:10]}"


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
    assert (await there.verdicts(event))[trigger["id"]]["execution_id"] == ids["b"]
    assert (await there.verdicts(lost))[trigger["id"]]["verdict"] == "NOTHING_WAITS"


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
