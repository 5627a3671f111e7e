"""The child's side of the conversation: a request comes, an answer goes, each with its length before it."""

import os
import struct
from collections.abc import Callable

_LENGTH = struct.Struct(">I")


def serve(answer: Callable[[bytes], bytes]) -> None:
    """Answer requests until the other side is gone.

    Standard input and output are taken for this and replaced: what the code prints goes nowhere.
    """
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    while len(head := source.read(_LENGTH.size)) == _LENGTH.size:
        said = answer(source.read(_LENGTH.unpack(head)[0]))
        target.write(_LENGTH.pack(len(said)) + said)
        target.flush()
