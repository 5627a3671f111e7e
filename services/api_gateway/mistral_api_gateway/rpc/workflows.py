"""WorkflowService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import workflow_pb2 as messages
from mistral.v1 import workflow_service_pb2 as service
from mistral.v1 import workflow_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rpc.idempotency import once
from mistral_api_gateway.rpc.paging import exactly, list_call
from mistral_api_gateway.rpc.scopes import scope_text
from mistral_api_gateway.rpc.shapes import Shape, definition_fields
from mistral_core.errors import InvalidInput
from mistral_persistence.workflows import WORKFLOWS, Row

_Context = grpc.aio.ServicerContext[Any, Any]

SHAPE: Final = Shape(
    messages.Workflow,
    WORKFLOWS,
    definition_fields("namespace", "version", "definition", "checksum", "input", "tags", "interface", "workbook"),
    heavy=("definition",),
)


class WorkflowServicer(service_grpc.WorkflowServiceServicer):
    """Keeps workflow definitions."""

    def __init__(self, gateway: Gateway) -> None:
        self._workflows = gateway.workflows
        self._once = gateway.once

    async def CreateWorkflows(
        self, request: service.CreateWorkflowsRequest, context: _Context
    ) -> service.CreateWorkflowsResponse:
        caller = current_caller()

        async def create() -> service.CreateWorkflowsResponse:
            rows = await self._workflows.create(
                caller, request.definition, namespace=request.namespace, scope=scope_text(request.scope) or "private"
            )
            return service.CreateWorkflowsResponse(workflows=map(_message, rows))

        return await once(self._once, caller, request, service.CreateWorkflowsResponse, create)

    async def UpdateWorkflows(
        self, request: service.UpdateWorkflowsRequest, context: _Context
    ) -> service.UpdateWorkflowsResponse:
        rows = await self._workflows.update(
            current_caller(),
            request.definition,
            namespace=request.namespace,
            scope=scope_text(request.scope),
            etags=request.etags,
        )
        return service.UpdateWorkflowsResponse(workflows=map(_message, rows))

    async def UpdateWorkflow(
        self, request: service.UpdateWorkflowRequest, context: _Context
    ) -> service.UpdateWorkflowResponse:
        if not request.identifier:
            raise InvalidInput("The id or name of the workflow must be given", field="identifier")
        row = await self._workflows.update_one(
            current_caller(),
            request.identifier,
            request.definition,
            namespace=request.namespace,
            scope=scope_text(request.scope),
            etag=request.etag,
        )
        return service.UpdateWorkflowResponse(workflow=_message(row))

    async def GetWorkflow(self, request: service.GetWorkflowRequest, context: _Context) -> service.GetWorkflowResponse:
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        row = await self._workflows.get(
            current_caller(), request.identifier, namespace=request.namespace, fall_back=True
        )
        return service.GetWorkflowResponse(workflow=SHAPE.write(row, fields))

    async def ListWorkflows(
        self, request: service.ListWorkflowsRequest, context: _Context
    ) -> service.ListWorkflowsResponse:
        call = list_call(request, SHAPE, filters=[exactly(request, "namespace")])
        workflows, token = await call.answer(lambda page: self._workflows.page(current_caller(), page))
        return service.ListWorkflowsResponse(workflows=workflows, next_page_token=token)

    async def DeleteWorkflow(
        self, request: service.DeleteWorkflowRequest, context: _Context
    ) -> service.DeleteWorkflowResponse:
        await self._workflows.delete(
            current_caller(), request.identifier, namespace=request.namespace, etag=request.etag
        )
        return service.DeleteWorkflowResponse()

    async def ValidateWorkflows(
        self, request: service.ValidateWorkflowsRequest, context: _Context
    ) -> service.ValidateWorkflowsResponse:
        fault = self._workflows.fault(request.definition)
        return service.ValidateWorkflowsResponse(valid=fault is None, error=fault or "")


def _message(row: Row) -> messages.Workflow:
    return SHAPE.write(row, SHAPE.all)
