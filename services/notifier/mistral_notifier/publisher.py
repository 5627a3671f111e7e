"""What a publisher is, and how they are found: the contract for plug-ins.

A package adds a publisher by an entry point in the group ``mistral_mesh.publishers``: its name is the ``type`` that
``notify`` entries bear, its object is called with the ``Environment`` of the service and returns a ``Publisher``.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points
from typing import Any, Protocol

from mistral_runtime.settings import Environment

_log = logging.getLogger(__name__)

GROUP = "mistral_mesh.publishers"


@dataclass(frozen=True, slots=True)
class Notice:
    """What shall be told.

    Attributes:
        id: The same at every attempt, so that receivers know a repeat.
        event: What happened, such as ``WORKFLOW_FAILED``.
        payload: JSON text with ids, names, states and times; no input or output.
        attempt: From 1.
    """

    id: str
    execution_id: str
    event: str
    payload: str
    created_at: datetime
    attempt: int


class DeliveryFailed(Exception):
    """The attempt came to nothing; the text is kept and shown to people, so it bears no secrets.

    Attributes:
        permanent: Whether a further attempt is pointless.
        unreachable: Whether the destination as a whole seems to be away.
        again_after: Seconds that the destination asks to be left alone; None if it did not say.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        unreachable: bool = False,
        again_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.unreachable = unreachable
        self.again_after = again_after


class Publisher(Protocol):
    """Tells the outside, one notice at a time; many calls run at once."""

    async def publish(self, notice: Notice, options: Mapping[str, Any]) -> None:
        """Return once the notice is delivered; ends within some ten seconds.

        Args:
            options: The ``notify`` entry: ``type`` and whatever this publisher needs.

        Raises:
            DeliveryFailed: If it was not delivered.
        """

    async def close(self) -> None:
        """Let go of connections; no call follows."""


class Publishers:
    """The publishers of this process by type; each is made when first needed."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._found = {point.name: point for point in entry_points(group=GROUP)}
        self._made: dict[str, Publisher] = {}

    def __getitem__(self, kind: str) -> Publisher:
        """Return the publisher of a type.

        Raises:
            DeliveryFailed: If there is none, for good.
        """
        if kind not in self._made:
            if kind not in self._found:
                raise DeliveryFailed(f"there is no publisher of type {kind!r}", permanent=True)
            self._made[kind] = self._found[kind].load()(self._environment)
        return self._made[kind]

    async def close(self) -> None:
        for publisher in self._made.values():
            await publisher.close()
