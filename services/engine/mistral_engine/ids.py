"""New ids and the time: what the core may not draw for itself."""

import hashlib
import os
import time
from uuid import UUID

from mistral_persistence.leases import PARTITIONS


def now() -> int:
    """Return microseconds since the epoch, UTC."""
    return time.time_ns() // 1_000


def new_id() -> str:
    """Return a UUID of version 7, which sorts by the time it was made."""
    stamp = time.time_ns() // 1_000_000
    value = (stamp << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return str(UUID(int=value))


def is_id(text: str) -> bool:
    """Tell whether a text can be the id of anything."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def id_of_request(project: str, request_id: str) -> str:
    """Return the id that a start with this request id always gets."""
    digest = bytearray(hashlib.sha256(f"{project}\0{request_id}".encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(digest)))


def partition_of_id(execution_id: str) -> int:
    """Return the partition of an execution whose id the caller chose: the same for every repeat."""
    return hashlib.blake2b(execution_id.encode(), digest_size=2).digest()[0] % PARTITIONS
