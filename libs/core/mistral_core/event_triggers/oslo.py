"""Notifications as OpenStack's services put them into AMQP queues."""

from collections.abc import Mapping
from typing import Any, Final

from mistral_core.errors import InvalidInput
from mistral_core.event_triggers.incoming import Incoming, decoded, plain_event, text

PRIORITIES: Final = ("audit", "critical", "debug", "error", "info")
"""A topic has a queue for each, called ``<topic>.<priority>``."""

_PROJECT: Final = ("project_id", "_context_project_id", "project", "tenant", "_context_tenant")
_USER: Final = ("user_id", "_context_user_id", "user", "_context_user")


def notification(body: bytes, usual_id: str) -> Incoming:
    """Return what a notification says: in an envelope (``oslo.message``) or without.

    Raises:
        InvalidInput: If it is none.
    """
    document = decoded(body)
    if isinstance(document, dict) and "oslo.message" in document:
        inner = document["oslo.message"]
        document = decoded(inner.encode()) if isinstance(inner, str) else inner
    if not isinstance(document, dict):
        raise InvalidInput("The notification is not a JSON object")
    if "_context_project_id" not in document and not isinstance(document.get("event_type"), str):
        # Something that is no notification may still be an event in another form.
        return plain_event(document, usual_id)
    if not isinstance(document.get("event_type"), str):
        raise InvalidInput("The notification has no 'event_type'")
    context = document.get("context")
    about: Mapping[str, Any] = {**document, **context} if isinstance(context, dict) else document
    return Incoming(
        event_id=text(document.get("message_id")) or text(document.get("_unique_id")) or usual_id,
        type=document["event_type"],
        payload=document.get("payload"),
        project=_first(about, _PROJECT),
        publisher=text(document.get("publisher_id")),
        user=_first(about, _USER),
        happened_at=text(document.get("timestamp")),
    )


def _first(document: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((found for name in names if (found := text(document.get(name)))), "")
