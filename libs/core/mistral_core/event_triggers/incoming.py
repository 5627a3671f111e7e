"""What a source makes of what it gets, before anything is stored; and the forms that several sources share."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from mistral_core.errors import InvalidInput

LONGEST: Final = 255


class Incoming(Struct, frozen=True, kw_only=True):
    """One event, as a source tells it.

    Attributes:
        event_id: What the source calls it; two of the same are one event.
        type: What kind of thing it is.
        project: Whose the source says it is; empty if it does not say.
        happened_at: As the source wrote it; empty if it did not say.
    """

    event_id: str
    type: str
    payload: Any
    project: str = ""
    publisher: str = ""
    user: str = ""
    happened_at: str = ""


def decoded(body: bytes) -> Any:
    """Return a JSON value.

    Raises:
        InvalidInput: If it is none, or nested too deeply.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidInput("The event is not valid JSON, or nested too deeply") from None


def checked(event: Incoming) -> Incoming:
    """Return an event whose parts can be stored.

    Raises:
        InvalidInput: If its id or type is missing or too long, or a text holds the character NUL.
    """
    for name, value in (("id", event.event_id), ("type", event.type)):
        if not 1 <= len(value) <= LONGEST:
            raise InvalidInput(f"The {name} of an event must have 1 to {LONGEST} characters")
    for name in ("event_id", "type", "project", "publisher", "user", "happened_at"):
        value = getattr(event, name)
        if len(value) > LONGEST or "\0" in value:
            raise InvalidInput(f"The {name} of an event has more than {LONGEST} characters, or holds the character NUL")
    return event


def text(value: Any, usual: str = "") -> str:
    """Return a text or number as text; the usual one for everything else."""
    if isinstance(value, str):
        return value
    return str(value) if type(value) in (int, float) else usual


def cloud_event(document: Mapping[str, Any], usual_id: str) -> Incoming | None:
    """Return what a CloudEvent in its JSON form says; None if it is none."""
    if not isinstance(document.get("specversion"), str) or not isinstance(document.get("type"), str):
        return None
    # An id is one of its source's own.
    source, own_id = text(document.get("source")), text(document.get("id"))
    return Incoming(
        event_id=f"{source}#{own_id}"[:LONGEST] if own_id else usual_id,
        type=document["type"],
        payload=document.get("data"),
        publisher=source,
        happened_at=text(document.get("time")),
    )


def plain_event(document: Any, usual_id: str, usual_type: str = "") -> Incoming:
    """Return what a JSON document says that is an event in the mesh's own form, a notification, or a CloudEvent.

    The mesh's own form is an object with ``event_type`` and perhaps ``message_id`` (or ``id``), ``payload``,
    ``publisher_id``, ``timestamp``, ``project_id`` and ``user_id``.

    Args:
        usual_id: Id of an event that bears none.
        usual_type: Type of a document that is in none of these forms, which then is the payload.

    Raises:
        InvalidInput: If it has no type, and there is no usual one.
    """
    if isinstance(document, dict):
        if (found := cloud_event(document, usual_id)) is not None:
            return found
        if isinstance(document.get("event_type"), str):
            return Incoming(
                event_id=text(document.get("message_id")) or text(document.get("id")) or usual_id,
                type=document["event_type"],
                payload=document.get("payload"),
                project=text(document.get("project_id")),
                publisher=text(document.get("publisher_id")),
                user=text(document.get("user_id")),
                happened_at=text(document.get("timestamp")),
            )
    if not usual_type:
        raise InvalidInput("The event has no 'event_type', and is no CloudEvent either")
    return Incoming(event_id=usual_id, type=usual_type, payload=document)
