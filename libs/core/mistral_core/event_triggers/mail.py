"""What a mail in a mailbox says."""

import email
import email.policy
from email.message import EmailMessage
from typing import Any, Final

from mistral_core.event_triggers.incoming import Incoming

MAIL_TYPE: Final = "mail.received"
_MOST_ATTACHMENTS: Final = 100
_MOST_TEXT: Final = 100_000


def mail(body: bytes, *, event_id: str) -> Incoming:
    """Return the event of a mail: the usual headers, the text, and what is attached but not its contents.

    Whatever is malformed in it is read as well as it can be: anybody may write anything into a mail.
    """
    message = email.message_from_bytes(body, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    names = ("from", "to", "cc", "reply-to", "subject", "date", "message-id", "in-reply-to")
    headers = {name.replace("-", "_"): _header(message, name) for name in names}
    payload = {**headers, "text": _text(message), "attachments": _attachments(message)}
    return Incoming(
        event_id=event_id,
        type=MAIL_TYPE,
        payload=payload,
        publisher=headers["from"][:255],
        happened_at=headers["date"][:255],
    )


def _header(message: EmailMessage, name: str) -> str:
    try:
        return _clean(str(message.get(name, "")))
    # The library reads headers only now, and of what it cannot make sense of it may raise anything.
    except Exception:
        return ""


def _text(message: EmailMessage) -> str:
    try:
        part = message.get_body(preferencelist=("plain", "html"))
        return _clean(str(part.get_content()))[:_MOST_TEXT] if part is not None else ""
    except Exception:
        return ""


def _attachments(message: EmailMessage) -> list[dict[str, Any]]:
    found = []
    try:
        for part in message.iter_attachments():
            size = len(part.get_payload(decode=True) or b"")
            name = _clean(part.get_filename() or "")
            found.append({"name": name, "content_type": part.get_content_type(), "size": size})
            if len(found) == _MOST_ATTACHMENTS:
                break
    except Exception:
        return found
    return found


def _clean(value: str) -> str:
    return value.replace("\0", "").encode("utf-8", "replace").decode()
