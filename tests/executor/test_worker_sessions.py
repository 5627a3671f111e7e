"""Workers over the stream: given what they offer, within their credits, and told when what they did is safe."""

import json
from typing import Any

import grpc
import pytest

from mistral.v1 import worker_pb2

DEFAULT = "<default-project>"


async def test_a_run_goes_to_a_worker_and_its_result_to_the_engine(workers: Any) -> None:
    async with workers.connected("greet", credits=1) as worker:
        task = await workers.give("greet", {"name": "Ada"})
        [assignment] = await worker.assigned()
        assert json.loads(assignment.input) == {"name": "Ada"}
        assert assignment.action_execution_id == assignment.idempotency_key == task.action_id
        await worker.ack(assignment.token)
        await worker.succeed(assignment.token, "Hello, Ada")
        assert await workers.result(task) == ("SUCCESS", "Hello, Ada")
        await worker.until(lambda: worker.recorded == [assignment.token])


async def test_no_more_is_assigned_than_was_asked_for(workers: Any) -> None:
    async with workers.connected("count", credits=2) as worker:
        tasks = [await workers.give("count", {"n": n}) for n in range(5)]
        await worker.assigned(2)
        for done in range(5):
            await worker.assigned(done + 1)
            await worker.succeed(worker.assignments[done].token, done)
            await workers.result(tasks[json.loads(worker.assignments[done].input)["n"]])
            assert len(worker.assignments) <= 2 + done
            await worker.credit(1)


async def test_the_first_message_must_be_a_hello(workers: Any) -> None:
    assert await workers.first_words(credits={"more": 1}) is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_second_hello_ends_the_session(workers: Any) -> None:
    async with workers.connected("work") as worker:
        await worker.say(hello={"worker": worker.worker})
        await worker.until(lambda: worker.over)
        assert worker.error.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"id": ""}, "worker.id"),
        ({"instance": ""}, "worker.instance"),
        ({"id": "x" * 256}, "worker.id"),
        ({"queues": [""]}, "worker.queues[0]"),
        ({"actions": [{"name": "std.echo"}]}, "worker.actions[0].name"),
        ({"actions": [{"name": "a"}, {"name": "a"}]}, "worker.actions[1].name"),
        ({"actions": [{"name": "a", "input_schema": '{"type": 1}'}]}, "worker.actions[0].input_schema"),
        ({"actions": [{"name": "a", "input_schema": '{"$ref": "http://x/"}'}]}, "worker.actions[0].input_schema"),
        ({"actions": [{"name": "a", "concurrency": -1}]}, "worker.actions[0].concurrency"),
    ],
)
async def test_a_worker_that_cannot_be_is_told_which_field_is_wrong(
    workers: Any, fields: dict[str, Any], named: str
) -> None:
    worker = workers.described("work")
    whole = {"id": "w", "instance": "i", **fields}
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        async with workers.back(worker_pb2.WorkerDescription(**whole)):
            pass
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert named.encode() in b"".join(
        value if isinstance(value, bytes) else value.encode() for _, value in refused.value.trailing_metadata()
    )
    assert worker


async def test_input_that_does_not_fit_the_schema_never_reaches_a_worker(workers: Any) -> None:
    schema = json.dumps({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})
    offer = worker_pb2.ActionOffer(name="count", input_schema=schema)
    async with workers.connected(offer, credits=1) as worker:
        outcome, said = await workers.result(await workers.give("count", {"n": "secret"}))
        assert outcome == "REFUSED"
        assert "n:" in said
        assert "integer" in said
        assert "secret" not in said
        assert not worker.assignments
        good = await workers.give("count", {"n": 1})
        [assignment] = await worker.assigned()
        await worker.succeed(assignment.token, 1)
        assert await workers.result(good) == ("SUCCESS", 1)


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        ({"message": "no"}, "no"),
        ({"message": "no", "type": "Refused"}, {"type": "Refused", "message": "no"}),
        ({"details": b'{"code": 5}', "message": ""}, {"details": {"code": 5}}),
    ],
)
async def test_a_failure_becomes_the_error_of_the_action(workers: Any, failure: dict[str, Any], error: Any) -> None:
    async with workers.connected("work", credits=1) as worker:
        task = await workers.give("work")
        [assignment] = await worker.assigned()
        await worker.end(workers.client.failure(assignment.token, permanent=True, **failure))
        assert await workers.result(task) == ("ERROR", error)
        result = workers.engine.results[task.action_id, 1]
        assert result.permanent
        assert result.worker == worker.worker.id


@pytest.mark.parametrize("output", [b"{", b'"\xff"', b"NaN", b"1 2"])
async def test_a_result_that_is_no_json_fails_the_run(workers: Any, output: bytes) -> None:
    async with workers.connected("work", credits=1) as worker:
        task = await workers.give("work")
        [assignment] = await worker.assigned()
        bad = worker_pb2.AssignmentResult(token=assignment.token, success={"output": output})
        await worker.end(bad)
        outcome, said = await workers.result(task)
        assert outcome == "ERROR"
        assert "not JSON" in said
        await worker.until(lambda: worker.rejections)
        assert worker.rejections[assignment.token] == worker_pb2.REJECTION_REASON_BAD_RESULT


async def test_a_result_beyond_the_limit_fails_the_run(workers: Any) -> None:
    async with workers.connected("work", credits=1) as worker:
        task = await workers.give("work")
        [assignment] = await worker.assigned()
        await worker.succeed(assignment.token, "x" * worker.welcome.terms.largest_payload_bytes)
        outcome, said = await workers.result(task)
        assert (outcome, "limit" in said) == ("ERROR", True)


async def test_integers_of_any_size_pass_untouched(workers: Any) -> None:
    large = 1234567890123456789012345678901234567890
    async with workers.connected("work", credits=1) as worker:
        task = await workers.give("work", {"n": large})
        [assignment] = await worker.assigned()
        assert json.loads(assignment.input) == {"n": large}
        await worker.succeed(assignment.token, large)
        assert await workers.result(task) == ("SUCCESS", large)


async def test_a_deferred_run_is_completed_later_with_the_same_token(workers: Any) -> None:
    async with workers.connected("work", credits=1) as worker:
        task = await workers.give("work")
        [assignment] = await worker.assigned()
        await worker.end(worker_pb2.AssignmentResult(token=assignment.token, deferral={}))
        assert (await workers.result(task))[0] == "DEFERRED"
        await worker.until(lambda: worker.recorded == [assignment.token])
        workers.engine.results.clear()
        await worker.succeed(assignment.token, "later")
        assert await workers.result(task) == ("SUCCESS", "later")


async def test_a_worker_that_drains_gets_nothing_further_and_may_still_end_what_it_has(workers: Any) -> None:
    async with workers.connected("work", credits=5) as worker:
        first = await workers.give("work")
        [assignment] = await worker.assigned()
        await worker.drain()
        await workers.settled()
        second = await workers.give("work")
        await workers.settled()
        await worker.succeed(assignment.token)
        assert await workers.result(first) == ("SUCCESS", None)
        assert len(worker.assignments) == 1
    async with workers.connected("work", credits=1) as other:
        [assignment] = await other.assigned()
        assert assignment.action_execution_id == second.action_id


async def test_the_urgent_goes_first(workers: Any) -> None:
    async with workers.connected("work") as worker:
        low = [await workers.give("work", priority="low") for _ in range(3)]
        high = [await workers.give("work", priority="high") for _ in range(3)]
        await workers.held(low[0])
        await workers.held(high[0])
        await worker.credit(1)
        [first] = await worker.assigned()
        assert first.action_execution_id == high[0].action_id


async def test_a_limit_of_the_offer_holds_runs_back(workers: Any) -> None:
    offer = worker_pb2.ActionOffer(name="work", concurrency=1)
    async with workers.connected(offer, credits=5) as worker:
        for _ in range(3):
            await workers.give("work")
        for done in range(3):
            await worker.assigned(done + 1)
            await workers.settled()
            assert len(worker.assignments) == done + 1
            await worker.succeed(worker.assignments[done].token)


async def test_runs_of_a_namespace_go_to_workers_of_it(workers: Any) -> None:
    async with workers.connected("work", namespaces=["blue"], credits=5) as blue:
        async with workers.connected("work", credits=5) as any_:
            for _ in range(3):
                await workers.give("work", namespace="red")
            await any_.assigned(3)
        task = await workers.give("work", namespace="blue")
        [assignment] = await blue.assigned()
        assert assignment.action_execution_id == task.action_id
        assert assignment.workflow_namespace == "blue"


async def test_a_pool_with_labels_is_served_by_workers_that_have_them(workers: Any) -> None:
    pool = workers.pool("work", labels=(("gpu", "yes"),))
    async with (
        workers.connected("work", credits=5) as plain,
        workers.connected("work", labels={"gpu": "yes", "zone": "a"}, credits=5) as gpu,
    ):
        workers.want(pool)
        task = await workers.give("work", pool=pool)
        [assignment] = await gpu.assigned()
        await gpu.succeed(assignment.token)
        assert await workers.result(task) == ("SUCCESS", None)
        assert not plain.assignments


async def test_a_pool_with_a_concurrency_has_no_more_at_once(workers: Any) -> None:
    pool = workers.pool("work", limit_key="db", concurrency=2)
    async with workers.connected("work", credits=10) as worker:
        workers.want(pool)
        for _ in range(5):
            await workers.give("work", pool=pool)
        await worker.assigned(2)
        await workers.settled()
        assert len(worker.assignments) == 2
        await worker.succeed(worker.assignments[0].token)
        await worker.assigned(3)
        await workers.settled()
        assert len(worker.assignments) == 3


async def test_a_run_goes_back_to_the_worker_it_is_sticky_to(workers: Any) -> None:
    async with workers.connected("work", credits=20) as one, workers.connected("work", credits=20):
        for _ in range(10):
            await workers.give("work", sticky_worker=one.worker.id)
        assert len(await one.assigned(10)) == 10


async def test_a_run_that_nobody_began_in_time_is_not_given_out(workers: Any) -> None:
    async with workers.connected("work", credits=1) as worker:
        task = await workers.give("work", begin_by_micros=1)
        assert (await workers.result(task))[0] == "ERROR"
        assert not worker.assignments
