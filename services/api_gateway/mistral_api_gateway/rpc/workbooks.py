"""WorkbookService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import workbook_pb2 as messages
from mistral.v1 import workbook_service_pb2 as service
from mistral.v1 import workbook_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rpc.idempotency import once
from mistral_api_gateway.rpc.paging import exactly, list_call
from mistral_api_gateway.rpc.scopes import scope_text
from mistral_api_gateway.rpc.shapes import Shape, definition_fields
from mistral_persistence.workbooks import WORKBOOKS, Row

_Context = grpc.aio.ServicerContext[Any, Any]

SHAPE: Final = Shape(
    messages.Workbook, WORKBOOKS, definition_fields("namespace", "definition", "tags"), heavy=("definition",)
)


class WorkbookServicer(service_grpc.WorkbookServiceServicer):
    """Keeps workbooks."""

    def __init__(self, gateway: Gateway) -> None:
        self._workbooks = gateway.workbooks
        self._once = gateway.once

    async def CreateWorkbook(
        self, request: service.CreateWorkbookRequest, context: _Context
    ) -> service.CreateWorkbookResponse:
        caller = current_caller()

        async def create() -> service.CreateWorkbookResponse:
            row = await self._workbooks.create(
                caller, request.definition, namespace=request.namespace, scope=scope_text(request.scope) or "private"
            )
            return service.CreateWorkbookResponse(workbook=_message(row))

        return await once(self._once, caller, request, service.CreateWorkbookResponse, create)

    async def UpdateWorkbook(
        self, request: service.UpdateWorkbookRequest, context: _Context
    ) -> service.UpdateWorkbookResponse:
        row = await self._workbooks.update(
            current_caller(),
            request.definition,
            namespace=request.namespace,
            scope=scope_text(request.scope),
            etag=request.etag,
        )
        return service.UpdateWorkbookResponse(workbook=_message(row))

    async def GetWorkbook(self, request: service.GetWorkbookRequest, context: _Context) -> service.GetWorkbookResponse:
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        row = await self._workbooks.get(current_caller(), request.name, namespace=request.namespace)
        return service.GetWorkbookResponse(workbook=SHAPE.write(row, fields))

    async def ListWorkbooks(
        self, request: service.ListWorkbooksRequest, context: _Context
    ) -> service.ListWorkbooksResponse:
        call = list_call(request, SHAPE, filters=[exactly(request, "namespace")])
        workbooks, token = await call.answer(lambda page: self._workbooks.page(current_caller(), page))
        return service.ListWorkbooksResponse(workbooks=workbooks, next_page_token=token)

    async def DeleteWorkbook(
        self, request: service.DeleteWorkbookRequest, context: _Context
    ) -> service.DeleteWorkbookResponse:
        await self._workbooks.delete(current_caller(), request.name, namespace=request.namespace, etag=request.etag)
        return service.DeleteWorkbookResponse()

    async def ValidateWorkbook(
        self, request: service.ValidateWorkbookRequest, context: _Context
    ) -> service.ValidateWorkbookResponse:
        fault = self._workbooks.fault(request.definition)
        return service.ValidateWorkbookResponse(valid=fault is None, error=fault or "")


def _message(row: Row) -> messages.Workbook:
    return SHAPE.write(row, SHAPE.all)
