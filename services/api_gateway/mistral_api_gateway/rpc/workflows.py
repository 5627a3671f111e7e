"""WorkflowService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import workflow_pb2 as messages
from mistral.v1 import workflow_service_pb2 as service
from mistral.v1 import workflow_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rpc.paging import page_of, split
from mistral_api_gateway.rpc.scopes import scope_message, scope_text
from mistral_api_gateway.rpc.states import timestamp
from mistral_persistence.listing import Filter, Operator
from mistral_persistence.workflows import ALL_COLUMNS, Row

_Context = grpc.aio.ServicerContext[Any, Any]

_LIST_COLUMNS: Final = tuple(name for name in ALL_COLUMNS if name != "definition")


class WorkflowServicer(service_grpc.WorkflowServiceServicer):
    """Keeps workflow definitions."""

    def __init__(self, gateway: Gateway) -> None:
        self._workflows = gateway.workflows

    async def CreateWorkflows(
        self, request: service.CreateWorkflowsRequest, context: _Context
    ) -> service.CreateWorkflowsResponse:
        scope = scope_text(request.scope) or "private"
        rows = await self._workflows.create(
            current_caller(), request.definition, namespace=request.namespace, scope=scope
        )
        return service.CreateWorkflowsResponse(workflows=[_message(row) for row in rows])

    async def UpdateWorkflows(
        self, request: service.UpdateWorkflowsRequest, context: _Context
    ) -> service.UpdateWorkflowsResponse:
        scope = scope_text(request.scope)
        rows = await self._workflows.update(
            current_caller(), request.definition, namespace=request.namespace, scope=scope
        )
        return service.UpdateWorkflowsResponse(workflows=[_message(row) for row in rows])

    async def GetWorkflow(self, request: service.GetWorkflowRequest, context: _Context) -> service.GetWorkflowResponse:
        row = await self._workflows.get(
            current_caller(), request.identifier, namespace=request.namespace, fall_back=True
        )
        return service.GetWorkflowResponse(workflow=_message(row))

    async def ListWorkflows(
        self, request: service.ListWorkflowsRequest, context: _Context
    ) -> service.ListWorkflowsResponse:
        filters = [Filter("namespace", Operator.EQ, (request.namespace,))] if request.HasField("namespace") else []
        page = page_of(_LIST_COLUMNS, request.page_size, request.page_token, filters)
        rows, token = split(await self._workflows.page(current_caller(), page), page)
        return service.ListWorkflowsResponse(workflows=[_message(row) for row in rows], next_page_token=token)

    async def DeleteWorkflow(
        self, request: service.DeleteWorkflowRequest, context: _Context
    ) -> service.DeleteWorkflowResponse:
        await self._workflows.delete(current_caller(), request.identifier, namespace=request.namespace)
        return service.DeleteWorkflowResponse()

    async def ValidateWorkflows(
        self, request: service.ValidateWorkflowsRequest, context: _Context
    ) -> service.ValidateWorkflowsResponse:
        fault = self._workflows.fault(request.definition)
        return service.ValidateWorkflowsResponse(valid=fault is None, error=fault or "")


def _message(row: Row) -> messages.Workflow:
    return messages.Workflow(
        id=row["id"],
        name=row["name"],
        namespace=row["namespace"],
        version=row["version"],
        definition=row.get("definition", ""),
        checksum=row["checksum"],
        input=row["input"],
        tags=row["tags"],
        scope=scope_message(row["scope"]),
        project_id=row["project_id"],
        created_at=timestamp(row["created_at"]),
        updated_at=timestamp(row["updated_at"]),
    )
