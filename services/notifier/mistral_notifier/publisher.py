"""What a publisher is: the contract for plug-ins. How they are found is ``publishers``.

A package adds a publisher by an entry point in the group ``mistral_mesh.publishers``: its name is the ``type`` that
``notify`` entries bear, its object is called with the ``Environment`` of the service and returns a ``Publisher``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


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
