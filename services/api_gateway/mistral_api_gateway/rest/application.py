"""The ASGI application: every resource's endpoints as routes, and what answers when none fits."""

from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.rest import action_resource, execution_resource, task_resource, workflows
from mistral_api_gateway.rest.action_executions import ActionExecutionEndpoints
from mistral_api_gateway.rest.events import EventEndpoints
from mistral_api_gateway.rest.executions import ExecutionEndpoints
from mistral_api_gateway.rest.faults import fault
from mistral_api_gateway.rest.openapi import document
from mistral_api_gateway.rest.operation import Endpoint, Operation
from mistral_api_gateway.rest.report import ReportEndpoints
from mistral_api_gateway.rest.resource import json_answer
from mistral_api_gateway.rest.root import RootEndpoints
from mistral_api_gateway.rest.tasks import TaskEndpoints
from mistral_api_gateway.rest.workflows import WorkflowEndpoints

RESOURCES: Final = {
    "Workflow": workflows.RESOURCE,
    "Execution": execution_resource.RESOURCE,
    "Task": task_resource.RESOURCE,
    "ActionExecution": action_resource.RESOURCE,
}
_VERSION_ROOT: Final = "/v2/"


def application(gateway: Gateway, *, body_limit: int) -> ASGIApp:
    """Return the application."""
    operations = [
        # The busiest first: routes are tried in this order.
        *ExecutionEndpoints(gateway, body_limit=body_limit).operations(),
        *TaskEndpoints(gateway, body_limit=body_limit).operations(),
        *ActionExecutionEndpoints(gateway, body_limit=body_limit).operations(),
        *WorkflowEndpoints(gateway, body_limit=body_limit).operations(),
        *EventEndpoints(gateway).operations(),
        *ReportEndpoints(gateway).operations(),
        *RootEndpoints(gateway).operations(),
    ]
    routes = [_route(operation) for operation in operations]
    routes.append(Route("/openapi.json", _described(operations), methods=["GET"]))
    handlers: dict[Any, Any] = {HTTPException: _unrouted}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return WithoutTrailingSlash(app)


class WithoutTrailingSlash:
    """Takes ``/v2/executions/`` for ``/v2/executions``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        if scope["type"] == "http" and scope["path"].endswith("/") and scope["path"] not in ("/", _VERSION_ROOT):
            scope["path"] = scope["path"].rstrip("/")
        await self._app(scope, receive, send)


def _route(operation: Operation) -> Route:
    route = Route(operation.path, _nowhere, methods=[operation.method])
    route.app = Endpoint(operation)
    return route


async def _nowhere(request: Request) -> Response:
    raise AssertionError("the endpoint of the operation answers")


def _described(operations: list[Operation]) -> Any:
    made: list[dict[str, Any]] = []

    async def describe(request: Request) -> Response:
        if not made:
            made.append(document(operations, RESOURCES))
        return json_answer(made[0])

    return describe


async def _unrouted(request: Request, error: HTTPException) -> Response:
    if error.status_code == 404:
        return fault(404, f"There is nothing at {request.url.path}")
    return fault(error.status_code, error.detail, headers=error.headers)
