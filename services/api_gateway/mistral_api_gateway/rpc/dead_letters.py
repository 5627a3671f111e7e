"""DeadLetterService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import dead_letter_pb2 as messages
from mistral.v1 import dead_letter_service_pb2 as service
from mistral.v1 import dead_letter_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rpc.paging import list_call
from mistral_api_gateway.rpc.shapes import TIME, Shape, plain
from mistral_persistence.dead_deliveries import DEAD_LETTERS

_Context = grpc.aio.ServicerContext[Any, Any]

_PLAIN: Final = ("publisher", "destination", "event", "execution_id", "payload", "attempts", "error", "project_id")
SHAPE: Final = Shape(
    messages.DeadLetter,
    DEAD_LETTERS,
    {
        "id": plain("id"),
        "subscription_id": plain("subscription_id", lambda value: value or ""),
        **{name: plain(name) for name in _PLAIN},
        "created_at": plain("created_at", TIME),
        "given_up_at": plain("given_up_at", TIME),
    },
    heavy=("payload",),
)


class DeadLetterServicer(service_grpc.DeadLetterServiceServicer):
    """Keeps what was given up."""

    def __init__(self, gateway: Gateway) -> None:
        self._letters = gateway.dead_letters

    async def GetDeadLetter(
        self, request: service.GetDeadLetterRequest, context: _Context
    ) -> service.GetDeadLetterResponse:
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        row = await self._letters.get(current_caller(), request.id)
        return service.GetDeadLetterResponse(dead_letter=SHAPE.write(row, fields))

    async def ListDeadLetters(
        self, request: service.ListDeadLettersRequest, context: _Context
    ) -> service.ListDeadLettersResponse:
        call = list_call(request, SHAPE)
        found, token = await call.answer(lambda page: self._letters.page(current_caller(), page))
        return service.ListDeadLettersResponse(dead_letters=found, next_page_token=token)

    async def ReplayDeadLetters(
        self, request: service.ReplayDeadLettersRequest, context: _Context
    ) -> service.ReplayDeadLettersResponse:
        done = await self._letters.replay(
            current_caller(), list(request.ids), request.subscription_id, every=request.all
        )
        return service.ReplayDeadLettersResponse(replayed=done)

    async def DeleteDeadLetters(
        self, request: service.DeleteDeadLettersRequest, context: _Context
    ) -> service.DeleteDeadLettersResponse:
        done = await self._letters.delete(
            current_caller(), list(request.ids), request.subscription_id, every=request.all
        )
        return service.DeleteDeadLettersResponse(deleted=done)
