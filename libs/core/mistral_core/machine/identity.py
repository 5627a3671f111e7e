"""Ids derived rather than drawn: the core has no randomness, yet must name what it creates.

An id keeps the leading half of the execution's id, which holds its time, so rows of one execution lie near each
other in an index; the other half is a hash of the execution's id and a running number.
"""

from hashlib import blake2b


def derived_id(execution_id: str, sequence: int) -> str:
    """Return the UUID text of the ``sequence``-th record of an execution.

    The same arguments give the same id. ``execution_id`` is UUID text of 36 characters.
    """
    tail = blake2b(b"%s/%d" % (execution_id.encode(), sequence), digest_size=8).hexdigest()
    return f"{execution_id[:14]}8{execution_id[15:18]}-8{tail[:3]}-{tail[3:15]}"
