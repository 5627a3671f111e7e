"""Reading what a child answers: it is a JSON object, and nothing else about it is sure."""

import json
from typing import Any

import msgspec

from mistral_executor.sandbox.worker import WorkerDied

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def decoded(answer: bytes) -> dict[str, Any]:
    """Decode an answer. Raises WorkerDied if it is none."""
    try:
        return _decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Halves of characters and the like, which only the library of Python takes.
        pass
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        raise WorkerDied("its process gave no answer that can be read") from None
    if not isinstance(value, dict):
        raise WorkerDied("its process gave no answer that can be read")
    return value
