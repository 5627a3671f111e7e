"""Pools of workers: runs that the same workers can take share a queue on the bus, and this says what it is called."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

FLEET_LABEL: Final = "mistral.fleet"
"""Label of temporary workers: name of their fleet."""
EXECUTION_LABEL: Final = "mistral.execution"
"""Label of temporary workers: id of the root execution that they are for."""

_PREFIX: Final = "w-"
_DIGEST_BYTES: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What a run needs of the worker that takes it, and the limits that it shares with others.

    Attributes:
        project: Whose workers offer the action.
        labels: Pairs of label and value that the worker must have, in order.
        limit_key: Runs of the same key share the limits; empty when there are none.
        concurrency: Most runs at once in the whole mesh; 0 for no limit.
        rate: Most runs that begin in a second; 0 for no limit.
    """

    project: str
    queue: str
    action: str
    labels: tuple[tuple[str, str], ...] = ()
    limit_key: str = ""
    concurrency: int = 0
    rate: float = 0.0

    @property
    def plain(self) -> bool:
        """Whether every worker that offers the action on the queue can take from it, so nobody need be told of it."""
        return not self.labels and not self.limit_key

    @property
    def token(self) -> str:
        """Return its queue on the bus: the same in every process, and free of what subjects must not hold."""
        return _token(self.project, self.queue, self.action, self.labels, self.limit_key)


@lru_cache(maxsize=4096)
def _token(*parts: object) -> str:
    text = json.dumps(parts, ensure_ascii=False)
    return _PREFIX + hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()


def is_pool(token: str) -> bool:
    """Whether a queue on the bus is one of a pool of workers."""
    return token.startswith(_PREFIX)
