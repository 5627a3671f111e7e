"""Workers as seen from outside: their calls go to an executor, who they are is said by us, and lists are of all."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from mistral.v1 import worker_pb2
from mistral.v1 import worker_service_pb2 as pb2
from mistral.v1.worker_service_pb2_grpc import WorkerServiceStub
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.worker_routes import Route, WorkerRoutes
from mistral_core.errors import InvalidInput, NotFound, Unavailable, WorkflowError
from mistral_runtime.channel import error_from

_log = logging.getLogger(__name__)
_T = TypeVar("_T", bound=Message)

PUBLICIZE: Final = "actions:publicize"
_CALL_SECONDS: Final = 15.0
_MOST_IN_A_CALL: Final = 1000

Metadata = tuple[tuple[str, str], ...]


class Workers:
    """Calls of workers, and lists of them."""

    def __init__(self, routes: WorkerRoutes) -> None:
        self._routes = routes

    async def route(self, caller: Caller, hello: pb2.WorkerHello) -> Route:
        """Return the executor for a session that begins.

        Raises:
            Forbidden: If it offers actions to all and the caller may not publish them.
            Unavailable: If there is no executor.
        """
        self._check(caller, hello.worker)
        return await self._routes.least()

    async def poll(self, caller: Caller, request: pb2.PollAssignmentsRequest) -> pb2.PollAssignmentsResponse:
        """Wait for runs."""
        if request.session:
            route = await self._routes.named(request.session.rpartition(".")[0])
        else:
            self._check(caller, request.worker)
            route = await self._routes.least()
        seconds = request.wait.ToMicroseconds() / 1e6 if request.HasField("wait") else 20.0
        return await _asked(
            route, lambda stub: stub.PollAssignments, request, caller, max(0.0, min(seconds, 60.0)) + _CALL_SECONDS
        )

    async def complete(
        self, caller: Caller, request: pb2.CompleteAssignmentsRequest
    ) -> pb2.CompleteAssignmentsResponse:
        """End runs, each where it is known."""
        _few(request.results, "results")
        groups = await self._grouped(request.results)
        answers = await asyncio.gather(
            *(
                _asked(
                    route, lambda stub: stub.CompleteAssignments, pb2.CompleteAssignmentsRequest(results=some), caller
                )
                for route, some in groups
            )
        )
        whole = pb2.CompleteAssignmentsResponse()
        for answer in answers:
            whole.MergeFrom(answer)
        return whole

    async def heartbeat(
        self, caller: Caller, request: pb2.HeartbeatAssignmentsRequest
    ) -> pb2.HeartbeatAssignmentsResponse:
        """Renew leases and tell progress, of each run where it is known."""
        _few(request.tokens, "tokens")
        _few(request.progress, "progress")
        tokens = [worker_pb2.AssignmentProgress(token=token) for token in request.tokens]
        renewed = {route: [each.token for each in some] for route, some in await self._grouped(tokens)}
        told = dict(await self._grouped(request.progress))
        # Without any token there is still an answer.
        routes = {**renewed, **told} or {await self._routes.least(): []}
        answers = await asyncio.gather(
            *(
                _asked(
                    route,
                    lambda stub: stub.HeartbeatAssignments,
                    pb2.HeartbeatAssignmentsRequest(tokens=renewed.get(route, []), progress=told.get(route, [])),
                    caller,
                )
                for route in routes
            )
        )
        whole = pb2.HeartbeatAssignmentsResponse()
        for answer in answers:
            whole.MergeFrom(answer)
        return whole

    async def page(self, caller: Caller, request: pb2.ListWorkersRequest) -> list[worker_pb2.Worker]:
        """Return the workers that are connected anywhere, by id."""
        everything = pb2.ListWorkersRequest(
            action=request.action, queue=request.queue, all_projects=request.all_projects and caller.admin
        )
        found: dict[tuple[str, str], worker_pb2.Worker] = {}
        for answer in await self._of_all(lambda stub: stub.ListWorkers, everything, caller):
            for worker in answer.workers:
                key = worker.description.id, worker.project_id
                before = found.get(key)
                # One that has just moved may be known in both places.
                if before is None or before.connected_at.ToMicroseconds() < worker.connected_at.ToMicroseconds():
                    found[key] = worker
        return [found[key] for key in sorted(found)]

    async def get(self, caller: Caller, worker: str) -> worker_pb2.Worker:
        """Return a worker of the caller's project; raises NotFound."""
        for one in await self.page(caller, pb2.ListWorkersRequest()):
            if one.description.id == worker:
                return one
        raise NotFound(f"No worker of the id '{worker[:255]}' is connected")

    def _check(self, caller: Caller, worker: worker_pb2.WorkerDescription) -> None:
        if any(offer.public for offer in worker.actions):
            caller.demand(PUBLICIZE)

    async def _grouped(self, items: Iterable[Any]) -> list[tuple[Route, list[Any]]]:
        """Group what bears tokens by the executors that gave them out."""
        by_name: dict[str, list[Any]] = {}
        for item in items:
            by_name.setdefault(item.token.rpartition(".")[0][:255], []).append(item)
        groups: dict[Route, list[Any]] = {}
        for name, some in by_name.items():
            groups.setdefault(await self._routes.named(name), []).extend(some)
        return list(groups.items())

    async def _of_all(
        self, method: Callable[[Any], Callable[..., Awaitable[_T]]], request: Message, caller: Caller
    ) -> list[_T]:
        """Ask all executors; those that do not answer have no workers, unless none does."""
        routes = await self._routes.all()
        answers = await asyncio.gather(
            *(_asked(route, method, request, caller) for route in routes), return_exceptions=True
        )
        good = [answer for answer in answers if not isinstance(answer, BaseException)]
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, Unavailable):
                raise answer
        if not good:
            raise Unavailable("no executor answers; try again later")
        return good


def metadata_of(caller: Caller) -> Metadata:
    """Return what an executor is told of who asks: it believes us, and nobody else reaches it."""
    return ("mistral-project", _ascii(caller.project)), ("mistral-user", _ascii(caller.user))


def _ascii(text: str) -> str:
    return text if text.isascii() and text.isprintable() else "%" + text.encode().hex()


async def _asked(
    route: Route,
    method: Callable[[Any], Callable[..., Awaitable[_T]]],
    request: Message,
    caller: Caller,
    seconds: float = _CALL_SECONDS,
) -> _T:
    try:
        return await method(WorkerServiceStub(route.channel))(request, metadata=metadata_of(caller), timeout=seconds)
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.UNAVAILABLE:
            route.shun()
        known: WorkflowError = error_from(error)
        raise known from None


def _few(items: Any, field: str) -> None:
    if len(items) > _MOST_IN_A_CALL:
        raise InvalidInput(f"at most {_MOST_IN_A_CALL} {field} in a call", field=field)
