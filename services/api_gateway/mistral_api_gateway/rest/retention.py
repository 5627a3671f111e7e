"""``/v2/retention``: how long the project keeps executions once they have ended."""

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.retention import RetentionRequest
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import as_time, json_answer
from mistral_persistence.retention_policies import Policy

_PATH: Final = "/v2/retention"


class RetentionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a request may have; those that only the server sets are taken and not looked at."""

    older_than_minutes: int | None = None
    max_finished: int | None = None
    ignored_states: list[str] = []
    own: Any = None
    updated_at: Any = None


_BODY: Final = msgspec.json.Decoder(RetentionBody)


class RetentionEndpoints:
    """What REST does with retention."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._retention = gateway.retention
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"{_PATH}{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="retention", **more)

        limits = {"takes": "RetentionChange"}
        return [
            make("GET", "", self.get, "Tell how long executions are kept", gives="Retention"),
            make("PUT", "", self.update, "Give the project a policy of its own", gives="Retention", **limits),
            make("DELETE", "", self.delete, "Take the project's own policy away", status=204),
            make("POST", "/preview", self.preview, "Tell what would go now", gives="RetentionPreview", **limits),
        ]

    async def get(self, request: Request) -> Response:
        query.only(request, ())
        return _answer(await self._retention.get(current_caller()))

    async def update(self, request: Request) -> Response:
        return _answer(await self._retention.update(current_caller(), await self._sent(request)))

    async def delete(self, request: Request) -> Response:
        query.only(request, ())
        await self._retention.delete(current_caller())
        return Response(status_code=204)

    async def preview(self, request: Request) -> Response:
        found = await self._retention.preview(current_caller(), await self._sent(request))
        told = {
            "count": found.count,
            "oldest": as_time(found.oldest),
            "newest": as_time(found.newest),
            "execution_ids": found.ids,
        }
        return json_answer(told)

    async def _sent(self, request: Request) -> RetentionRequest:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _BODY, "retention")
        return RetentionRequest(
            older_than_minutes=sent.older_than_minutes,
            max_finished=sent.max_finished,
            ignored_states=sent.ignored_states,
        )


def _answer(policy: Policy) -> Response:
    return json_answer(
        {
            "own": bool(policy.project),
            "older_than_minutes": policy.older_than_minutes,
            "max_finished": policy.max_finished,
            "ignored_states": policy.ignored_states,
            "updated_at": as_time(policy.updated_at),
        }
    )
