"""What the answer of an application means: a result, a failure, that it comes later, or that nothing has begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec

from mistral.v1 import worker_pb2

_LONGEST_MESSAGE: Final = 2_000
_ACCEPTED: Final = 202
_NO_CONTENT: Final = 204
# What is said by those that had no time even to look at the request.
_BUSY: Final = frozenset({429, 503})
_ERROR_KEYS: Final = frozenset({"type", "message", "details", "permanent"})


@dataclass(frozen=True, slots=True)
class Ended:
    """The run has ended."""

    result: worker_pb2.AssignmentResult


@dataclass(frozen=True, slots=True)
class Later:
    """The application has taken the run and tells its end by a call of its own."""


@dataclass(frozen=True, slots=True)
class NotBegun:
    """The application has not begun the run: it may be called again.

    Attributes:
        after: Seconds that the application asks to wait; None if it does not say.
    """

    reason: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether the application has begun the run: the connection broke, or the answer did not come."""

    reason: str


Reply: TypeAlias = Ended | Later | NotBegun | Unknown


def reply_of(token: str, status: int, content_type: str, body: bytes, retry_after: str | None) -> Reply:
    """Return what an answer means."""
    if status in _BUSY:
        return NotBegun(f"HTTP {status}", _seconds(retry_after))
    if status == _ACCEPTED:
        return Later()
    if 200 <= status < 300:
        return _succeeded(token, status, content_type, body)
    return Ended(_failure(token, status, content_type, body))


def failed(token: str, kind: str, message: str, *, permanent: bool = False) -> Ended:
    """Return a failure that the mesh found, not the application."""
    failure = worker_pb2.AssignmentFailure(type=kind, message=message[:_LONGEST_MESSAGE], permanent=permanent)
    return Ended(worker_pb2.AssignmentResult(token=token, failure=failure))


def _succeeded(token: str, status: int, content_type: str, body: bytes) -> Ended:
    if status == _NO_CONTENT or not body:
        return Ended(worker_pb2.AssignmentResult(token=token, success=worker_pb2.AssignmentSuccess()))
    if not _is_json(content_type):
        try:
            body = msgspec.json.encode(body.decode())
        except UnicodeDecodeError:
            return failed(token, "BadAnswer", "The answer is neither JSON nor text", permanent=True)
    elif not _decodes(body):
        return failed(token, "BadAnswer", "The answer says that it is JSON and is not", permanent=True)
    return Ended(worker_pb2.AssignmentResult(token=token, success=worker_pb2.AssignmentSuccess(output=body)))


def _failure(token: str, status: int, content_type: str, body: bytes) -> worker_pb2.AssignmentResult:
    """The application's own error object, or what there is of its answer."""
    said = _object(body) if _is_json(content_type) else None
    if said is not None and isinstance(said.get("message"), str) and said.keys() <= _ERROR_KEYS:
        kind, details = said.get("type"), said.get("details")
        failure = worker_pb2.AssignmentFailure(
            type=kind if isinstance(kind, str) else f"HTTP{status}",
            message=said["message"],
            details=b"" if details is None else msgspec.json.encode(details),
            permanent=said.get("permanent") is True,
        )
    else:
        text = body.decode("utf-8", "replace").strip()[:_LONGEST_MESSAGE]
        failure = worker_pb2.AssignmentFailure(type=f"HTTP{status}", message=text or f"HTTP {status}")
    return worker_pb2.AssignmentResult(token=token, failure=failure)


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def _decodes(body: bytes) -> bool:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after and retry_after.strip().isdecimal() else None
