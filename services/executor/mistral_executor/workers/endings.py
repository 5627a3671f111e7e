"""What a worker says of how a run ended, turned into the answer that travels; or what is wrong with it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from mistral.v1 import worker_pb2
from mistral_core.errors import InvalidInput
from mistral_executor import outcome

_ENCODINGS: Final = ("", "json")
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Ending(NamedTuple):
    """An answer: one of ``outcome``, a JSON value (empty for null), whether a retry is in vain."""

    kind: int
    value: bytes
    permanent: bool


class BadResult(Exception):
    """What was said cannot be taken; the text says why. The run has failed with it."""


def ending_of(result: worker_pb2.AssignmentResult, limit_bytes: int) -> Ending:
    """Return the answer that a result gives.

    Raises:
        BadResult: If it is too large or no JSON.
        InvalidInput: If it says nothing.
    """
    match result.WhichOneof("outcome"):
        case "success":
            success = result.success
            if success.encoding not in _ENCODINGS:
                raise BadResult(f"The result is written in '{success.encoding[:50]}', which is not known")
            return Ending(outcome.SUCCESS, _checked(success.output, "output", limit_bytes), False)
        case "failure":
            return Ending(outcome.ERROR, _error(result.failure, limit_bytes), result.failure.permanent)
        case "deferral":
            return Ending(outcome.DEFERRED, b"", False)
        case "cancellation":
            return Ending(outcome.CANCELLED, b"", False)
    raise InvalidInput("a result needs an outcome: success, failure, deferral or cancellation")


def _checked(value: bytes, what: str, limit_bytes: int) -> bytes:
    if len(value) > limit_bytes:
        size, limit = -(-len(value) // 1024), limit_bytes // 1024
        raise BadResult(
            f"Field size limit exceeded [class=ActionExecution, field={what}, size={size}KB, limit={limit}KB]"
        )
    _parsed(value)
    return value


def _parsed(value: bytes) -> Any:
    try:
        return _decode(value) if value else None
    except (ValueError, RecursionError) as error:
        raise BadResult(f"The result is not JSON: {str(error)[:200]}") from None


def _error(failure: worker_pb2.AssignmentFailure, limit_bytes: int) -> bytes:
    if not failure.type and not failure.details:
        return _checked(outcome.text(failure.message), "output", limit_bytes)
    error: dict[str, Any] = {}
    if failure.type:
        error["type"] = failure.type
    if failure.message:
        error["message"] = failure.message
    if failure.details:
        _checked(failure.details, "output", limit_bytes)
        error["details"] = msgspec.Raw(failure.details)
    return _checked(_encode(error), "output", limit_bytes)
