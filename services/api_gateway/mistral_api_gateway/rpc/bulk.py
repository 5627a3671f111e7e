"""ExecutionBulkService of ``mistral.v1``."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
from google.rpc import status_pb2  # type: ignore[import-untyped]

from mistral.v1 import execution_bulk_service_pb2 as service
from mistral.v1 import execution_bulk_service_pb2_grpc as service_grpc
from mistral.v1 import state_pb2
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.bulk import MOST, USUAL, Progress, Selection
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rpc.execution_shape import SHAPE
from mistral_api_gateway.rpc.states import state_text
from mistral_core.errors import InvalidInput, WorkflowError
from mistral_core.machine.state import State
from mistral_runtime.errors import status_of

_Context = grpc.aio.ServicerContext[Any, Any]


class ExecutionBulkServicer(service_grpc.ExecutionBulkServiceServicer):
    """Changes many executions at once."""

    def __init__(self, gateway: Gateway) -> None:
        self._bulk = gateway.bulk

    async def BulkPauseExecutions(
        self, request: service.BulkPauseExecutionsRequest, context: _Context
    ) -> AsyncIterator[service.BulkPauseExecutionsResponse]:
        async for progress in _named(self._bulk.pause(current_caller(), _selection(request.selection))):
            yield service.BulkPauseExecutionsResponse(progress=progress)

    async def BulkResumeExecutions(
        self, request: service.BulkResumeExecutionsRequest, context: _Context
    ) -> AsyncIterator[service.BulkResumeExecutionsResponse]:
        wanted = _selection(request.selection)
        async for progress in _named(self._bulk.resume(current_caller(), wanted, env=request.env.encode())):
            yield service.BulkResumeExecutionsResponse(progress=progress)

    async def BulkStopExecutions(
        self, request: service.BulkStopExecutionsRequest, context: _Context
    ) -> AsyncIterator[service.BulkStopExecutionsResponse]:
        wanted = _selection(request.selection)
        state = State.CANCELLED if request.state == state_pb2.STATE_UNSPECIFIED else state_text(request.state)
        async for progress in _named(self._bulk.stop(current_caller(), wanted, state=state, message=request.message)):
            yield service.BulkStopExecutionsResponse(progress=progress)

    async def BulkRerunExecutions(
        self, request: service.BulkRerunExecutionsRequest, context: _Context
    ) -> AsyncIterator[service.BulkRerunExecutionsResponse]:
        wanted, env = _selection(request.selection), request.env.encode()
        async for progress in _named(self._bulk.rerun(current_caller(), wanted, reset=request.reset, env=env)):
            yield service.BulkRerunExecutionsResponse(progress=progress)

    async def BulkDeleteExecutions(
        self, request: service.BulkDeleteExecutionsRequest, context: _Context
    ) -> AsyncIterator[service.BulkDeleteExecutionsResponse]:
        wanted = _selection(request.selection)
        async for progress in _named(self._bulk.delete(current_caller(), wanted, force=request.force)):
            yield service.BulkDeleteExecutionsResponse(progress=progress)


async def _named(changes: AsyncIterator[Progress]) -> AsyncIterator[service.BulkProgress]:
    try:
        async for progress in changes:
            yield _message(progress)
    except InvalidInput as error:
        # Only now the values of the filter were looked at.
        error.field = error.field or "selection.filter"
        raise


def _selection(asked: service.BulkSelection) -> Selection:
    text = asked.filter.strip()
    if not text:
        raise InvalidInput("The selection needs a filter; * takes all", field="selection.filter")
    if not 0 <= asked.limit <= MOST:
        raise InvalidInput(
            f"The limit must be from 1 to {MOST}, or 0 for {USUAL}: {asked.limit}", field="selection.limit"
        )
    filters, nulls = SHAPE.filters("" if text == "*" else text, field="selection.filter")
    return Selection(
        filters=filters,
        nulls=nulls,
        limit=asked.limit or USUAL,
        roots_only=not asked.include_sub_executions,
        validate_only=asked.validate_only,
    )


def _message(progress: Progress) -> service.BulkProgress:
    return service.BulkProgress(
        matched=progress.matched,
        succeeded=progress.succeeded,
        failed=progress.failed,
        failures=[_failure(execution_id, error) for execution_id, error in progress.failures],
        done=progress.done,
        limited=progress.limited,
        sample_ids=progress.sample,
    )


def _failure(execution_id: str, error: WorkflowError) -> service.BulkFailure:
    error.resource = error.resource or ("mistral.v1.Execution", execution_id)
    known = status_of(error)
    status = known[1] if known else status_pb2.Status(code=grpc.StatusCode.INTERNAL.value[0], message=str(error))
    return service.BulkFailure(id=execution_id, error=status)
