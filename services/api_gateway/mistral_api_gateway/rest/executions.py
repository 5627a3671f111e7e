"""``/v2/executions``: starting, showing, steering and removing executions."""

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.executions import StartRequest
from mistral_api_gateway.operations.told import as_begun
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.execution_changes import change
from mistral_api_gateway.rest.execution_resource import EXECUTION_BODY, RESOURCE
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import json_answer
from mistral_api_gateway.rest.task_resource import RESOURCE as TASKS
from mistral_core.errors import Forbidden, IllegalState, InvalidInput

_LIST_EXTRA: Final = ("include_output",)
_TREE: Final = ("errors_only", "max_depth", "include_output")


class ExecutionEndpoints:
    """What REST does with executions."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._executions = gateway.executions
        self._tasks = gateway.tasks
        self._maintenance = gateway.maintenance
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        lists = (*query.paging_arguments(RESOURCE), *_LIST_EXTRA)
        tasks = query.paging_arguments(TASKS)
        changes = {"takes": "ExecutionChange", "gives": "Execution", "always": True}

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/executions{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="executions", **more)

        return [
            make("POST", "", self.create, "Start a workflow", takes="ExecutionStart", gives="Execution", status=201),
            make("GET", "", self.page, "List executions", query=lists, gives="executions"),
            make("GET", "/{id}", self.get, "Get an execution", query=("fields",), gives="Execution"),
            make("PUT", "/{id}", self.update, "Change an execution", **changes),
            make("DELETE", "/{id}", self.delete, "Delete an execution", query=("force",), status=204),
            make("GET", "/{id}/tasks", self.tasks, "List tasks of an execution", query=tasks, gives="tasks"),
            make("GET", "/{id}/executions", self.tree, "List it and those below", query=_TREE, gives="executions"),
        ]

    async def create(self, request: Request) -> Response:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), EXECUTION_BODY, "wf_ex")
        params = bodies.json_text(sent.params)
        wanted = StartRequest(
            workflow=sent.workflow_id or sent.workflow_name or "",
            namespace=sent.workflow_namespace or _namespace(params),
            input=bodies.json_text(sent.input),
            params=params,
            description=sent.description or "",
            id=sent.id or "",
            source=sent.source_execution_id or "",
        )
        row = await self._executions.begin(current_caller(), wanted)
        # With an id of its own it may be one that was started before: that is shown as it is.
        return json_answer(RESOURCE.written(row if sent.id else as_begun(row), RESOURCE.all), 201)

    async def get(self, request: Request) -> Response:
        given = query.only(request, ("fields",))
        fields = RESOURCE.chosen(given["fields"], alone=True) if given.get("fields") else RESOURCE.all
        row = await self._executions.get(current_caller(), request.path_params["id"])
        return json_answer(RESOURCE.written(row, fields))

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE, extra=_LIST_EXTRA)
        rows = await self._executions.page(current_caller(), wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def update(self, request: Request) -> Response:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), EXECUTION_BODY, "wf_ex")
        self._maintenance.check(unless=sent.state == "CANCELLED")
        row = await change(self._executions, current_caller(), request.path_params["id"], sent)
        return json_answer(RESOURCE.written(row, RESOURCE.all))

    async def delete(self, request: Request) -> Response:
        given = query.only(request, ("force",))
        try:
            await self._executions.delete(current_caller(), request.path_params["id"], force=query.flag(given, "force"))
        except IllegalState:
            raise Forbidden(
                f"Only completed executions can be deleted. Use force=true to override this. "
                f"Execution {request.path_params['id']} is not completed."
            ) from None
        return Response(status_code=204)

    async def tasks(self, request: Request) -> Response:
        wanted = query.list_query(request, TASKS)
        row = await self._executions.get(current_caller(), request.path_params["id"])
        rows = await self._tasks.page(current_caller(), wanted.page, execution_id=row["id"])
        return wanted.answer(request, TASKS, [TASKS.written(task, wanted.fields) for task in rows])

    async def tree(self, request: Request) -> Response:
        given = query.only(request, _TREE)
        whole, failed = query.flag(given, "include_output"), query.flag(given, "errors_only")
        depth = query.integer(given, "max_depth", -1)
        found = await self._executions.tree(
            current_caller(), request.path_params["id"], max_depth=depth, whole=whole, errors_only=failed
        )
        fields = RESOURCE.listed_with_heavy if whole else RESOURCE.listed
        return json_answer({"executions": [RESOURCE.written(row, fields) for _, row in found]})


def _namespace(params: bytes) -> str:
    if b'"namespace"' not in params:
        return ""
    try:
        namespace = msgspec.json.decode(params).get("namespace", "")
    except (msgspec.DecodeError, AttributeError):
        raise InvalidInput("JsonType field value must be a dictionary: params") from None
    return namespace if isinstance(namespace, str) else ""
