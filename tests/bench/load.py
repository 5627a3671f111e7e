"""The load: clients over gRPC and REST that do as little as they can, and check what came out afterwards."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

import aiohttp
import grpc
import grpc.aio
from google.protobuf.duration_pb2 import Duration

from mistral.v1 import execution_service_pb2 as executions
from mistral.v1 import state_pb2
from mistral.v1 import workflow_service_pb2 as workflows
from mistral.v1 import workflow_service_pb2_grpc as workflows_grpc
from mistral.v1.execution_pb2 import Execution
from tests.bench.definitions import all_definitions
from tests.bench.scenarios import Scenario

_CHANNELS = 4
_MOST_SECONDS = 120
_START = "/mistral.v1.ExecutionService/StartExecution"
_START_MANY = "/mistral.v1.ExecutionService/StartExecutions"
_POLL_SECONDS = 0.001
_FINAL = {"SUCCESS", "ERROR", "CANCELLED"}

Call: TypeAlias = Callable[[int, int], Awaitable[bytes]]
"""Starts some executions over one of the connections and waits for their end: (connection, how many) to answer."""


class Wrong(Exception):
    """An execution did not end as it must; there is no figure then."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of one call, not looked at yet, and how long it took; ``count`` executions were started by it."""

    answer: bytes
    seconds: float
    count: int = 1


class Clients:
    """Connections to one mesh."""

    def __init__(self, channels: Sequence[grpc.aio.Channel], session: aiohttp.ClientSession, url: str) -> None:
        # Bytes in, bytes out: what a client makes of them is not what is measured.
        self._starts = [channel.unary_unary(_START) for channel in channels]
        self._many_starts = [channel.unary_unary(_START_MANY) for channel in channels]
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
        call = self._over_rest(scenario) if scenario.rest else self._over_grpc(scenario)
        portions = iter(_portions(scenario))
        ended: list[Ended] = []

        async def worker(place: int) -> None:
            for count in portions:
                began = time.perf_counter()
                answer = await call(place, count)
                ended.append(Ended(answer, time.perf_counter() - began, count))

        began = time.perf_counter()
        await asyncio.gather(*(worker(place) for place in range(scenario.at_once)))
        return time.perf_counter() - began, ended

    def _over_grpc(self, scenario: Scenario) -> Call:
        wait = Duration(seconds=_MOST_SECONDS)
        start = executions.StartExecutionRequest(workflow=scenario.workflow, input=json.dumps(scenario.input))
        many = {
            count: executions.StartExecutionsRequest(starts=[start] * count, wait=wait).SerializeToString()
            for count in set(_portions(scenario))
        }
        start.wait.CopyFrom(wait)
        single = start.SerializeToString()
        starts, many_starts = self._starts, self._many_starts

        async def call(place: int, count: int) -> bytes:
            answer: bytes
            if scenario.together == 1:
                answer = await starts[place % len(starts)](single)
            else:
                answer = await many_starts[place % len(many_starts)](many[count])
            return answer

        return call

    def _over_rest(self, scenario: Scenario) -> Call:
        body = {"workflow_name": scenario.workflow, "input": json.dumps(scenario.input)}

        async def call(place: int, count: int) -> bytes:
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

        return call


def _portions(scenario: Scenario) -> list[int]:
    """How many executions each call starts."""
    whole, rest = divmod(scenario.executions, scenario.together)
    return [scenario.together] * whole + ([rest] if rest else [])


def check(scenario: Scenario, ended: Sequence[Ended]) -> None:
    """See to it that every execution ended well.

    Raises:
        Wrong: If one did not.
    """
    found = [result for each in ended for result in _results(scenario, each)]
    if len(found) != scenario.executions:
        raise Wrong(f"{scenario.name}: {len(found)} of {scenario.executions} ended")
    for state, output, info in found:
        if state != "SUCCESS" or (scenario.output is not None and output != scenario.output):
            raise Wrong(f"{scenario.name}: an execution ended as {state} with {str(output)[:200]} {info[:200]}")


def _results(scenario: Scenario, ended: Ended) -> list[tuple[str, object, str]]:
    if scenario.rest:
        return [_rest_answer(ended.answer)]
    if scenario.together == 1:
        return [_grpc_answer(executions.StartExecutionResponse.FromString(ended.answer).execution)]
    return [_many_answer(each) for each in executions.StartExecutionsResponse.FromString(ended.answer).results]


def _many_answer(result: executions.StartExecutionResult) -> tuple[str, object, str]:
    return ("REFUSED", None, result.error.message) if result.HasField("error") else _grpc_answer(result.execution)


def _grpc_answer(execution: Execution) -> tuple[str, object, str]:
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
