"""``/v2/subscriptions``: JSON, found by id or name."""

from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.subscriptions import SubscriptionRequest
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Field, Resource, as_time, json_answer
from mistral_persistence.subscriptions import ATTEMPTS, SUBSCRIPTIONS

_PLAIN: Final = ("id", "name", "description", "enabled", "disabled_reason")
_LISTS: Final = ("event_types", "workflow_names", "tags", "states")
RESOURCE: Final = Resource(
    "subscriptions",
    SUBSCRIPTIONS,
    {
        **{name: Field(column=name) for name in (*_PLAIN, *_LISTS, "condition")},
        "publisher": Field(column="publisher", json=True),
        **{name: Field(column=name) for name in ("secrets", "pending", "dead", "project_id")},
        "created_at": Field(column="created_at", write=as_time),
        "updated_at": Field(column="updated_at", write=as_time),
    },
)
_ATTEMPTED: Final = ("id", "delivery_id", "execution_id", "event", "attempt", "delivered", "error", "milliseconds")
ATTEMPT: Final = Resource(
    "delivery_attempts",
    ATTEMPTS,
    {
        **{name: Field(column=name) for name in _ATTEMPTED},
        "created_at": Field(column="created_at", write=as_time),
    },
)


class SubscriptionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a request may have; those that only the server sets are taken and not looked at."""

    name: str | None = None
    description: str | None = None
    enabled: bool | None = None
    event_types: list[str] | None = None
    workflow_names: list[str] | None = None
    tags: list[str] | None = None
    states: list[str] | None = None
    condition: str | None = None
    publisher: Raw | UnsetType = UNSET
    secrets: Raw | UnsetType = UNSET
    id: Any = None
    disabled_reason: Any = None
    pending: Any = None
    dead: Any = None
    project_id: Any = None
    created_at: Any = None
    updated_at: Any = None


_BODY: Final = msgspec.json.Decoder(SubscriptionBody)


class SubscriptionEndpoints:
    """What REST does with subscriptions."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._subscriptions = gateway.subscriptions
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/subscriptions{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="subscriptions", **more)

        lists = query.paging_arguments(RESOURCE)
        # The attempts of one subscription are never those of all projects.
        logs = tuple(name for name in query.paging_arguments(ATTEMPT) if name != "all_projects")
        create = {"takes": "SubscriptionCreation", "gives": "Subscription", "status": 201}
        change = {"takes": "SubscriptionChange", "gives": "Subscription"}
        one = "/{identifier}"
        return [
            make("POST", "", self.create, "Have somebody told of what happens in the project", **create),
            make("GET", "", self.page, "List subscriptions", query=lists, gives="subscriptions"),
            make("GET", one, self.get, "Get a subscription", query=("fields",), gives="Subscription"),
            make("PUT", one, self.update, "Change a subscription, or switch it on or off", **change),
            make("DELETE", one, self.delete, "Delete a subscription with all that is pending of it", status=204),
            make("POST", f"{one}/test", self.test, "Tell it something that happened nowhere", gives="Trial"),
            make(
                "GET",
                f"{one}/attempts",
                self.attempts,
                "List its last attempts at deliveries",
                query=logs,
                gives="delivery_attempts",
            ),
        ]

    async def create(self, request: Request) -> Response:
        row = await self._subscriptions.create(current_caller(), await self._sent(request))
        return json_answer(RESOURCE.written(row, RESOURCE.all), 201)

    async def get(self, request: Request) -> Response:
        given = query.only(request, ("fields",))
        fields = RESOURCE.chosen(given["fields"], alone=True) if given.get("fields") else RESOURCE.all
        row = await self._subscriptions.get(current_caller(), request.path_params["identifier"])
        return json_answer(RESOURCE.written(row, fields))

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE)
        rows = await self._subscriptions.page(current_caller(), wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def update(self, request: Request) -> Response:
        sent = await self._sent(request)
        row = await self._subscriptions.update(current_caller(), request.path_params["identifier"], sent)
        return json_answer(RESOURCE.written(row, RESOURCE.all))

    async def delete(self, request: Request) -> Response:
        query.only(request, ())
        await self._subscriptions.delete(current_caller(), request.path_params["identifier"])
        return Response(status_code=204)

    async def test(self, request: Request) -> Response:
        query.only(request, ())
        trial = await self._subscriptions.test(current_caller(), request.path_params["identifier"])
        told = {"delivered": not trial.error, "error": trial.error, "milliseconds": trial.milliseconds}
        return json_answer(told)

    async def attempts(self, request: Request) -> Response:
        wanted = query.list_query(request, ATTEMPT)
        rows = await self._subscriptions.attempts(current_caller(), request.path_params["identifier"], wanted.page)
        return wanted.answer(request, ATTEMPT, [ATTEMPT.written(row, wanted.fields) for row in rows])

    async def _sent(self, request: Request) -> SubscriptionRequest:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _BODY, "subscription")
        return SubscriptionRequest(
            name=sent.name,
            description=sent.description,
            enabled=sent.enabled,
            **{name: getattr(sent, name) for name in _LISTS},
            condition=sent.condition,
            publisher=bodies.json_text(sent.publisher) or None,
            secrets=bodies.json_text(sent.secrets) or None,
        )
