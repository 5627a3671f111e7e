"""An event as triggers see it, whatever it came from."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

from msgspec import Struct

from mistral_core.expressions import Scope

MESH_EXCHANGE: Final = "mistral"
"""Exchange of the events that the mesh itself tells of."""

EXECUTIONS_TOPIC: Final = "executions"
NAMED_TOPIC: Final = "named"
"""Topic of events by their logical names, which bindings and administrators make."""


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened.

    Attributes:
        id: UUID, made of the source and ``event_id``; see ``stored_id``.
        event_id: What the source calls it.
        type: What kind of thing it is, such as ``compute.instance.create.end``.
        project: Whose it is.
        public: Whether it is for the triggers of all projects.
        happened_at: As the source wrote it; empty if it did not say.
        depth: How many events led to it.
    """

    id: str
    source: str
    event_id: str
    exchange: str
    topic: str
    type: str
    project: str
    payload: Any
    received_at: datetime
    public: bool = False
    publisher: str = ""
    user: str = ""
    happened_at: str = ""
    depth: int = 0

    def document(self) -> dict[str, Any]:
        """Return what expressions see as ``$`` and ``_``."""
        return {
            "id": self.event_id,
            "source": self.source,
            "exchange": self.exchange,
            "topic": self.topic,
            "event_type": self.type,
            "publisher": self.publisher,
            "timestamp": self.happened_at or self.received_at.isoformat(),
            "received_at": self.received_at.isoformat(),
            "context": {"project_id": self.project, "user_id": self.user},
            "payload": self.payload,
        }

    def scope(self, **more: Any) -> Scope:
        """Return what expressions about it are evaluated in."""
        return Scope((more, self.document()), EventFacts(self))


class EventFacts:
    """What functions of the language tell where no execution is: the time, and ids that the event gives.

    Attributes:
        project: Whose the event is.
    """

    def __init__(self, event: Event) -> None:
        self._event = event
        self.project = event.project
        self._ids = 0

    def env(self) -> Mapping[str, Any]:
        return {}

    def execution(self) -> Mapping[str, Any]:
        return {}

    def task(self, name: str | None) -> None:
        return None

    def tasks(self, execution_id: str | None, recursive: bool, state: str | None, flat: bool) -> list[Any]:
        return []

    def executions(self, **filters: Any) -> list[Any]:
        return []

    def global_(self, name: str) -> None:
        return None

    def uuid(self) -> str:
        """Return the next id, the same whenever the event is looked at again."""
        self._ids += 1
        return stored_id(self._event.id, str(self._ids))

    def now(self) -> datetime:
        return self._event.received_at


def stored_id(source: str, event_id: str) -> str:
    """Return the UUID of an event: the same for the same source and id there, also after it was forgotten."""
    digest = blake2b(f"{source}\0{event_id}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    # A UUID of the version that is for whoever makes them his own way.
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-8{digest[17:20]}-{digest[20:]}"
