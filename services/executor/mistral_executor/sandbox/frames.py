"""The child's side of the conversation: it says that it is ready, a request comes, an answer goes.

Requests and answers have their length before them and travel over standard input and output, readiness over standard
error.
"""

import os
import struct
from collections.abc import Callable

READY = b"."

_LENGTH = struct.Struct(">I")


def serve(answer: Callable[[bytes], bytes]) -> None:
    """Answer requests until the other side is gone."""
    os.write(2, READY)
    while (request := read(0)) is not None:
        write(1, answer(request))
        os.write(2, READY)


def read(source: int) -> bytes | None:
    """Read a request; None if there will be none."""
    head = _exactly(source, _LENGTH.size)
    return None if head is None else _exactly(source, _LENGTH.unpack(head)[0])


def write(target: int, answer: bytes) -> None:
    """Write an answer whole."""
    left = memoryview(_LENGTH.pack(len(answer)) + answer)
    while left:
        left = left[os.write(target, left) :]


def _exactly(source: int, size: int) -> bytes | None:
    # Nothing is read ahead: what follows may be for another process.
    parts: list[bytes] = []
    while size:
        part = os.read(source, min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
