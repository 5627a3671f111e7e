"""Errors as REST answers them: one table from the error tree to statuses, and the three shapes of a body."""

import logging
import secrets
from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

import msgspec
from starlette.responses import Response

from mistral_core.errors import (
    Conflict,
    ExpressionFailed,
    Forbidden,
    HistoryGone,
    IllegalState,
    InMaintenance,
    Invalid,
    LimitExceeded,
    NotFound,
    Unauthenticated,
    Unavailable,
    WorkflowError,
)

_log = logging.getLogger(__name__)

JSON: Final = "application/json"


class BodyTooLarge(LimitExceeded):
    """The body of a request goes past the limit."""


class Shape(Enum):
    """How an endpoint words its errors."""

    DATA = auto()
    """Endpoints that take JSON: ``faultcode``, ``faultstring``, ``debuginfo``."""
    TEXT = auto()
    """Endpoints that take text: ``faultstring`` alone."""


_STATUSES: Final[tuple[tuple[type[WorkflowError], int], ...]] = (
    (HistoryGone, 410),
    (BodyTooLarge, 413),
    (NotFound, 404),
    (Conflict, 409),
    (Forbidden, 403),
    (Unauthenticated, 401),
    (Invalid, 400),
    (ExpressionFailed, 400),
    (IllegalState, 400),
    (LimitExceeded, 429),
    (Unavailable, 503),
)
_CHALLENGE: Final = 'Bearer realm="mistral"'
_RETRY: Final = frozenset({429, 503})


def status_of(error: WorkflowError) -> int:
    """Return the HTTP status of an error."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def answer(error: Exception, shape: Shape) -> Response:
    """Return the answer for an error; of one without a name only a reference to the log is told."""
    if isinstance(error, Unauthenticated):
        return plain(401, str(error), {"WWW-Authenticate": _CHALLENGE})
    if isinstance(error, InMaintenance):
        return plain(423, str(error), {"Retry-After": f"{error.retry_seconds:g}"})
    if isinstance(error, WorkflowError):
        status, message = status_of(error), str(error)
    else:
        reference = secrets.token_hex(8)
        _log.error("a request failed, reference %s", reference, exc_info=error)
        status, message = 500, f"Internal error, reference {reference}"
    return fault(status, message, shape)


def fault(status: int, message: str, shape: Shape = Shape.DATA, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer of that status."""
    body: dict[str, str | None] = {"faultstring": message}
    if shape is Shape.DATA:
        body = {"faultcode": "Client" if status < 500 else "Server", "faultstring": message, "debuginfo": None}
    more = dict(headers or {})
    if status in _RETRY:
        more["Retry-After"] = "1"
    if status == 413:
        # What is left of the body is not read.
        more["Connection"] = "close"
    return Response(msgspec.json.encode(body), status, more, JSON)


def plain(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer in plain text, as given before a request reaches its resource."""
    return Response(message, status, {"Server-Error-Message": message, **(headers or {})}, "text/plain")
