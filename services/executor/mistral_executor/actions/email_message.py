"""From the input of ``std.email`` to a message and whom it goes to. No I/O here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, getaddresses
from typing import Any

from mistral_executor.actions.errors import Unusable

_POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message and its envelope.

    Attributes:
        recipients: Everybody who gets it, those in no header included.
    """

    sender: str
    recipients: Sequence[str]
    message: EmailMessage = field(repr=False)


def letter(
    *,
    from_addr: Any,
    to_addrs: Any,
    reply_to: Any,
    cc_addrs: Any,
    bcc_addrs: Any,
    subject: Any,
    body: Any,
    html_body: Any,
    message_id: str,
) -> Letter:
    """Make sense of the input.

    Raises:
        Unusable: If there is none in it.
    """
    sender = _addresses(from_addr, "from_addr")
    if len(sender) != 1:
        raise Unusable("'from_addr' must be one address")
    to, cc, bcc = _addresses(to_addrs, "to_addrs"), _addresses(cc_addrs, "cc_addrs"), _addresses(bcc_addrs, "bcc_addrs")
    if not (to or cc or bcc):
        raise Unusable("there is nobody to send it to")
    message = EmailMessage(_POLICY)
    _put(message, "Subject", _text(subject or "<No subject>", "subject"))
    _put(message, "From", _listed(from_addr))
    for name, given in (("To", to_addrs), ("Cc", cc_addrs), ("Reply-To", reply_to)):
        if _addresses(given, name):
            _put(message, name, _listed(given))
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = f"<{message_id}@mistral-mesh>"
    message.set_content(_text(body or "<No body>", "body"))
    if html_body:
        message.add_alternative(_text(html_body, "html_body"), subtype="html")
    return Letter(sender[0], list(dict.fromkeys([*to, *cc, *bcc])), message)


def _put(message: EmailMessage, name: str, value: str) -> None:
    try:
        message[name] = value
    except (ValueError, IndexError):
        # The library's own words hold the value.
        raise Unusable(f"the header {name} cannot be made of what was given: no line breaks, whole addresses") from None


def _addresses(given: Any, name: str) -> list[str]:
    """The bare addresses of a list, or of a text with commas between."""
    if not given:
        return []
    texts = given if isinstance(given, list) else [given]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise Unusable(f"'{name}' must be a list of addresses, or a text with commas between them")
    if any(sign in text for text in texts for sign in "\r\n\0"):
        # Python's releases differ in what they make of these.
        raise Unusable(f"'{name}' holds something that is no address")
    found = [address for _, address in getaddresses(texts)]
    if not all(found) or any(sign.isspace() or not sign.isprintable() for address in found for sign in address):
        raise Unusable(f"'{name}' holds something that is no address")
    return found


def _listed(given: Any) -> str:
    return ", ".join(given) if isinstance(given, list) else str(given)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise Unusable(f"'{name}' must be a text")
    return value
