"""WorkerService of ``mistral.v1``: sessions of workers are passed on to an executor byte by byte.

Only the first message is read, to see whether the worker may offer what it offers. Everything else is the executor's.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from mistral.v1 import worker_service_pb2 as pb2
from mistral.v1.worker_service_pb2_grpc import WorkerServiceServicer as Contract
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.live.worker_sessions import Passed
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.worker_routes import Route
from mistral_api_gateway.operations.workers import metadata_of
from mistral_core.errors import InvalidInput
from mistral_runtime.channel import error_from

WORK: Final = "/mistral.v1.WorkerService/Work"

_Context = grpc.aio.ServicerContext[Any, Any]


class Untouched:
    """The server as the service sees it when it is added: what is said in a session stays bytes."""

    def __init__(self, server: Any) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: Sequence[Any]) -> None:
        """Take no notice: the same handlers come by name."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Hand the handlers on, that of sessions without its codecs."""
        work: Any = grpc.stream_stream_rpc_method_handler(handlers["Work"].stream_stream)
        self._server.add_registered_method_handlers(service, {**handlers, "Work": work})


class WorkerServicer(Contract):
    """Passes on what workers say and are told."""

    def __init__(self, gateway: Gateway) -> None:
        self._workers = gateway.workers
        self._sessions = gateway.worker_sessions

    async def Work(self, request_iterator: AsyncIterator[Any], context: _Context) -> None:  # type: ignore[override]
        # Read and written by hand: a generator would be left behind half closed when the worker is gone.
        first: Any = await context.read()
        caller = current_caller()
        route = await self._workers.route(caller, _hello(first))
        call: Any = route.channel.stream_stream(WORK)(metadata=metadata_of(caller))
        passed = Passed(call, WORK, context.invocation_metadata() or ())
        self._sessions.begin(passed)
        passing = asyncio.create_task(_pass_on(first, context, call))
        route.streams += 1
        try:
            await _answer(call, context, route, passed)
        finally:
            route.streams -= 1
            self._sessions.over(passed)
            passing.cancel()
            call.cancel()

    async def PollAssignments(
        self, request: pb2.PollAssignmentsRequest, context: _Context
    ) -> pb2.PollAssignmentsResponse:
        return await self._workers.poll(current_caller(), request)

    async def CompleteAssignments(
        self, request: pb2.CompleteAssignmentsRequest, context: _Context
    ) -> pb2.CompleteAssignmentsResponse:
        return await self._workers.complete(current_caller(), request)

    async def HeartbeatAssignments(
        self, request: pb2.HeartbeatAssignmentsRequest, context: _Context
    ) -> pb2.HeartbeatAssignmentsResponse:
        return await self._workers.heartbeat(current_caller(), request)

    async def ListWorkers(self, request: pb2.ListWorkersRequest, context: _Context) -> pb2.ListWorkersResponse:
        return pb2.ListWorkersResponse(workers=await self._workers.page(current_caller(), request))

    async def GetWorker(self, request: pb2.GetWorkerRequest, context: _Context) -> pb2.GetWorkerResponse:
        return pb2.GetWorkerResponse(worker=await self._workers.get(current_caller(), request.id))


async def _answer(call: Any, context: Any, route: Route, passed: Passed) -> None:
    """Hand what the executor says to the worker, to the end."""
    try:
        while (answer := await call.read()) is not grpc.aio.EOF:
            await context.write(answer)
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.UNAVAILABLE:
            route.shun()
        raise passed.ending or error_from(error) from None
    except asyncio.CancelledError:
        if passed.ending is None:
            raise
    if passed.ending is not None:
        raise passed.ending


async def _pass_on(first: Any, context: Any, call: Any) -> None:
    """Hand what the worker says to the executor; that it says no more is said, too."""
    try:
        request = first
        while request is not grpc.aio.EOF:
            await call.write(request)
            request = await context.read()
        await call.done_writing()
    except (grpc.aio.BaseError, asyncio.InvalidStateError):
        # One of the two has ended the session: whoever reads the executor's answers says so.
        return


def _hello(first: Any) -> pb2.WorkerHello:
    try:
        request = pb2.WorkRequest.FromString(b"" if first is grpc.aio.EOF else first)
    except DecodeError:
        raise InvalidInput("the first message must be a hello", field="hello") from None
    if request.WhichOneof("message") != "hello":
        raise InvalidInput("the first message must be a hello", field="hello")
    return request.hello
