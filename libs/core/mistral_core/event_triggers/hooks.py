"""What a request to a webhook says: the id and the type of the event may be in the headers or in the body."""

from collections.abc import Mapping
from typing import Any, Final

from mistral_core.errors import InvalidInput
from mistral_core.event_triggers.incoming import LONGEST, Incoming, cloud_event, decoded, plain_event, text

_IDS: Final = ("idempotency-key", "webhook-id", "x-event-id", "x-request-id")
_BINARY: Final = "ce-specversion"


def hook(body: bytes, headers: Mapping[str, str], *, usual_id: str, usual_type: str) -> Incoming:
    """Return what a request says: GitHub's, Stripe's, a CloudEvent in either form, the mesh's own form, or any JSON.

    Args:
        headers: By their names in lower case.
        usual_id: Id of an event that bears none, which is then never taken for a repeat.
        usual_type: Type of an event that bears none.

    Raises:
        InvalidInput: If the body is not JSON.
    """
    document = decoded(body) if body.strip() else {}
    own_id = next((headers[name][:LONGEST] for name in _IDS if headers.get(name)), usual_id)
    if kind := headers.get("x-github-event"):
        return _github(document, kind, headers.get("x-github-delivery") or own_id)
    if headers.get(_BINARY):
        names = {name: headers.get(f"ce-{name}") for name in ("specversion", "type", "source", "id", "time")}
        found = cloud_event({**names, "data": document}, own_id)
        if found is None:
            raise InvalidInput("The headers of the CloudEvent lack its type")
        return found
    if isinstance(document, dict) and document.get("object") == "event" and isinstance(document.get("type"), str):
        return Incoming(
            event_id=text(document.get("id")) or own_id,
            type=document["type"],
            payload=document,
            happened_at=text(document.get("created")),
        )
    return plain_event(document, own_id, usual_type)


def _github(document: Any, kind: str, delivery: str) -> Incoming:
    action = document.get("action") if isinstance(document, dict) else None
    return Incoming(event_id=delivery, type=f"{kind}.{action}" if isinstance(action, str) else kind, payload=document)
