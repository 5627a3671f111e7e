"""Ids derived rather than drawn: the core has no randomness, yet must name what it creates.

An id keeps the leading half of the execution's id, which holds its time, so rows of one execution lie near each
other in an index; the other half is a running number, scrambled with a hash of the execution's id.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import Final

_MASK: Final = (1 << 64) - 1


@lru_cache(maxsize=4096)
def _seed(execution_id: str) -> tuple[str, int]:
    head = f"{execution_id[:14]}8{execution_id[15:18]}-8"
    return head, int.from_bytes(blake2b(execution_id.encode(), digest_size=8).digest(), "big")


def derived_id(execution_id: str, sequence: int) -> str:
    """Return the UUID text of the ``sequence``-th record of an execution.

    The same arguments give the same id. ``execution_id`` is UUID text of 36 characters.
    """
    head, seed = _seed(execution_id)
    # The finalizer of splitmix64: neighbouring numbers give unrelated ids.
    mixed = (seed + sequence * 0x9E3779B97F4A7C15) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    tail = f"{mixed ^ (mixed >> 31):016x}"
    return f"{head}{tail[:3]}-{tail[3:15]}"
