"""How a run ended, in the form that travels: an outcome and a JSON value."""

import json
from typing import Any

import msgspec

from mistral.internal.v1 import envelope_pb2 as bus_pb2
from mistral.internal.v1.envelope_pb2 import ActionTask

SUCCESS = bus_pb2.ACTION_OUTCOME_SUCCESS
ERROR = bus_pb2.ACTION_OUTCOME_ERROR
CANCELLED = bus_pb2.ACTION_OUTCOME_CANCELLED
REFUSED = bus_pb2.ACTION_OUTCOME_REFUSED
DEFERRED = bus_pb2.ACTION_OUTCOME_DEFERRED
LOST = bus_pb2.ACTION_OUTCOME_LOST

NAMES: dict[int, str] = {
    SUCCESS: "success",
    ERROR: "error",
    CANCELLED: "cancelled",
    REFUSED: "refused",
    DEFERRED: "deferred",
    LOST: "lost",
}

# The end of an exception's text is cut off; a state's reason takes no more either.
_MOST_CHARACTERS = 30_000
_encoder = msgspec.json.Encoder()


class Unsendable(Exception):
    """The value cannot be a result; the message says why."""


def encoded(value: Any, limit_kb: int) -> bytes:
    """Turn a value into JSON; null is no bytes at all.

    Raises:
        Unsendable: If it has no form in JSON, or a longer one than allowed.
    """
    if value is None:
        return b""
    try:
        data = _encoder.encode(value)
    except OverflowError:
        data = _with_long_integers(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise Unsendable(f"The result is not JSON: {_cut(str(error) or type(error).__name__)}") from None
    if 0 <= limit_kb * 1024 < len(data):
        size = -(-len(data) // 1024)
        raise Unsendable(
            f"Field size limit exceeded [class=ActionExecution, field=output, size={size}KB, limit={limit_kb}KB]"
        )
    return data


def _with_long_integers(value: Any) -> bytes:
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Unsendable(f"The result is not JSON: {_cut(str(error))}") from None


def text(message: str) -> bytes:
    return _encoder.encode(_cut(message))


def exception_text(task: ActionTask, error: BaseException) -> str:
    """The error of an action that raised; the exception's text is part of it, its input is not."""
    said = _cut(str(error)) or type(error).__name__
    return f"The action raised an exception [action={task.action}, action_ex_id={task.action_id}, msg='{said}']"


def _cut(message: str) -> str:
    # A lone surrogate has no form in JSON.
    return message[:_MOST_CHARACTERS].encode("utf-8", "replace").decode()
