"""Leases of workers: what a break, a restart or silence does to runs, and what the old token is worth after."""

import asyncio
from typing import Any

import grpc

from mistral.v1 import worker_pb2

LOST = worker_pb2.REJECTION_REASON_LEASE_LOST
CLOSED = worker_pb2.REJECTION_REASON_CLOSED


async def test_a_worker_that_comes_back_goes_on_with_what_it_holds(workers: Any) -> None:
    async with workers.connected("work", credits=1) as worker:
        task = await workers.give("work")
        [assignment] = await worker.assigned()
        await worker.ack(assignment.token)
    async with workers.back(worker.worker, held={assignment.token: False}) as again:
        assert list(again.welcome.resumed) == [assignment.token]
        await again.succeed(assignment.token, 1)
        assert await workers.result(task) == ("SUCCESS", 1)
        await again.until(lambda: again.recorded == [assignment.token])


async def test_what_never_arrived_is_given_out_again_at_once(workers: Any) -> None:
    async with workers.connected("work", credits=1) as worker:
        task = await workers.give("work")
        [assignment] = await worker.assigned()
    async with workers.back(worker.worker, credits=1) as again:
        [second] = await again.assigned(seconds=1.0)
        assert second.action_execution_id == assignment.action_execution_id
        assert second.token != assignment.token
        await again.succeed(second.token)
        assert await workers.result(task) == ("SUCCESS", None)


async def test_what_was_acked_and_is_not_held_any_more_is_lost(workers: Any) -> None:
    async with workers.connected("work", credits=1) as worker:
        task = await workers.give("work")
        [assignment] = await worker.assigned()
        await worker.ack(assignment.token)
        await worker.heartbeat(assignment.token)
        await asyncio.sleep(0.1)
    async with workers.back(worker.worker):
        assert (await workers.result(task))[0] == "LOST"


async def test_a_lease_that_runs_out_gives_a_safe_run_to_another_worker(workers: Any) -> None:
    async with workers.connected("work", credits=1) as silent:
        task = await workers.give("work", safe_rerun=True)
        [first] = await silent.assigned()
        await silent.ack(first.token)
        async with workers.connected("work", credits=1) as other:
            [second] = await other.assigned()
            await other.succeed(second.token, "other")
            assert await workers.result(task) == ("SUCCESS", "other")
            await silent.succeed(first.token, "silent")
            await silent.until(lambda: silent.rejections)
            assert silent.rejections == {first.token: LOST}
    assert workers.engine.counts[task.action_id, 1] == 1


async def test_a_lease_that_runs_out_fails_a_run_that_must_not_run_twice(workers: Any) -> None:
    async with workers.connected("work", credits=1) as silent, workers.connected("work", credits=1) as other:
        task = await workers.give("work")
        assert (await workers.result(task))[0] == "LOST"
        assert len(silent.assignments + other.assignments) == 1


async def test_heartbeats_keep_a_lease_for_as_long_as_it_takes(workers: Any) -> None:
    async with workers.connected("work", credits=1) as worker:
        task = await workers.give("work")
        [assignment] = await worker.assigned()
        await worker.ack(assignment.token)
        for _ in range(7):
            await asyncio.sleep(0.5)
            await worker.heartbeat(assignment.token)
        await worker.succeed(assignment.token, "slow")
        assert await workers.result(task) == ("SUCCESS", "slow")


async def test_a_new_instance_takes_over_and_the_old_stream_ends(workers: Any) -> None:
    async with workers.connected("work", credits=1) as old:
        task = await workers.give("work", safe_rerun=True)
        [first] = await old.assigned()
        await old.ack(first.token)
        fresh = worker_pb2.WorkerDescription()
        fresh.CopyFrom(old.worker)
        fresh.instance = "fresh"
        async with workers.back(fresh, credits=1) as new:
            [second] = await new.assigned()
            assert second.action_execution_id == task.action_id
            await old.until(lambda: old.over)
            assert old.error.code() is grpc.StatusCode.ALREADY_EXISTS
            await new.succeed(second.token, "new")
            assert await workers.result(task) == ("SUCCESS", "new")


async def test_the_old_instance_cannot_come_back(workers: Any) -> None:
    async with workers.connected("work") as old:
        fresh = worker_pb2.WorkerDescription()
        fresh.CopyFrom(old.worker)
        fresh.instance = "fresh"
        async with workers.back(fresh):
            code = await workers.refused(old.worker)
    assert code is grpc.StatusCode.ALREADY_EXISTS


async def test_a_result_is_told_again_after_a_break(workers: Any) -> None:
    async with workers.connected("work", credits=1) as worker:
        task = await workers.give("work")
        [assignment] = await worker.assigned()
        await worker.succeed(assignment.token, "once")
        assert await workers.result(task) == ("SUCCESS", "once")
    async with workers.back(worker.worker, held={assignment.token: True}) as again:
        await again.succeed(assignment.token, "once")
        await again.until(lambda: again.recorded == [assignment.token])
    assert workers.engine.counts[task.action_id, 1] == 1


async def test_a_made_up_token_is_unknown(workers: Any) -> None:
    async with workers.connected("work") as worker:
        await worker.succeed("executor-test.bm90aGluZw", 1)
        await worker.until(lambda: worker.rejections)
        assert list(worker.rejections.values()) == [worker_pb2.REJECTION_REASON_UNKNOWN_TOKEN]


async def test_a_token_of_another_project_is_unknown(workers: Any) -> None:
    async with workers.connected("work", credits=1) as worker:
        task = await workers.give("work")
        [assignment] = await worker.assigned()
        async with workers.connected("other", metadata=(("mistral-project", "elsewhere"),)) as thief:
            await thief.succeed(assignment.token, "stolen")
            await thief.until(lambda: thief.rejections)
            assert thief.rejections == {assignment.token: worker_pb2.REJECTION_REASON_UNKNOWN_TOKEN}
        await worker.succeed(assignment.token, "mine")
        assert await workers.result(task) == ("SUCCESS", "mine")


async def test_a_cancelled_run_is_cancelled_for_good_at_its_deadline(workers: Any) -> None:
    async with workers.connected("work", credits=1) as worker:
        task = await workers.give("work")
        [assignment] = await worker.assigned()
        await worker.ack(assignment.token)
        workers.cancel(task)
        await worker.until(lambda: worker.cancels)
        assert worker.cancels[0].token == assignment.token
        for _ in range(5):
            await worker.heartbeat(assignment.token)
            await asyncio.sleep(0.3)
        assert (await workers.result(task))[0] == "CANCELLED"
        await worker.succeed(assignment.token, "too late")
        await worker.until(lambda: assignment.token in worker.rejections)
        assert worker.rejections[assignment.token] == CLOSED


async def test_a_run_that_takes_too_long_has_failed(workers: Any) -> None:
    async with workers.connected("work", credits=1) as worker:
        task = await workers.give("work", timeout_seconds=0.5)
        [assignment] = await worker.assigned()
        assert assignment.HasField("deadline")
        await worker.ack(assignment.token)
        assert await workers.result(task) == ("ERROR", "Timeout after 0.5 seconds")
        await worker.until(lambda: worker.cancels)


async def test_what_was_cancelled_before_it_came_is_not_given_out(workers: Any) -> None:
    task = workers.task("work")
    workers.cancel(task)
    await workers.settled()
    async with workers.connected("work", credits=1) as worker:
        await workers.send(task)
        assert (await workers.result(task))[0] == "CANCELLED"
        assert not worker.assignments
