"""WorkflowMemberService of ``mistral.v1``."""

from collections.abc import Mapping
from typing import Any, Final

import grpc.aio

from mistral.v1 import workflow_member_pb2 as messages
from mistral.v1 import workflow_member_service_pb2 as service
from mistral.v1 import workflow_member_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rpc.paging import list_call
from mistral_api_gateway.rpc.shapes import TIME, Shape, plain
from mistral_core.errors import InvalidInput
from mistral_persistence.members import MEMBERS, Row

_Context = grpc.aio.ServicerContext[Any, Any]

_TO_MESSAGE: Final[Mapping[str, messages.MemberStatus.ValueType]] = {
    "pending": messages.MEMBER_STATUS_PENDING,
    "accepted": messages.MEMBER_STATUS_ACCEPTED,
    "rejected": messages.MEMBER_STATUS_REJECTED,
}
_FROM_MESSAGE: Final[Mapping[int, str]] = {number: text for text, number in _TO_MESSAGE.items()}


def _status(text: str) -> str:
    status = text.removeprefix("MEMBER_STATUS_").lower()
    if status not in _TO_MESSAGE:
        raise InvalidInput(f"There is no status {text[:80]!r}, only {', '.join(_TO_MESSAGE)}")
    return status


SHAPE: Final = Shape(
    messages.WorkflowMember,
    MEMBERS,
    {
        "id": plain("id"),
        "workflow_id": plain("resource_id"),
        "project_id": plain("project_id"),
        "member_id": plain("member_id"),
        "status": plain("status", _TO_MESSAGE.__getitem__, literal=_status),
        "created_at": plain("created_at", TIME),
        "updated_at": plain("updated_at", TIME),
    },
)


class WorkflowMemberServicer(service_grpc.WorkflowMemberServiceServicer):
    """Shares workflows with other projects."""

    def __init__(self, gateway: Gateway) -> None:
        self._members = gateway.members

    async def CreateWorkflowMember(
        self, request: service.CreateWorkflowMemberRequest, context: _Context
    ) -> service.CreateWorkflowMemberResponse:
        row = await self._members.create(current_caller(), request.workflow_id, request.member_id)
        return service.CreateWorkflowMemberResponse(member=_message(row))

    async def GetWorkflowMember(
        self, request: service.GetWorkflowMemberRequest, context: _Context
    ) -> service.GetWorkflowMemberResponse:
        row = await self._members.get(current_caller(), request.workflow_id, request.member_id)
        return service.GetWorkflowMemberResponse(member=_message(row))

    async def ListWorkflowMembers(
        self, request: service.ListWorkflowMembersRequest, context: _Context
    ) -> service.ListWorkflowMembersResponse:
        call = list_call(request, SHAPE)
        members, token = await call.answer(lambda page: self._members.page(current_caller(), request.workflow_id, page))
        return service.ListWorkflowMembersResponse(members=members, next_page_token=token)

    async def UpdateWorkflowMember(
        self, request: service.UpdateWorkflowMemberRequest, context: _Context
    ) -> service.UpdateWorkflowMemberResponse:
        status = _FROM_MESSAGE.get(request.status, "")
        row = await self._members.answer(current_caller(), request.workflow_id, request.member_id, status)
        return service.UpdateWorkflowMemberResponse(member=_message(row))

    async def DeleteWorkflowMember(
        self, request: service.DeleteWorkflowMemberRequest, context: _Context
    ) -> service.DeleteWorkflowMemberResponse:
        await self._members.delete(current_caller(), request.workflow_id, request.member_id)
        return service.DeleteWorkflowMemberResponse()


def _message(row: Row) -> messages.WorkflowMember:
    return SHAPE.write(row, SHAPE.all)
