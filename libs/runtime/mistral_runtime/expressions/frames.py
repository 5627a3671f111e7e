"""What a service and a process that evaluates say to each other: frames of a kind and a body.

What the service sends is marshalled, the fastest for plain values; the other side is not trusted, so what comes from
there is JSON.
"""

from __future__ import annotations

import marshal
import struct
from collections.abc import Mapping
from typing import Any

from mistral_core.expressions import Limits
from mistral_core.expressions.plain import plain

READY, EVALUATE, REPLY, REFUSE, DROP = b"O", b"E", b"R", b"X", b"D"
VALUE, FAULT, ASK, LEAVING = b"V", b"F", b"A", b"L"

HEAD = struct.Struct("!cI")

# Without references, so that equal values are equal bytes.
_VERSION = 2


def frame(kind: bytes, body: bytes = b"") -> bytes:
    return HEAD.pack(kind, len(body)) + body


def packed(value: Any) -> bytes:
    """Return a value as bytes; equal values give equal bytes.

    Raises:
        Exception: If it is nested too deep or is nothing that JSON knows.
    """
    try:
        return marshal.dumps(value, _VERSION)
    except ValueError:
        # Perhaps some other kind of mapping is in it.
        return marshal.dumps(plain(value, Limits()), _VERSION)


def unpacked(body: bytes) -> Any:
    return marshal.loads(body)


def root_of(flat: Any) -> Any:
    """Return the root of a scope as something to pack."""
    return dict(flat) if isinstance(flat, Mapping) and type(flat) is not dict else flat


class Reader:
    """Puts frames together from pieces as they come; ``largest`` is the most bytes of one."""

    def __init__(self, largest: int | None = None) -> None:
        self._buffer = bytearray()
        self._largest = largest

    def feed(self, piece: bytes) -> None:
        """Take the next piece.

        Raises:
            ValueError: If a frame becomes too large.
        """
        self._buffer += piece
        if self._largest is not None and len(self._buffer) > self._largest:
            raise ValueError("a frame is too large")

    def take(self) -> tuple[bytes, bytes] | None:
        """Return the next frame as kind and body, or None if it has not all come."""
        buffer = self._buffer
        if len(buffer) < HEAD.size:
            return None
        kind, size = HEAD.unpack_from(buffer)
        end = HEAD.size + size
        if len(buffer) < end:
            return None
        body = bytes(buffer[HEAD.size : end])
        del buffer[:end]
        return kind, body
