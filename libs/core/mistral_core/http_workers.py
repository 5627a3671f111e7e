"""What an application that is called over HTTP may offer, and where it may be called: checked, not called."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from mistral_core.errors import InvalidInput

MOST_ACTIONS: Final = 1_000
_LONGEST_URL: Final = 2_000
_TAKEN: Final = "std."
_TOKEN: Final = r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$"
# What belongs to the message, or says whose call it is.
_OURS: Final = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection"})
_OUR_PREFIX: Final = "webhook-"


class HttpAction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An action that the application offers; schemas are JSON Schema, None for any value."""

    name: Annotated[str, Meta(min_length=1, max_length=255)]
    description: Annotated[str, Meta(max_length=65_536)] = ""
    input_schema: dict[str, Any] | None = None
    output_schema: dict[str, Any] | None = None
    safe_rerun: bool = False
    public: bool = False


_actions = msgspec.json.Decoder(Annotated[list[HttpAction], Meta(min_length=1, max_length=MOST_ACTIONS)])
_labels = msgspec.json.Decoder(
    Annotated[
        dict[Annotated[str, Meta(min_length=1, max_length=255)], Annotated[str, Meta(max_length=255)]],
        Meta(max_length=64),
    ]
)
_headers = msgspec.json.Decoder(
    Annotated[
        dict[
            Annotated[str, Meta(pattern=_TOKEN, max_length=255)],
            Annotated[str, Meta(pattern=r"^[\t\x20-\x7e]*$", max_length=8_192)],
        ],
        Meta(max_length=64),
    ]
)


def checked_actions(text: bytes | str) -> list[HttpAction]:
    """Read what an application offers. Raises InvalidInput that says what is wrong and where."""
    actions: list[HttpAction] = _read(_actions, text, "actions")
    names = set()
    for action in actions:
        if action.name.startswith(_TAKEN):
            raise InvalidInput(f"'{action.name}': names that begin with '{_TAKEN}' are taken", field="actions")
        if action.name in names:
            raise InvalidInput(f"'{action.name}' is offered twice", field="actions")
        names.add(action.name)
    return actions


def checked_labels(text: bytes | str) -> dict[str, str]:
    """Read labels. Raises InvalidInput that says what is wrong and where."""
    found: dict[str, str] = _read(_labels, text, "labels")
    return found


def checked_headers(text: bytes | str) -> dict[str, str]:
    """Read headers. Raises InvalidInput that says what is wrong and where, but not what the values are."""
    found: dict[str, str] = _read(_headers, text, "headers")
    for name in found:
        if name.lower() in _OURS or name.lower().startswith(_OUR_PREFIX):
            raise InvalidInput(f"The header '{name}' is set by the mesh", field="headers")
    return found


def checked_url(url: str) -> str:
    """Return a URL that can be called. Raises InvalidInput otherwise."""
    if len(url) > _LONGEST_URL or any(ord(each) <= 0x20 for each in url):
        raise InvalidInput(f"A URL has at most {_LONGEST_URL} characters and no blanks", field="url")
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError as error:
        raise InvalidInput(f"The URL cannot be read: {error}", field="url") from None
    if split.scheme not in ("http", "https") or not split.hostname or port == 0:
        raise InvalidInput("A URL is needed, such as https://billing.example/actions", field="url")
    if split.username is not None or split.password is not None:
        raise InvalidInput("Credentials do not belong into the URL: use headers", field="url")
    return url


def _read(decoder: Any, text: bytes | str, field: str) -> Any:
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidInput(f"The {field} cannot be: {error}", field=field) from None
