"""What people ask of executions over gRPC, and how it is refused."""

import json
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from mistral.internal.v1 import engine_service_pb2 as pb
from mistral.internal.v1 import envelope_pb2 as wire

FLOW = """
version: '2.0'
two:
  output: {v: <% $.v %>}
  tasks:
    first: {action: my.first x=1, on-success: second}
    second: {action: std.echo output=7, publish: {v: <% task().result %>}}
one:
  tasks:
    first: {action: my.first}
waiting:
  tasks:
    later: {wait-before: 3600, action: std.noop}
"""
CALLS = {
    "PauseExecution": lambda i: pb.PauseExecutionRequest(id=i),
    "ResumeExecution": lambda i: pb.ResumeExecutionRequest(id=i),
    "StopExecution": lambda i: pb.StopExecutionRequest(id=i, state="ERROR"),
    "UpdateExecution": lambda i: pb.UpdateExecutionRequest(id=i, description="d"),
    "DeleteExecution": lambda i: pb.DeleteExecutionRequest(id=i, force=True),
    "RerunTask": lambda i: pb.RerunTaskRequest(task_id=i),
    "SkipTask": lambda i: pb.SkipTaskRequest(task_id=i),
    "CompleteAction": lambda i: pb.CompleteActionRequest(action_id=i, state="SUCCESS"),
    "GetActionInput": lambda i: pb.GetActionInputRequest(action_id=i),
}


def holding(world: Any) -> Any:
    return lambda task, given: world.HOLD if task.action == "my.first" else given["output"]


async def refused(call: Any, code: grpc.StatusCode) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    assert raised.value.code() == code, raised.value
    return raised.value


async def state_of(world: Any, execution_id: str) -> str:
    return str(await world.pool.fetchval("SELECT state FROM execution WHERE id = $1", execution_id))


async def test_what_is_paused_goes_on_only_after_resume(world: Any) -> None:
    await world.define(FLOW)
    world.hands.answer = holding(world)
    engine = await world.engine()
    begun = await engine.start("two")
    task = (await world.hands.taken_of(begun.id, 1))[0]

    paused = await engine.stub.PauseExecution(pb.PauseExecutionRequest(id=begun.id))
    await world.hands.give(task)
    query = "SELECT state FROM task_execution WHERE execution_id = $1 AND name = 'first'"
    await world.until(lambda: world.pool.fetchval(query, begun.id), lambda state: state == "SUCCESS")

    assert paused.execution.state == await state_of(world, begun.id) == "PAUSED"
    assert await world.pool.fetchval("SELECT count(*) FROM task_execution") == 1
    resumed = await engine.stub.ResumeExecution(pb.ResumeExecutionRequest(id=begun.id, env=b'{"k": 1}'))
    assert (resumed.execution.state, json.loads(resumed.execution.params)["env"]) == ("RUNNING", {"k": 1})
    assert await world.ended(begun.id) == ("SUCCESS", {"v": 7})


async def test_stop_is_final_and_late_results_change_nothing(world: Any) -> None:
    await world.define(FLOW)
    world.hands.answer = holding(world)
    engine = await world.engine()
    for state in ("SUCCESS", "ERROR", "CANCELLED"):
        begun = await engine.start("one")
        task = (await world.hands.taken_of(begun.id, 1))[0]
        request = pb.StopExecutionRequest(id=begun.id, state=state, message="enough")
        assert (await engine.stub.StopExecution(request)).execution.state == state
        await engine.record(world.hands.result(task, 1))
        row = await world.end(begun.id)
        assert (row["state"], row["state_info"]) == (state, "enough")
    await refused(
        engine.stub.StopExecution(pb.StopExecutionRequest(id=begun.id, state="PAUSED")),
        grpc.StatusCode.INVALID_ARGUMENT,
    )


async def test_a_failed_task_can_be_run_again_or_passed_over(world: Any) -> None:
    def failing(task: wire.ActionTask, given: Any) -> Any:
        if task.action == "my.first":
            raise world.Failed("broken")
        return given["output"]

    await world.define(FLOW)
    world.hands.answer = failing
    engine = await world.engine()
    again, skipped = [await engine.start("two") for _ in range(2)]
    for begun in (again, skipped):
        assert (await world.end(begun.id))["state"] == "ERROR"
    ids = dict(await world.pool.fetch("SELECT execution_id::text, id::text FROM task_execution"))
    world.hands.answer = lambda task, given: (given or {}).get("output")

    rerun = await engine.stub.RerunTask(pb.RerunTaskRequest(task_id=ids[again.id], reset=True))
    await engine.stub.SkipTask(pb.SkipTaskRequest(task_id=ids[skipped.id]))

    assert rerun.execution.state == "RUNNING"
    assert await world.ended(again.id) == ("SUCCESS", {"v": 7})
    assert (await world.end(skipped.id))["state"] == "SUCCESS"
    await refused(
        engine.stub.RerunTask(pb.RerunTaskRequest(task_id=ids[again.id], reset=True)),
        grpc.StatusCode.FAILED_PRECONDITION,
    )


async def test_somebody_else_completes_an_asynchronous_action(world: Any) -> None:
    await world.define(FLOW)
    world.hands.answer = holding(world)
    engine = await world.engine()
    begun = await engine.start("two")
    task = (await world.hands.taken_of(begun.id, 1))[0]
    await engine.record(world.hands.result(task, None, wire.ACTION_OUTCOME_DEFERRED))

    given = await engine.stub.GetActionInput(pb.GetActionInputRequest(action_id=task.action_id))
    bad = [
        pb.CompleteActionRequest(action_id=task.action_id, state="SUCCESS", output=b'{"\xff'),
        pb.CompleteActionRequest(action_id=task.action_id, state="DELAYED"),
    ]
    for request in bad:
        await refused(engine.stub.CompleteAction(request), grpc.StatusCode.INVALID_ARGUMENT)
    done = pb.CompleteActionRequest(action_id=task.action_id, state="SUCCESS", output=b"[1]")
    await engine.stub.CompleteAction(done)

    assert json.loads(given.input) == {"x": 1}
    assert await world.ended(begun.id) == ("SUCCESS", {"v": 7})
    await refused(engine.stub.CompleteAction(done), grpc.StatusCode.FAILED_PRECONDITION)
    await refused(
        engine.stub.GetActionInput(pb.GetActionInputRequest(action_id=task.action_id)), grpc.StatusCode.NOT_FOUND
    )


async def test_deleting_takes_all_records_along_and_needs_force_while_running(world: Any) -> None:
    await world.define(FLOW)
    engine = await world.engine()
    begun = await engine.start("waiting")
    assert await world.pool.fetchval("SELECT count(*) FROM timer") == 1

    await refused(
        engine.stub.DeleteExecution(pb.DeleteExecutionRequest(id=begun.id)), grpc.StatusCode.PERMISSION_DENIED
    )
    await engine.stub.DeleteExecution(pb.DeleteExecutionRequest(id=begun.id, force=True))

    for table in ("execution", "task_record", "action_record", "timer", "execution_history"):
        assert await world.pool.fetchval(f"SELECT count(*) FROM {table}") == 0, table


async def test_what_does_not_exist_is_not_found_whatever_its_id_looks_like(world: Any) -> None:
    engine = await world.engine()
    for name, request in CALLS.items():
        for identity in (str(uuid4()), "nothing", "nu\0l", ""):
            await refused(getattr(engine.stub, name)(request(identity)), grpc.StatusCode.NOT_FOUND)
    await engine.record(wire.ActionResult(execution_id="nothing", action_id="x", task_id="y", attempt=1))


async def test_a_description_and_an_environment_can_be_changed(world: Any) -> None:
    await world.define(FLOW)
    engine = await world.engine()
    begun = await engine.start("waiting")
    update = engine.stub.UpdateExecution

    assert (await update(pb.UpdateExecutionRequest(id=begun.id, description="new"))).execution.description == "new"
    await refused(update(pb.UpdateExecutionRequest(id=begun.id, env=b"{}")), grpc.StatusCode.PERMISSION_DENIED)
    await engine.stub.PauseExecution(pb.PauseExecutionRequest(id=begun.id))
    changed = await update(pb.UpdateExecutionRequest(id=begun.id, env=b'{"a": 1}'))
    row = await world.pool.fetchrow("SELECT description, params FROM execution WHERE id = $1", begun.id)
    assert (row["description"], json.loads(row["params"])["env"]) == ("new", {"a": 1})
    assert changed.execution.description == "new"
    await refused(update(pb.UpdateExecutionRequest(id=begun.id, env=b"[]")), grpc.StatusCode.INVALID_ARGUMENT)


async def test_calls_beyond_what_may_wait_are_exhausted_with_a_delay(world: Any) -> None:
    await world.define(FLOW)
    engine = await world.engine(lanes=1, waiting=1)
    begun = await engine.start("waiting")
    async with world.pool.acquire() as connection, connection.transaction():
        # The commit waits for this row; meanwhile one more may wait, and no third.
        await connection.execute("SELECT FROM execution WHERE id = $1 FOR UPDATE", begun.id)
        update = pb.UpdateExecutionRequest(id=begun.id, description="held up")
        held = [engine.stub.UpdateExecution(update)]
        await world.until(lambda: engine.waiting_on_lock(world.pool), bool)
        held.append(engine.stub.UpdateExecution(update))
        await world.until(lambda: engine.waiting(), lambda count: count == 1)
        error = await refused(engine.stub.UpdateExecution(update), grpc.StatusCode.RESOURCE_EXHAUSTED)
    for call in held:
        assert (await call).execution.description == "held up"
    status = status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    retry = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(retry) for detail in status.details)
    assert retry.retry_delay.ToTimedelta().total_seconds() > 0
