"""``POST /v2/action_executions``: running an action on its own."""

from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.standalone import RunRequest
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.action_resource import RESOURCE
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import json_answer


class RunBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a request may have; those that only the server sets are taken and not looked at."""

    name: str | None = None
    input: Raw | UnsetType = UNSET
    description: str | None = None
    workflow_namespace: str | None = None
    params: Raw | UnsetType = UNSET
    id: Any = None
    workflow_name: Any = None
    task_name: Any = None
    task_execution_id: Any = None
    state: Any = None
    state_info: Any = None
    tags: Any = None
    project_id: Any = None
    accepted: Any = None
    output: Any = None
    created_at: Any = None
    updated_at: Any = None


class RunParams(msgspec.Struct, frozen=True):
    """How to run it; other members are not looked at."""

    run_sync: bool = False
    save_result: bool = False
    target: str | None = None
    timeout: int | None = None


_BODY: Final = msgspec.json.Decoder(RunBody)
_PARAMS: Final = msgspec.json.Decoder(RunParams, strict=False)


class ActionRunEndpoints:
    """Runs actions for REST."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._runs = gateway.runs
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        return [
            Operation(
                method="POST",
                path="/v2/action_executions",
                handler=self.run,
                summary="Run an action on its own",
                tag="actions",
                takes="ActionRun",
                gives="ActionExecution",
                status=201,
            )
        ]

    async def run(self, request: Request) -> Response:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _BODY, "action_ex")
        params = bodies.decoded(bodies.json_text(sent.params) or b"{}", _PARAMS, "params")
        wanted = RunRequest(
            name=sent.name or "",
            namespace=sent.workflow_namespace or "",
            input=bodies.json_text(sent.input),
            description=sent.description or "",
            run_sync=params.run_sync,
            save_result=params.save_result,
            target=params.target or "",
            timeout=params.timeout or 0,
        )
        row = await self._runs.run(current_caller(), wanted)
        return json_answer(RESOURCE.written(row, RESOURCE.all), 201)
