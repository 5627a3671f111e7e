"""Several executors: workers move between them with what they hold, and nothing runs twice that must not."""

import asyncio
from typing import Any

import pytest

from mistral.v1 import worker_pb2
from mistral_executor.workers.terms import WorkerTerms

TERMS = {"lease_seconds": 2.0, "cancel_seconds": 1.0, "leave_seconds": 1.0, "token_key": b"tests"}


@pytest.fixture
async def second(start: Any) -> int:
    """The port of a second executor."""
    stack = await start(name="executor-second", workers=WorkerTerms(**TERMS))
    return int(stack.port)


async def test_a_worker_moves_to_another_executor_with_its_run(workers: Any, second: int) -> None:
    async with workers.connected("work", credits=1) as worker:
        task = await workers.give("work")
        [assignment] = await worker.assigned()
        await worker.ack(assignment.token)
    async with workers.back(worker.worker, port=second, held={assignment.token: False}) as moved:
        assert list(moved.welcome.resumed) == [assignment.token]
        for _ in range(10):
            # Longer than the lease: the first executor leaves it alone all the same.
            await asyncio.sleep(0.4)
            await moved.heartbeat(assignment.token)
        await moved.succeed(assignment.token, "moved")
        assert await workers.result(task) == ("SUCCESS", "moved")
    await workers.nothing_in_hand()
    assert workers.engine.counts[task.action_id, 1] == 1


async def test_a_new_instance_elsewhere_ends_the_old_one_here(workers: Any, second: int) -> None:
    async with workers.connected("work", credits=1) as old:
        task = await workers.give("work")
        [assignment] = await old.assigned()
        await old.ack(assignment.token)
        fresh = worker_pb2.WorkerDescription()
        fresh.CopyFrom(old.worker)
        fresh.instance = "fresh"
        async with workers.back(fresh, port=second):
            await old.until(lambda: old.over)
            assert (await workers.result(task))[0] == "LOST"


async def test_an_executor_that_leaves_hands_its_workers_on(start: Any, workers: Any, second: int) -> None:
    leaving = await start(name="executor-leaving", workers=WorkerTerms(**TERMS))
    async with workers.connected("work", credits=1, port=leaving.port) as worker:
        task = await workers.give("work")
        [assignment] = await worker.assigned()
        await worker.ack(assignment.token)
        closing = asyncio.create_task(leaving.aclose())
        await worker.until(lambda: worker.go_away is not None)
        async with workers.back(worker.worker, port=second, held={assignment.token: False}) as moved:
            await closing
            # The message comes again, to whichever executor, which finds the worker.
            for _ in range(8):
                await moved.heartbeat(assignment.token)
                await asyncio.sleep(0.4)
            await moved.succeed(assignment.token, "moved")
            assert await workers.result(task) == ("SUCCESS", "moved")
    await workers.nothing_in_hand()
    assert workers.engine.counts[task.action_id, 1] == 1


async def test_what_lies_at_an_executor_without_credits_goes_to_one_with_some(workers: Any, second: int) -> None:
    async with workers.connected("work", credits=1) as busy:
        tasks = [workers.task("work", {"n": n}) for n in range(20)]
        await workers.send(*tasks)
        [assignment] = await busy.assigned()
        await busy.succeed(assignment.token)
        async with workers.connected("work", port=second, credits=50) as free:
            await free.assigned(19)
            for assignment in free.assignments:
                await free.succeed(assignment.token)
            for task in tasks:
                assert await workers.result(task) == ("SUCCESS", None)


async def test_what_was_not_given_out_goes_back_when_the_last_worker_leaves(workers: Any, second: int) -> None:
    async with workers.connected("work") as idle:
        task = await workers.give("work")
        await workers.held(task)
        assert not idle.assignments
    async with workers.connected("work", port=second, credits=1) as other:
        [assignment] = await other.assigned()
        await other.succeed(assignment.token, 1)
        assert await workers.result(task) == ("SUCCESS", 1)


async def test_a_redelivered_run_waits_for_its_worker_and_then_is_lost(workers: Any) -> None:
    async with workers.connected("work", credits=1) as worker:
        task = await workers.give("work", doubtful=True)
        began = asyncio.get_running_loop().time()
        assert (await workers.result(task))[0] == "LOST"
        assert asyncio.get_running_loop().time() - began >= 1.9
        assert not worker.assignments


async def test_a_redelivered_run_that_may_run_twice_is_given_out_after_a_lease(workers: Any) -> None:
    async with workers.connected("work", credits=1) as worker:
        task = await workers.give("work", doubtful=True, safe_rerun=True)
        [assignment] = await worker.assigned()
        await worker.succeed(assignment.token, 1)
        assert await workers.result(task) == ("SUCCESS", 1)
