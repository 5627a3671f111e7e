"""``/v2/dead_letters``: what could not be told to somebody outside."""

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Field, Resource, as_time, json_answer
from mistral_persistence.dead_deliveries import DEAD_LETTERS

RESOURCE: Final = Resource(
    "dead_letters",
    DEAD_LETTERS,
    {
        **{name: Field(column=name) for name in ("id", "subscription_id", "publisher", "destination", "event")},
        "execution_id": Field(column="execution_id"),
        "payload": Field(column="payload", json=True, heavy=True),
        **{name: Field(column=name) for name in ("attempts", "error", "project_id")},
        "created_at": Field(column="created_at", write=as_time),
        "given_up_at": Field(column="given_up_at", write=as_time),
    },
)


class ChosenBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which dead letters are meant."""

    ids: list[str] = []
    subscription_id: str = ""
    all: bool = False


_BODY: Final = msgspec.json.Decoder(ChosenBody)


class DeadLetterEndpoints:
    """What REST does with dead letters."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._letters = gateway.dead_letters
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/dead_letters{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="dead letters", **more)

        replay = {"takes": "DeadLettersChosen", "gives": "DeadLettersReplayed"}
        lists = query.paging_arguments(RESOURCE)
        return [
            make("GET", "", self.page, "List deliveries that were given up", query=lists, gives="dead_letters"),
            make("POST", "/replay", self.replay, "Try dead letters anew", **replay),
            make("GET", "/{id}", self.get, "Get a dead letter", query=("fields",), gives="DeadLetter"),
            make("DELETE", "/{id}", self.delete, "Forget a dead letter", status=204),
        ]

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE)
        rows = await self._letters.page(current_caller(), wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def get(self, request: Request) -> Response:
        given = query.only(request, ("fields",))
        fields = RESOURCE.chosen(given["fields"], alone=True) if given.get("fields") else RESOURCE.all
        row = await self._letters.get(current_caller(), request.path_params["id"])
        return json_answer(RESOURCE.written(row, fields))

    async def replay(self, request: Request) -> Response:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _BODY, "dead_letters")
        done = await self._letters.replay(current_caller(), sent.ids, sent.subscription_id, every=sent.all)
        return json_answer({"replayed": done})

    async def delete(self, request: Request) -> Response:
        query.only(request, ())
        await self._letters.delete(current_caller(), [request.path_params["id"]])
        return Response(status_code=204)
