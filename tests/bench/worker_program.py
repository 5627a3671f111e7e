"""A process of workers for the bench: ``python -m tests.bench.worker_program ADDRESS COUNT SLOTS``.

Says ``ready`` once all are connected, and ends with its input.
"""

import asyncio
import sys
import time

from mistral_sdk import Context, Worker, action


@action("bench.nothing", safe_rerun=True, inline=True)
def nothing(n: int) -> int:
    """Does as little as a handler can."""
    return n


@action("bench.once", inline=True)
def once(n: int) -> int:
    """The same, but its runs are acknowledged before they begin."""
    return n


@action("bench.thread", safe_rerun=True)
def in_thread(n: int) -> int:
    """The same, in a thread of its own."""
    return n


@action("bench.loop", safe_rerun=True)
async def in_loop(n: int) -> int:
    """The same, in the loop of the worker."""
    return n


def _waited(assignment_to_start: Context) -> float:
    return time.time() - assignment_to_start.scheduled_at.timestamp()


@action("bench.waited", safe_rerun=True, inline=True)
def waited(context: Context) -> float:
    """Tells the seconds since the run was sent to its queue."""
    return _waited(context)


@action("bench.waited_once")
async def waited_once(context: Context) -> float:
    """The same for an asynchronous handler that must not run twice."""
    return _waited(context)


async def main(address: str, count: int, slots: int) -> None:
    """Let the workers work until the input ends."""
    actions = (nothing, once, in_thread, in_loop, waited, waited_once)
    workers = [Worker(address, actions=actions, slots=slots, drain_seconds=1) for _ in range(count)]
    for number, worker in enumerate(workers):
        worker.settings = type(worker.settings).read(id=f"{worker.id}-{number}", slots=slots, drain_seconds=1)
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(worker.serve())
        for worker in workers:
            assert await asyncio.to_thread(worker.wait_ready, 60), "a worker was not welcomed"
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for worker in workers:
            worker.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
