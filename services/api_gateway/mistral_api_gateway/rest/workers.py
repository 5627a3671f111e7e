"""``/v2/workers``: who is connected, and calls of workers that have HTTP alone. Inputs and results are plain JSON."""

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from mistral.v1 import worker_service_pb2 as pb2
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import json_answer
from mistral_api_gateway.rest.worker_bodies import (
    CompleteBody,
    HeartbeatBody,
    PollBody,
    described,
    number,
    progress_of,
    result_of,
)
from mistral_api_gateway.rest.worker_shape import assignment, cancel, rejection, shown

_POLL: Final = msgspec.json.Decoder(PollBody)
_COMPLETE: Final = msgspec.json.Decoder(CompleteBody)
_HEARTBEAT: Final = msgspec.json.Decoder(HeartbeatBody)


class WorkerEndpoints:
    """What REST does with workers."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._workers = gateway.workers
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/workers{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="workers", **more)

        # What runs may come to its end also in maintenance.
        call: dict[str, Any] = {"always": True}
        lists = ("action", "queue", "all_projects")
        return [
            make("POST", "/poll", self.poll, "Take runs of actions", takes="WorkerPoll", gives="WorkerRuns", **call),
            make("POST", "/complete", self.complete, "End runs", takes="WorkerResults", gives="WorkerRecorded", **call),
            make(
                "POST",
                "/heartbeat",
                self.heartbeat,
                "Keep runs and tell their progress",
                takes="WorkerSigns",
                gives="WorkerHeard",
                **call,
            ),
            make("GET", "", self.page, "List workers that are connected", query=lists, gives="Workers"),
            make("GET", "/{id}", self.get, "Get a worker that is connected", gives="Worker"),
        ]

    async def poll(self, request: Request) -> Response:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _POLL, "poll")
        wanted = pb2.PollAssignmentsRequest(session=sent.session, limit=number(sent.limit, "limit"))
        if sent.worker is not None:
            wanted.worker.CopyFrom(described(sent.worker))
        if sent.wait is not None:
            wanted.wait.FromMilliseconds(int(min(max(sent.wait, -1.0), 1e6) * 1000))
        answer = await self._workers.poll(current_caller(), wanted)
        return json_answer(
            {
                "session": answer.session,
                "lease_seconds": answer.terms.lease.ToMicroseconds() / 1e6,
                "heartbeat_seconds": answer.terms.heartbeat_interval.ToMicroseconds() / 1e6,
                "lease_expires_at": answer.lease_expires_at.ToJsonString(),
                "assignments": [assignment(each) for each in answer.assignments],
            }
        )

    async def complete(self, request: Request) -> Response:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _COMPLETE, "complete")
        results = [result_of(each, index) for index, each in enumerate(sent.results)]
        answer = await self._workers.complete(current_caller(), pb2.CompleteAssignmentsRequest(results=results))
        return json_answer(
            {"recorded": list(answer.recorded), "rejections": [rejection(each) for each in answer.rejections]}
        )

    async def heartbeat(self, request: Request) -> Response:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _HEARTBEAT, "heartbeat")
        wanted = pb2.HeartbeatAssignmentsRequest(
            tokens=sent.tokens, progress=[progress_of(each, index) for index, each in enumerate(sent.progress)]
        )
        answer = await self._workers.heartbeat(current_caller(), wanted)
        return json_answer(
            {
                "cancels": [cancel(each) for each in answer.cancels],
                "rejections": [rejection(each) for each in answer.rejections],
                "lease_expires_at": answer.lease_expires_at.ToJsonString(),
            }
        )

    async def page(self, request: Request) -> Response:
        given = query.only(request, ("action", "queue", "all_projects"))
        wanted = pb2.ListWorkersRequest(
            action=given.get("action", ""), queue=given.get("queue", ""), all_projects=query.flag(given, "all_projects")
        )
        return json_answer({"workers": [shown(each) for each in await self._workers.page(current_caller(), wanted)]})

    async def get(self, request: Request) -> Response:
        query.only(request, ())
        return json_answer(shown(await self._workers.get(current_caller(), request.path_params["id"])))
