"""Many workers that have nothing to do, in one process: ``python -m tests.bench.idle_workers ADDRESS COUNT``.

Each is a connection of its own, as it would be from a process of its own. Says ``ready`` once all are welcomed, and
ends with its input.
"""

import asyncio
import sys
import uuid

import grpc.aio

from mistral.v1 import worker_pb2 as worker
from mistral.v1 import worker_service_pb2 as service
from mistral.v1 import worker_service_pb2_grpc as service_grpc

_AT_ONCE = 20


async def main(address: str, count: int) -> None:
    """Connect them, and stay until the input ends."""
    turns = asyncio.Semaphore(_AT_ONCE)
    streams = await asyncio.gather(*(_connected(address, number, turns) for number in range(count)))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for channel, stream in streams:
        stream.cancel()
        await channel.close()


async def _connected(address: str, number: int, turns: asyncio.Semaphore) -> tuple[grpc.aio.Channel, grpc.aio.Call]:
    async with turns:
        # Each with an argument of its own, or all would share one connection.
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0)]
        channel = grpc.aio.insecure_channel(address, options)
        stream = service_grpc.WorkerServiceStub(channel).Work()
        await stream.write(service.WorkRequest(hello=service.WorkerHello(worker=_description(number))))
        answer = await stream.read()
        assert answer is not grpc.aio.EOF, "a worker was not welcomed"
        assert answer.WhichOneof("message") == "welcome"
        await stream.write(service.WorkRequest(credits=service.WorkerCredits(more=16)))
        return channel, stream


def _description(number: int) -> worker.WorkerDescription:
    return worker.WorkerDescription(
        id=f"idle-{number}",
        instance=uuid.uuid4().hex,
        sdk="bench",
        actions=[worker.ActionOffer(name="bench.idle", safe_rerun=True)],
        slots=16,
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
