"""What a call can end with, by kind."""

from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.message import DecodeError

from mistral_sdk.stubs import error_details_pb2, status_pb2

if TYPE_CHECKING:
    from mistral_sdk.client.executions import Execution

_DETAILS = "grpc-status-details-bin"


class MeshError(Exception):
    """The mesh refused a call, or could not be asked.

    Attributes:
        code: Status of gRPC, such as ``NOT_FOUND``.
        reason: For programs, such as ``INVALID_DEFINITION``; docs/grpc.md lists them.
        field: Way to the field of the request that is wrong; empty if it is not about one.
    """

    def __init__(self, message: str, *, code: str = "", reason: str = "", field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.field = field


class InvalidRequest(MeshError):
    """What was sent is wrong; `field` says where, and a definition is told with its line."""


class NotFound(MeshError):
    """It is not there, or not visible."""


class Conflict(MeshError):
    """It is there already, or was changed meanwhile."""


class WrongState(MeshError):
    """Not now: what is final cannot be paused, for instance."""


class Forbidden(MeshError):
    """It is another project's, or the policy says no."""


class Unauthenticated(MeshError):
    """There is no valid key or token."""


class LimitExceeded(MeshError):
    """Too much at once, or too large."""


class Unavailable(MeshError):
    """The mesh could not be reached in time; the call may be repeated."""


class WaitTimeout(MeshError):
    """It was not over in time; it goes on. `execution` is how it stood at last."""

    def __init__(self, message: str, execution: "Execution") -> None:
        super().__init__(message, code="DEADLINE_EXCEEDED")
        self.execution = execution


class ExecutionFailed(MeshError):
    """The execution ended other than well; `execution` says how."""

    def __init__(self, execution: "Execution") -> None:
        super().__init__(f"{execution.workflow} ended as {execution.state}: {execution.state_info}")
        self.execution = execution


_KINDS: dict[str, type[MeshError]] = {
    "INVALID_ARGUMENT": InvalidRequest,
    "OUT_OF_RANGE": InvalidRequest,
    "NOT_FOUND": NotFound,
    "ALREADY_EXISTS": Conflict,
    "ABORTED": Conflict,
    "FAILED_PRECONDITION": WrongState,
    "PERMISSION_DENIED": Forbidden,
    "UNAUTHENTICATED": Unauthenticated,
    "RESOURCE_EXHAUSTED": LimitExceeded,
    "UNAVAILABLE": Unavailable,
    "DEADLINE_EXCEEDED": Unavailable,
}


def error_of(error: grpc.RpcError) -> MeshError:
    """Return what a failed call means."""
    code = error.code().name
    # Of pairs, or of what can be taken for pairs.
    metadata: Any = error.trailing_metadata() or ()
    reason, field, message = _told(next((pair[1] for pair in metadata if pair[0] == _DETAILS), b""))
    text = message or error.details() or code
    return _KINDS.get(code, MeshError)(text, code=code, reason=reason, field=field)


def _told(details: bytes | str) -> tuple[str, str, str]:
    """Read the details of an error: reason, field, and a message if there is one."""
    reason = field = ""
    status = status_pb2.Status()
    try:
        status.ParseFromString(details if isinstance(details, bytes) else details.encode())
    except DecodeError:
        return "", "", ""
    for detail in status.details:
        kind = detail.type_url.rpartition("/")[2]
        if kind == "google.rpc.ErrorInfo":
            reason = error_details_pb2.ErrorInfo.FromString(detail.value).reason
        elif kind == "google.rpc.BadRequest":
            for violation in error_details_pb2.BadRequest.FromString(detail.value).field_violations:
                field = field or violation.field
    return reason, field, status.message
