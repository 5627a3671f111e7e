"""WorkbookService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import workbook_pb2 as messages
from mistral.v1 import workbook_service_pb2 as service
from mistral.v1 import workbook_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rpc.paging import page_of, split
from mistral_api_gateway.rpc.scopes import scope_message, scope_text
from mistral_api_gateway.rpc.states import timestamp
from mistral_persistence.listing import Filter, Operator
from mistral_persistence.workbooks import ALL_COLUMNS, Row

_Context = grpc.aio.ServicerContext[Any, Any]

_LIST_COLUMNS: Final = tuple(name for name in ALL_COLUMNS if name != "definition")


class WorkbookServicer(service_grpc.WorkbookServiceServicer):
    """Keeps workbooks."""

    def __init__(self, gateway: Gateway) -> None:
        self._workbooks = gateway.workbooks

    async def CreateWorkbook(
        self, request: service.CreateWorkbookRequest, context: _Context
    ) -> service.CreateWorkbookResponse:
        scope = scope_text(request.scope) or "private"
        row = await self._workbooks.create(
            current_caller(), request.definition, namespace=request.namespace, scope=scope
        )
        return service.CreateWorkbookResponse(workbook=_message(row))

    async def UpdateWorkbook(
        self, request: service.UpdateWorkbookRequest, context: _Context
    ) -> service.UpdateWorkbookResponse:
        scope = scope_text(request.scope)
        row = await self._workbooks.update(
            current_caller(), request.definition, namespace=request.namespace, scope=scope
        )
        return service.UpdateWorkbookResponse(workbook=_message(row))

    async def GetWorkbook(self, request: service.GetWorkbookRequest, context: _Context) -> service.GetWorkbookResponse:
        row = await self._workbooks.get(current_caller(), request.name, namespace=request.namespace)
        return service.GetWorkbookResponse(workbook=_message(row))

    async def ListWorkbooks(
        self, request: service.ListWorkbooksRequest, context: _Context
    ) -> service.ListWorkbooksResponse:
        filters = [Filter("namespace", Operator.EQ, (request.namespace,))] if request.HasField("namespace") else []
        page = page_of(_LIST_COLUMNS, request.page_size, request.page_token, filters)
        rows, token = split(await self._workbooks.page(current_caller(), page), page)
        return service.ListWorkbooksResponse(workbooks=[_message(row) for row in rows], next_page_token=token)

    async def DeleteWorkbook(
        self, request: service.DeleteWorkbookRequest, context: _Context
    ) -> service.DeleteWorkbookResponse:
        await self._workbooks.delete(current_caller(), request.name, namespace=request.namespace)
        return service.DeleteWorkbookResponse()

    async def ValidateWorkbook(
        self, request: service.ValidateWorkbookRequest, context: _Context
    ) -> service.ValidateWorkbookResponse:
        fault = self._workbooks.fault(request.definition)
        return service.ValidateWorkbookResponse(valid=fault is None, error=fault or "")


def _message(row: Row) -> messages.Workbook:
    return messages.Workbook(
        id=row["id"],
        name=row["name"],
        namespace=row["namespace"],
        definition=row.get("definition", ""),
        tags=row["tags"],
        scope=scope_message(row["scope"]),
        project_id=row["project_id"],
        created_at=timestamp(row["created_at"]),
        updated_at=timestamp(row["updated_at"]),
    )
