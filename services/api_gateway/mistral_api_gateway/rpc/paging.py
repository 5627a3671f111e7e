"""Pages of the gRPC API: sizes, and tokens that only this server reads."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final

from mistral_core.errors import InvalidInput
from mistral_persistence.listing import Filter, Operator, Page
from mistral_persistence.literals import as_uuid

_USUAL_SIZE: Final = 100
_MOST: Final = 1000


def page_of(
    columns: Sequence[str], size: int, token: str, filters: Sequence[Filter | None] = (), *, newest_first: bool = False
) -> Page:
    """Return the page to read; one row more than asked tells whether there is a next one.

    Raises:
        InvalidInput: If the size is out of range or the token is not ours.
    """
    return Page(
        columns=columns,
        filters=[one for one in filters if one is not None],
        sort=(("created_at", newest_first),),
        marker=_marker(token),
        limit=size_of(size) + 1,
    )


def size_of(size: int) -> int:
    """Return how many things a page has. Raises InvalidInput if the wanted size is out of range."""
    if not 0 <= size <= _MOST:
        raise InvalidInput(f"page_size must be from 1 to {_MOST}, or 0 for {_USUAL_SIZE}: {size}")
    return size or _USUAL_SIZE


def split(rows: Sequence[Any], page: Page) -> tuple[Sequence[Any], str]:
    """Return the rows to show and the token of the next page, empty on the last."""
    size = page.limit - 1
    if len(rows) <= size:
        return rows, ""
    return rows[:size], token_of_name(rows[size - 1]["id"])


def equal(column: str, value: str) -> Filter | None:
    """Return a filter for a value; None if the value is empty."""
    return Filter(column, Operator.EQ, (value,)) if value else None


def among(column: str, values: tuple[str, ...]) -> Filter | None:
    """Return a filter for one of several values; None if there are none."""
    return Filter(column, Operator.IN, values) if values else None


def token_of_name(name: str) -> str:
    """Return the token of the page after the thing of that name, or id."""
    return base64.urlsafe_b64encode(f"1:{name}".encode()).decode().rstrip("=")


def name_of_token(token: str) -> str | None:
    """Return what a token was made of; None for no token. Raises InvalidInput if it is not ours."""
    if not token:
        return None
    try:
        version, _, marker = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        version = marker = ""
    if version != "1" or not marker:
        raise InvalidInput("page_token is not one of ours")
    return marker


def _marker(token: str) -> str | None:
    marker = name_of_token(token)
    if marker is not None and as_uuid(marker) is None:
        raise InvalidInput("page_token is not one of ours")
    return marker
