"""From what a handler did to what is said of it."""

import logging
from typing import Any

from mistral_sdk.actions import Action
from mistral_sdk.codec import CodecError, PayloadCodec, may_be_sealed, opened, sealed
from mistral_sdk.context import Context, Deferred
from mistral_sdk.failures import Cancelled, Failure, Misfit
from mistral_sdk.stubs import worker_pb2
from mistral_sdk.values import dumps, loads

_LOGGER = logging.getLogger("mistral_sdk.worker")
_MOST_MESSAGE = 4096


def arguments(action: Action, text: bytes, context: Context, codec: PayloadCodec | None) -> dict[str, Any]:
    """Return what to call the handler with.

    Raises:
        Failure: If the input does not fit; permanent, for it never will.
    """
    try:
        document = loads(text)
        if codec is not None and may_be_sealed(text):
            document = opened(document, codec)
        given = action.read({} if document is None else document)
    except Misfit as misfit:
        raise Failure(
            f"the input of {action.name} does not fit: {misfit}", type="InvalidInput", permanent=True
        ) from None
    except CodecError as error:
        raise Failure(f"the input of {action.name} cannot be decrypted: {error}", type="CodecError") from None
    if action.context:
        given[action.context] = context
    return given


def success(
    token: str, action: Action, value: Any, codec: PayloadCodec | None, most_bytes: int
) -> worker_pb2.AssignmentResult:
    """Say that it went well."""
    if isinstance(value, Deferred):
        return worker_pb2.AssignmentResult(token=token, deferral=worker_pb2.AssignmentDeferral())
    try:
        if action.ways and codec is not None:
            value = sealed(loads(dumps(value)), action.ways, codec)
        output = dumps(value)
    except Misfit as misfit:
        return _failed(token, "InvalidResult", f"the result of {action.name} {misfit}", permanent=True)
    if len(output) > most_bytes:
        problem = f"the result of {action.name} is too large: {len(output)} bytes, {most_bytes} are allowed"
        return _failed(token, "ResultTooLarge", problem, permanent=True)
    return worker_pb2.AssignmentResult(token=token, success=worker_pb2.AssignmentSuccess(output=output))


def failure(token: str, action: Action | None, error: BaseException) -> worker_pb2.AssignmentResult:
    """Say that it went wrong. Where, stands in the log of the worker; it is not for clients."""
    match error:
        case Cancelled():
            return worker_pb2.AssignmentResult(token=token, cancellation=worker_pb2.AssignmentCancellation())
        case Failure():
            result = _failed(token, error.type, error.message, permanent=error.permanent)
            if error.details is not None:
                try:
                    result.failure.details = dumps(error.details)
                except Misfit as misfit:
                    result.failure.details = dumps({"problem": f"the details {misfit}"})
            return result
        case _:
            _LOGGER.error("action %s has failed", action.name if action else "", exc_info=error)
            kind = type(error).__name__
            return _failed(token, kind, _text(error) or kind)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "an error that cannot be written as a text"


def unknown(token: str, name: str) -> worker_pb2.AssignmentResult:
    """Say that there is no such action here."""
    return _failed(token, "UnknownAction", f"this worker does not offer {name}")


def _failed(token: str, kind: str, message: str, *, permanent: bool = False) -> worker_pb2.AssignmentResult:
    text = message.encode(errors="replace")[:_MOST_MESSAGE].decode(errors="ignore")
    told = worker_pb2.AssignmentFailure(type=kind, message=text, permanent=permanent)
    return worker_pb2.AssignmentResult(token=token, failure=told)
