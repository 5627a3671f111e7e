"""Workers without a stream: long polls, and calls that end and keep runs."""

import asyncio
import json
from typing import Any

import grpc
import grpc.aio
import pytest

from mistral.v1 import worker_pb2
from mistral.v1 import worker_service_pb2 as pb2
from mistral.v1.worker_service_pb2_grpc import WorkerServiceStub


@pytest.fixture
async def stub(workers: Any) -> Any:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{workers.port}") as channel:
        yield WorkerServiceStub(channel)


async def test_a_run_is_taken_kept_and_ended_by_calls(workers: Any, stub: Any) -> None:
    taken = await stub.PollAssignments(pb2.PollAssignmentsRequest(worker=workers.described("work"), wait={}))
    assert not taken.assignments
    task = await workers.give("work", {"n": 1})
    taken = await stub.PollAssignments(pb2.PollAssignmentsRequest(session=taken.session, limit=5, wait={"seconds": 20}))
    [assignment] = taken.assignments
    assert json.loads(assignment.input) == {"n": 1}
    for _ in range(6):
        await asyncio.sleep(0.4)
        heard = await stub.HeartbeatAssignments(pb2.HeartbeatAssignmentsRequest(tokens=[assignment.token]))
        assert not heard.rejections
    result = workers.client.success(assignment.token, 2)
    ended = await stub.CompleteAssignments(pb2.CompleteAssignmentsRequest(results=[result]))
    assert list(ended.recorded) == [assignment.token]
    assert await workers.result(task) == ("SUCCESS", 2)
    again = await stub.CompleteAssignments(pb2.CompleteAssignmentsRequest(results=[result]))
    assert list(again.recorded) == [assignment.token]
    assert workers.engine.counts[task.action_id, 1] == 1


async def test_a_poll_waits_until_something_comes(workers: Any, stub: Any) -> None:
    polling = asyncio.ensure_future(
        stub.PollAssignments(pb2.PollAssignmentsRequest(worker=workers.described("work"), wait={"seconds": 20}))
    )
    task = await workers.give("work")
    assert (await polling).assignments[0].action_execution_id == task.action_id


async def test_what_a_caller_that_is_gone_did_not_get_is_given_out_again(workers: Any, stub: Any) -> None:
    call = stub.PollAssignments(pb2.PollAssignmentsRequest(worker=workers.described("work"), wait={"seconds": 20}))
    await workers.settled()
    call.cancel()
    await workers.settled()
    task = await workers.give("work")
    async with workers.connected("work", credits=1) as other:
        [assignment] = await other.assigned()
        assert assignment.action_execution_id == task.action_id


async def test_a_run_that_is_not_kept_is_lost(workers: Any, stub: Any) -> None:
    task = await workers.give("work")
    taken = await stub.PollAssignments(
        pb2.PollAssignmentsRequest(worker=workers.described("work"), wait={"seconds": 20})
    )
    assert (await workers.result(task))[0] == "LOST"
    token = taken.assignments[0].token
    heard = await stub.HeartbeatAssignments(pb2.HeartbeatAssignmentsRequest(tokens=[token]))
    assert heard.rejections[0].reason == worker_pb2.REJECTION_REASON_LEASE_LOST


async def test_a_deferred_run_is_completed_by_a_call(workers: Any, stub: Any) -> None:
    task = await workers.give("work")
    taken = await stub.PollAssignments(
        pb2.PollAssignmentsRequest(worker=workers.described("work"), wait={"seconds": 20})
    )
    token = taken.assignments[0].token
    deferral = worker_pb2.AssignmentResult(token=token, deferral={})
    await stub.CompleteAssignments(pb2.CompleteAssignmentsRequest(results=[deferral]))
    assert (await workers.result(task))[0] == "DEFERRED"
    workers.engine.results.clear()
    result = workers.client.success(token, "later")
    ended = await stub.CompleteAssignments(pb2.CompleteAssignmentsRequest(results=[result]))
    assert list(ended.recorded) == [token]
    assert await workers.result(task) == ("SUCCESS", "later")


async def test_a_cancelled_run_is_told_with_the_next_heartbeat(workers: Any, stub: Any) -> None:
    task = await workers.give("work")
    taken = await stub.PollAssignments(
        pb2.PollAssignmentsRequest(worker=workers.described("work"), wait={"seconds": 20})
    )
    workers.cancel(task)
    await workers.settled()
    token = taken.assignments[0].token
    heard = await stub.HeartbeatAssignments(pb2.HeartbeatAssignmentsRequest(tokens=[token]))
    assert [cancel.token for cancel in heard.cancels] == [token]
    assert (await workers.result(task))[0] == "CANCELLED"


@pytest.mark.parametrize(
    "request_",
    [
        pb2.PollAssignmentsRequest(session="none", wait={}),
        pb2.PollAssignmentsRequest(worker={"id": "w", "instance": "i"}, limit=-1),
        pb2.PollAssignmentsRequest(worker={"id": "w", "instance": "i"}, limit=1001),
        pb2.PollAssignmentsRequest(worker={"id": "w", "instance": "i"}, wait={"seconds": 61}),
        pb2.PollAssignmentsRequest(),
    ],
)
async def test_a_poll_that_cannot_be_is_refused(stub: Any, request_: pb2.PollAssignmentsRequest) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.PollAssignments(request_)
    wanted = grpc.StatusCode.NOT_FOUND if request_.session else grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.code() is wanted


async def test_workers_are_listed_with_what_they_have(workers: Any, stub: Any) -> None:
    async with workers.connected("work", credits=3, labels={"a": "b"}) as worker:
        task = await workers.give("work")
        await worker.assigned()
        listed = (await stub.ListWorkers(pb2.ListWorkersRequest(action=workers.named("work")))).workers
        [one] = listed
        assert one.description == worker.worker
        assert (one.running, one.credits, one.transport) == (1, 2, "stream")
        assert list(one.action_execution_ids) == [task.action_id]
        assert (await stub.GetWorker(pb2.GetWorkerRequest(id=worker.worker.id))).worker == one
        other = (("mistral-project", "other"),)
        assert not (await stub.ListWorkers(pb2.ListWorkersRequest(), metadata=other)).workers
