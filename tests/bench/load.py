"""The load: clients over gRPC and REST that do as little as they can, and check what came out afterwards."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import grpc
import grpc.aio
from google.protobuf.duration_pb2 import Duration

from mistral.v1 import execution_service_pb2 as executions
from mistral.v1 import state_pb2
from mistral.v1 import workflow_service_pb2 as workflows
from mistral.v1 import workflow_service_pb2_grpc as workflows_grpc
from tests.bench.definitions import all_definitions
from tests.bench.scenarios import Scenario

_CHANNELS = 4
_MOST_SECONDS = 120
_START = "/mistral.v1.ExecutionService/StartExecution"
_POLL_SECONDS = 0.001
_FINAL = {"SUCCESS", "ERROR", "CANCELLED"}


class Wrong(Exception):
    """An execution did not end as it must; there is no figure then."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of one execution, not looked at yet, and how long it took."""

    answer: bytes
    seconds: float


class Clients:
    """Connections to one mesh."""

    def __init__(self, channels: Sequence[grpc.aio.Channel], session: aiohttp.ClientSession, url: str) -> None:
        # Bytes in, bytes out: what a client makes of them is not what is measured.
        self._starts = [channel.unary_unary(_START) for channel in channels]
        self._workflows = workflows_grpc.WorkflowServiceStub(channels[0])
        self._session = session
        self._url = f"{url}/v2/executions"

    async def define(self) -> None:
        """Store the workflows of the suite, unless they are there."""
        for text in all_definitions():
            try:
                await self._workflows.CreateWorkflows(workflows.CreateWorkflowsRequest(definition=text))
            except grpc.aio.AioRpcError as error:
                if error.code() != grpc.StatusCode.ALREADY_EXISTS:
                    raise
                await self._workflows.UpdateWorkflows(workflows.UpdateWorkflowsRequest(definition=text))

    async def run(self, scenario: Scenario) -> tuple[float, list[Ended]]:
        """Run all executions of a scenario; returns the seconds that took, and what came of them."""
        one = self._over_rest(scenario) if scenario.rest else self._over_grpc(scenario)
        numbers = iter(range(scenario.executions))
        ended: list[Ended] = []

        async def worker(place: int) -> None:
            for _ in numbers:
                began = time.perf_counter()
                answer = await one(place)
                ended.append(Ended(answer, time.perf_counter() - began))

        began = time.perf_counter()
        await asyncio.gather(*(worker(place) for place in range(scenario.at_once)))
        return time.perf_counter() - began, ended

    def _over_grpc(self, scenario: Scenario) -> Callable[[int], Awaitable[bytes]]:
        request = executions.StartExecutionRequest(
            workflow=scenario.workflow, input=json.dumps(scenario.input), wait=Duration(seconds=_MOST_SECONDS)
        ).SerializeToString()
        starts = self._starts

        async def one(place: int) -> bytes:
            answer: bytes = await starts[place % len(starts)](request)
            return answer

        return one

    def _over_rest(self, scenario: Scenario) -> Callable[[int], Awaitable[bytes]]:
        body = {"workflow_name": scenario.workflow, "input": json.dumps(scenario.input)}

        async def one(place: int) -> bytes:
            async with self._session.post(self._url, json=body) as response:
                execution = await response.json()
                if response.status != 201:
                    raise Wrong(f"HTTP {response.status}: {execution}")
            url = f"{self._url}/{execution['id']}"
            while True:
                async with self._session.get(url) as response:
                    answer = await response.read()
                if json.loads(answer)["state"] in _FINAL:
                    return answer
                await asyncio.sleep(_POLL_SECONDS)

        return one


def check(scenario: Scenario, ended: Sequence[Ended]) -> None:
    """See to it that every execution ended well.

    Raises:
        Wrong: If one did not.
    """
    if len(ended) != scenario.executions:
        raise Wrong(f"{scenario.name}: {len(ended)} of {scenario.executions} ended")
    for each in ended:
        state, output, info = _rest_answer(each.answer) if scenario.rest else _grpc_answer(each.answer)
        if state != "SUCCESS" or (scenario.output is not None and output != scenario.output):
            raise Wrong(f"{scenario.name}: an execution ended as {state} with {str(output)[:200]} {info[:200]}")


def _grpc_answer(answer: bytes) -> tuple[str, object, str]:
    execution = executions.StartExecutionResponse.FromString(answer).execution
    state = state_pb2.State.Name(execution.state).removeprefix("STATE_")
    return state, json.loads(execution.output or "null"), execution.state_info


def _rest_answer(answer: bytes) -> tuple[str, object, str]:
    execution = json.loads(answer)
    return execution["state"], json.loads(execution["output"] or "null"), str(execution["state_info"])


@asynccontextmanager
async def clients(grpc_address: str, url: str) -> AsyncIterator[Clients]:
    """Connect to a mesh."""
    async with AsyncExitStack() as stack:
        channels = [
            # Each with an argument of its own, or all would share one connection.
            await stack.enter_async_context(
                grpc.aio.insecure_channel(
                    grpc_address,
                    options=[
                        ("grpc.enable_http_proxy", 0),
                        ("grpc.use_local_subchannel_pool", 1),
                        ("grpc.max_receive_message_length", 16 * 1024 * 1024),
                    ],
                )
            )
            for _ in range(_CHANNELS)
        ]
        session = await stack.enter_async_context(aiohttp.ClientSession(trust_env=False))
        yield Clients(channels, session, url)
