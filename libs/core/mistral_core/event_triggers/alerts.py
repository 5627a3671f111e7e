"""Alerts in the form that Alertmanager sends to webhooks: each alert of a message is an event of its own."""

from typing import Any, Final

from mistral_core.errors import InvalidInput
from mistral_core.event_triggers.incoming import LONGEST, Incoming, text

_STATES: Final = ("firing", "resolved")
_SHARED: Final = ("receiver", "groupKey", "groupLabels", "commonLabels", "commonAnnotations", "externalURL")
_MOST: Final = 1000


def alerts(document: Any) -> list[Incoming]:
    """Return an event of the type ``alert.firing`` or ``alert.resolved`` for each alert.

    An alert is sent again and again while it fires; it is one event, told by its fingerprint and its times. The
    payload is the alert, with what the message says about all of them.

    Raises:
        InvalidInput: If it is not a message of Alertmanager's, or one alert of it is not an alert.
    """
    listed = document.get("alerts") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise InvalidInput("The message has no 'alerts': it is none of Alertmanager's")
    if len(listed) > _MOST:
        raise InvalidInput(f"The message has more than {_MOST} alerts")
    shared = {name: document[name] for name in _SHARED if name in document}
    return [_alert(number, alert, shared, text(document.get("status"))) for number, alert in enumerate(listed, 1)]


def _alert(number: int, alert: Any, shared: dict[str, Any], usual_state: str) -> Incoming:
    labels = alert.get("labels") if isinstance(alert, dict) else None
    if not isinstance(labels, dict):
        raise InvalidInput(f"Alert {number} has no 'labels'")
    state = text(alert.get("status")) or usual_state
    if state not in _STATES:
        raise InvalidInput(f"Alert {number} is {state[:40]!r}; known are firing and resolved")
    mark = text(alert.get("fingerprint")) or ",".join(f"{name}={labels[name]}" for name in sorted(labels))
    began = text(alert.get("startsAt"))
    ended = text(alert.get("endsAt")) if state == "resolved" else ""
    times = f"{state}/{began}/{ended}"
    return Incoming(
        event_id=f"{mark[: LONGEST - len(times) - 1]}/{times}"[:LONGEST],
        type=f"alert.{state}",
        payload={**shared, **alert, "status": state},
        publisher=text(shared.get("externalURL")) or text(shared.get("receiver")),
        happened_at=ended or began,
    )
