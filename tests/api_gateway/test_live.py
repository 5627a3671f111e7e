"""Waiting for an execution and watching it: live over the bus, and without the bus a second later."""

import asyncio
import json
import time

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from mistral.v1 import execution_service_pb2 as service
from mistral.v1 import execution_service_pb2_grpc as service_grpc
from mistral.v1 import state_pb2
from mistral_api_gateway.live.hub import Hub
from mistral_api_gateway.live.watch import watch
from mistral_api_gateway.operations.store import Store
from mistral_persistence import history


@pytest.fixture
def stub(channel):
    return service_grpc.ExecutionServiceStub(channel)


def waiting(stub, execution_id, seconds=8):
    return asyncio.ensure_future(
        stub.GetExecution(service.GetExecutionRequest(id=execution_id, wait=Duration(seconds=seconds)))
    )


async def test_a_wait_ends_as_soon_as_the_execution_does(stub, rows, name, make_event, publish):
    found = await rows.execution(name)
    answers = [waiting(stub, found) for _ in range(20)]
    await asyncio.sleep(0.3)

    await rows.finish(found, "SUCCESS", {"r": 1})
    await publish(make_event(found, 3, "WORKFLOW_SUCCEEDED", "SUCCESS"))

    begun = time.monotonic()
    for answer in await asyncio.gather(*answers):
        assert answer.execution.state == state_pb2.STATE_SUCCESS
        assert json.loads(answer.execution.output) == {"r": 1}
    assert time.monotonic() - begun < 0.5


async def test_a_wait_ends_although_the_message_is_lost(stub, rows, name):
    found = await rows.execution(name)
    answer = waiting(stub, found)
    await asyncio.sleep(0.1)

    await rows.finish(found, "ERROR", {"result": "no"})

    async with asyncio.timeout(3):
        assert (await answer).execution.state == state_pb2.STATE_ERROR


async def test_a_wait_that_takes_too_long_answers_as_it_stands(stub, rows, name):
    found = await rows.execution(name)

    answer = await stub.GetExecution(service.GetExecutionRequest(id=found, wait=Duration(nanos=200_000_000)))

    assert answer.execution.state == state_pb2.STATE_RUNNING


async def test_a_watch_tells_the_past_and_then_the_present(stub, rows, name, make_event, publish):
    found = await rows.execution(name)
    await rows.history(found, [make_event(found, 1, "WORKFLOW_LAUNCHED", "RUNNING")])
    call = stub.WatchExecution(service.WatchExecutionRequest(id=found))

    first = (await call.read()).event
    await publish(make_event(found, 2, "TASK_LAUNCHED", "RUNNING", task_id="t-id", task_name="t", type="ACTION"))
    second = (await call.read()).event
    await publish(make_event(found, 3, "WORKFLOW_SUCCEEDED", "SUCCESS"))
    third = (await call.read()).event

    assert [(e.position, e.type) for e in (first, second, third)] == [
        (1, "WORKFLOW_LAUNCHED"),
        (2, "TASK_LAUNCHED"),
        (3, "WORKFLOW_SUCCEEDED"),
    ]
    assert (second.task_id, second.task_name, second.at.seconds > 0) == ("t-id", "t", True)
    assert await call.read() is grpc.aio.EOF


async def test_a_gap_is_filled_from_the_history(stub, rows, name, make_event, publish):
    found = await rows.execution(name)
    await rows.history(found, [make_event(found, 1, "WORKFLOW_LAUNCHED", "RUNNING")])
    call = stub.WatchExecution(service.WatchExecutionRequest(id=found))
    await call.read()

    lost = [make_event(found, n, "TASK_LAUNCHED", "RUNNING", task_id=str(n), task_name="t") for n in (2, 3)]
    await rows.history(found, [*lost, make_event(found, 4, "WORKFLOW_SUCCEEDED", "SUCCESS")])
    await publish(make_event(found, 4, "WORKFLOW_SUCCEEDED", "SUCCESS"))

    assert [(await call.read()).event.position for _ in range(3)] == [2, 3, 4]
    assert await call.read() is grpc.aio.EOF


async def test_a_watch_goes_on_although_every_message_is_lost(stub, rows, name, make_event):
    found = await rows.execution(name)
    await rows.history(found, [make_event(found, 1, "WORKFLOW_LAUNCHED", "RUNNING")])
    call = stub.WatchExecution(service.WatchExecutionRequest(id=found, after_position=1))
    await asyncio.sleep(0.2)

    await rows.finish(found, "SUCCESS", {})
    await rows.history(found, [make_event(found, 2, "WORKFLOW_SUCCEEDED", "SUCCESS")])

    async with asyncio.timeout(4):
        assert [response.event.position async for response in call] == [2]


async def test_a_watch_does_not_miss_an_end_that_comes_between_two_of_its_looks(pool, rows, name, make_event):
    found = await rows.execution(name)

    class Interrupted(Store):
        ended = False

        async def read(self, query, *args, **kwargs):
            answer = await super().read(query, *args, **kwargs)
            if query is history.after and not self.ended:
                self.ended = True
                await rows.finish(found, "SUCCESS", {})
                await rows.history(found, [make_event(found, 1, "WORKFLOW_SUCCEEDED", "SUCCESS")])
            return answer

    store = Interrupted(pool)
    async with asyncio.timeout(10):
        seen = [event async for event in watch(Hub(store), store, found, 0)]

    assert [event.position for event in seen if event] == [1]


async def test_a_watch_of_a_finished_execution_ends_after_the_last_event(stub, rows, name, make_event):
    found = await rows.execution(name, state="SUCCESS", output={})
    for position in range(1, 402):
        await rows.history(found, [make_event(found, position, "TASK_LAUNCHED", "RUNNING", task_id="x")])
    await rows.history(found, [make_event(found, 402, "WORKFLOW_SUCCEEDED", "SUCCESS")])

    whole = stub.WatchExecution(service.WatchExecutionRequest(id=found))
    rest_of_it = stub.WatchExecution(service.WatchExecutionRequest(id=found, after_position=402))

    assert [response.event.position async for response in whole] == list(range(1, 403))
    assert [response async for response in rest_of_it] == []


async def test_a_position_that_is_not_kept_any_more_is_out_of_range(stub, rest, rows, name, make_event):
    found = await rows.execution(name)
    await rows.history(found, [make_event(found, 5, "TASK_LAUNCHED", "RUNNING", task_id="x")])

    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stub.WatchExecution(service.WatchExecutionRequest(id=found, after_position=2)).read()

    assert raised.value.code() is grpc.StatusCode.OUT_OF_RANGE
    assert (await rest.get(f"/v2/executions/{found}/events?after=2")).status_code == 410


async def test_server_sent_events_go_on_after_the_last_id(rest, rows, name, make_event, publish):
    found = await rows.execution(name)
    await rows.history(found, [make_event(found, n, "TASK_LAUNCHED", "RUNNING", task_id="x") for n in (1, 2)])
    lines = []

    async with rest.stream("GET", f"/v2/executions/{found}/events", headers={"Last-Event-ID": "1"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            lines.append(line)
            if line == "id: 2":
                await publish(make_event(found, 3, "WORKFLOW_FAILED", "ERROR", state_info="no"))

    assert [line for line in lines if line.startswith("id:")] == ["id: 2", "id: 3"]
    assert "event: WORKFLOW_FAILED" in lines
    data = json.loads([line for line in lines if line.startswith("data:")][-1].removeprefix("data: "))
    assert (data["state"], data["state_info"], data["position"]) == ("ERROR", "no", 3)


async def test_a_message_that_is_not_ours_does_no_harm(stub, rows, name, bus, make_event, publish):
    found = await rows.execution(name)
    answer = waiting(stub, found)
    await asyncio.sleep(0.2)

    bus.send("mistral.events.p.execution", b"nonsense")
    bus.send("mistral.events.p.execution", b'[{"data": 1}]')
    await rows.finish(found, "CANCELLED", {})
    await publish(make_event(found, 2, "WORKFLOW_CANCELLED", "CANCELLED"))

    assert (await answer).execution.state == state_pb2.STATE_CANCELLED
