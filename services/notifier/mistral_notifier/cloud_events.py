"""The forms in which a notice is put into words: the bare payload, or a CloudEvent of version 1.0. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote

import msgspec

from mistral_notifier.publisher import DeliveryFailed, Notice

EVENT_TYPE: Final = "io.mistral-mesh."
"""What the types of our events begin with."""

JSON: Final = "application/json"
STRUCTURED_JSON: Final = "application/cloudevents+json"


class Format(StrEnum):
    """How a notice is written: as it is, as one JSON document, or with its attributes in headers."""

    PLAIN = "plain"
    CLOUDEVENTS = "cloudevents"
    BINARY = "cloudevents-binary"


def format_of(options: Mapping[str, Any]) -> Format:
    """Return the form that an entry asks for; plain if it does not say.

    Raises:
        DeliveryFailed: If there is none of that name.
    """
    wanted = options.get("format", Format.PLAIN)
    try:
        return Format(wanted)
    except ValueError:
        known = ", ".join(each.value for each in Format)
        raise DeliveryFailed(f"format {str(wanted)[:50]!r} is none of {known}", permanent=True) from None


def attributes(notice: Notice) -> dict[str, str]:
    """Return the context attributes of a notice, the type of its data apart."""
    about = msgspec.json.decode(notice.payload)
    found = {
        "specversion": "1.0",
        "id": notice.id,
        "source": f"/mistral/executions/{notice.execution_id}",
        "type": EVENT_TYPE + notice.event,
        "subject": about.get("id"),
        "time": notice.created_at.isoformat().replace("+00:00", "Z"),
        # Extensions have small letters and digits only.
        "projectid": about.get("project_id"),
        "workflowname": about.get("workflow_name"),
    }
    return {name: value for name, value in found.items() if isinstance(value, str) and value}


def structured(notice: Notice) -> bytes:
    """Return the notice as one JSON document."""
    data = {"datacontenttype": JSON, "data": msgspec.Raw(notice.payload.encode())}
    return msgspec.json.encode({**attributes(notice), **data})


def headers(notice: Notice, prefix: str) -> dict[str, str]:
    """Return the attributes as headers; what is not plain ASCII is percent-encoded, as the HTTP binding has it."""
    return {f"{prefix}{name}": quote(value, safe=_PRINTABLE) for name, value in attributes(notice).items()}


def written(notice: Notice, options: Mapping[str, Any], prefix: str = "ce-") -> tuple[bytes, str, dict[str, str]]:
    """Return the body of a notice, its content type, and further headers.

    Raises:
        DeliveryFailed: If the entry asks for a form that there is not.
    """
    match format_of(options):
        case Format.CLOUDEVENTS:
            return structured(notice), STRUCTURED_JSON, {}
        case Format.BINARY:
            return notice.payload.encode(), JSON, headers(notice, prefix)
        case Format.PLAIN:
            return notice.payload.encode(), JSON, {}


_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F))).replace('"', "").replace("%", "")
