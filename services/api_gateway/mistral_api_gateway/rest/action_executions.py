"""``/v2/action_executions``: showing runs of actions, and completing asynchronous ones."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.action_resource import ACTION_BODY, RESOURCE, answer_of, with_progress
from mistral_api_gateway.rest.operation import Operation
from mistral_persistence.maintenance import Status

_LIST_EXTRA: Final = ("include_output",)


class ActionExecutionEndpoints:
    """What REST does with action executions."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._actions = gateway.action_executions
        self._maintenance = gateway.maintenance
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        lists = (*query.paging_arguments(RESOURCE), *_LIST_EXTRA)

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/action_executions{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="actions", **more)

        return [
            make("GET", "", self.page, "List action executions", query=lists, gives="action_executions"),
            make("GET", "/{id}", self.get, "Get an action execution", gives="ActionExecution"),
            make(
                "PUT",
                "/{id}",
                self.update,
                "Complete an action",
                takes="ActionChange",
                gives="ActionExecution",
                always=True,
            ),
            make(
                "DELETE",
                "/{id}",
                self.delete,
                "Delete an action that was run on its own, if the operator allows it",
                status=204,
            ),
        ]

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE, extra=_LIST_EXTRA)
        rows = await self._actions.page(current_caller(), wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def get(self, request: Request) -> Response:
        query.only(request, ())
        row = await self._actions.get(current_caller(), request.path_params["id"])
        return with_progress(row, await self._actions.told(row["id"]))

    async def update(self, request: Request) -> Response:
        query.only(request, ())
        # What runs may still come to its end.
        self._maintenance.check(unless=self._maintenance.status is Status.PAUSING)
        sent = bodies.decoded(await bodies.body(request, self._limit), ACTION_BODY, "action_ex")
        output, state = bodies.json_text(sent.output), sent.state or "none"
        return answer_of(await self._actions.complete(current_caller(), request.path_params["id"], state, output))

    async def delete(self, request: Request) -> Response:
        query.only(request, ())
        await self._actions.delete(current_caller(), request.path_params["id"])
        return Response(status_code=204)
