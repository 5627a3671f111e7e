"""The one table between the error tree of the core and gRPC statuses, both ways.

A status carries ``google.rpc`` details: ErrorInfo (reason in capitals, domain ``mistral``, what the error knows about
itself as metadata), BadRequest for what the caller must change, ResourceInfo for the thing that it is about, RetryInfo
for what may succeed later.
"""

import re
from collections.abc import Callable

import grpc
import grpc.aio
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2  # type: ignore[import-untyped]

from mistral_core.errors import (
    Conflict,
    EtagMismatch,
    ExpressionFailed,
    Forbidden,
    HistoryGone,
    IllegalState,
    InMaintenance,
    Invalid,
    InvalidDefinition,
    InvalidInput,
    LimitExceeded,
    NotFound,
    RequestIdReused,
    Unauthenticated,
    Unavailable,
    WorkflowError,
)
from mistral_runtime.bus.errors import BusUnavailable

DOMAIN = "mistral"
DETAILS_KEY = "grpc-status-details-bin"
RETRY_SECONDS = 1.0

_STATUS: dict[type[Exception], grpc.StatusCode] = {
    NotFound: grpc.StatusCode.NOT_FOUND,
    HistoryGone: grpc.StatusCode.OUT_OF_RANGE,
    Conflict: grpc.StatusCode.ALREADY_EXISTS,
    EtagMismatch: grpc.StatusCode.ABORTED,
    RequestIdReused: grpc.StatusCode.ALREADY_EXISTS,
    Forbidden: grpc.StatusCode.PERMISSION_DENIED,
    Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    InvalidDefinition: grpc.StatusCode.INVALID_ARGUMENT,
    InvalidInput: grpc.StatusCode.INVALID_ARGUMENT,
    Invalid: grpc.StatusCode.INVALID_ARGUMENT,
    ExpressionFailed: grpc.StatusCode.INVALID_ARGUMENT,
    IllegalState: grpc.StatusCode.FAILED_PRECONDITION,
    LimitExceeded: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
    InMaintenance: grpc.StatusCode.UNAVAILABLE,
    BusUnavailable: grpc.StatusCode.UNAVAILABLE,
}

_RETRYABLE = (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE)


def _reason(kind: type[Exception]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).upper()


_BY_REASON: dict[str, type[Exception]] = {_reason(kind): kind for kind in _STATUS}

# For peers that send no details, such as a proxy in between.
_BY_STATUS: dict[grpc.StatusCode, type[WorkflowError]] = {
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.ALREADY_EXISTS: Conflict,
    grpc.StatusCode.ABORTED: Conflict,
    grpc.StatusCode.PERMISSION_DENIED: Forbidden,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.INVALID_ARGUMENT: Invalid,
    grpc.StatusCode.OUT_OF_RANGE: Invalid,
    grpc.StatusCode.FAILED_PRECONDITION: IllegalState,
    grpc.StatusCode.RESOURCE_EXHAUSTED: LimitExceeded,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: Unavailable,
}


def status_of(error: Exception) -> tuple[grpc.StatusCode, status_pb2.Status] | None:
    """Return the status and its details for an error that we know, None for any other."""
    kind = next((kind for kind in type(error).__mro__ if kind in _STATUS), None)
    if kind is None:
        return None
    code = _STATUS[kind]
    status = status_pb2.Status(code=code.value[0], message=str(error))
    _add(status, error_details_pb2.ErrorInfo(reason=_reason(kind), domain=DOMAIN, metadata=_knows(error)))
    if isinstance(error, Invalid):
        _add(status, _bad_request(error))
    if isinstance(error, WorkflowError) and error.resource is not None:
        resource_type, name = error.resource
        _add(status, error_details_pb2.ResourceInfo(resource_type=resource_type, resource_name=name))
    if code in _RETRYABLE:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromNanoseconds(int(getattr(error, "retry_seconds", RETRY_SECONDS) * 1e9))
        _add(status, retry)
    return code, status


def internal_status(reference: str) -> status_pb2.Status:
    """What a caller is told of an unexpected error: nothing but where to find it in the log."""
    status = status_pb2.Status(code=code_pb2.INTERNAL, message=f"internal error, reference {reference}")
    _add(status, error_details_pb2.ErrorInfo(reason="INTERNAL", domain=DOMAIN, metadata={"reference": reference}))
    return status


def error_from(error: grpc.RpcError) -> WorkflowError:
    """Turn a failed call back into the error that the other side raised."""
    if not isinstance(error, grpc.aio.AioRpcError):
        return WorkflowError(str(error))
    code, message = error.code(), error.details() or error.code().name
    info = _error_info(error)
    kind = _BY_REASON.get(info.reason) if info is not None and info.domain == DOMAIN else None
    if info is not None and (make := _MAKERS.get(kind or WorkflowError)):
        return make(message, dict(info.metadata))
    if kind is not None and issubclass(kind, Invalid):
        return kind(message, field=_faulty_field(error))
    if kind is not None and issubclass(kind, WorkflowError):
        return kind(message)
    return _BY_STATUS.get(code, WorkflowError)(message)


def _knows(error: Exception) -> dict[str, str]:
    match error:
        case InvalidDefinition():
            known = {"reason": error.reason, "path": error.path, "line": error.line, "column": error.column}
            return {key: str(value) for key, value in known.items() if value not in (None, "")}
        case ExpressionFailed():
            return {"language": error.language, "expression": error.expression[:500], "error": error.error}
        case _:
            return {}


def _definition(message: str, known: dict[str, str]) -> WorkflowError:
    line, column = known.get("line"), known.get("column")
    return InvalidDefinition(
        known.get("reason", message),
        path=known.get("path", ""),
        line=int(line) if line else None,
        column=int(column) if column else None,
    )


def _expression(message: str, known: dict[str, str]) -> WorkflowError:
    return ExpressionFailed(known.get("language", ""), known.get("expression", ""), known.get("error", message))


_MAKERS: dict[type[Exception], Callable[[str, dict[str, str]], WorkflowError]] = {
    InvalidDefinition: _definition,
    ExpressionFailed: _expression,
}


def _bad_request(error: Invalid) -> error_details_pb2.BadRequest:
    field, description = error.field, str(error)
    if isinstance(error, InvalidDefinition):
        field, description = ".".join(filter(None, (error.field, error.path))), error.reason
    violation = error_details_pb2.BadRequest.FieldViolation(field=field, description=description)
    return error_details_pb2.BadRequest(field_violations=[violation])


def _add(
    status: status_pb2.Status,
    detail: error_details_pb2.ErrorInfo
    | error_details_pb2.BadRequest
    | error_details_pb2.ResourceInfo
    | error_details_pb2.RetryInfo,
) -> None:
    packed = any_pb2.Any()
    packed.Pack(detail)
    status.details.append(packed)


def _error_info(error: grpc.aio.AioRpcError) -> error_details_pb2.ErrorInfo | None:
    info = error_details_pb2.ErrorInfo()
    return info if _unpacked(error, info) else None


def _faulty_field(error: grpc.aio.AioRpcError) -> str:
    bad = error_details_pb2.BadRequest()
    _unpacked(error, bad)
    return next((violation.field for violation in bad.field_violations), "")


def _unpacked(error: grpc.aio.AioRpcError, detail: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> bool:
    """Fill in a detail of its kind, if the error has one."""
    found = (value for key, value in error.trailing_metadata() or () if key == DETAILS_KEY)
    return any(
        each.Unpack(detail)
        for value in found
        if isinstance(value, bytes)
        for each in status_pb2.Status.FromString(value).details
    )
