"""Pages of the gRPC API: sizes, and tokens that only this server reads."""

import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic

from mistral_api_gateway.rpc.shapes import M, Shape
from mistral_core.errors import InvalidInput
from mistral_persistence.listing import Filter, Operator, Page
from mistral_persistence.literals import as_uuid

_USUAL_SIZE: Final = 100
_MOST: Final = 1000
# What may differ between the requests for two pages of one list.
_UNBOUND: Final = ("page_size", "page_token", "read_mask")


@dataclass(frozen=True, slots=True)
class ListCall(Generic[M]):
    """What a list request asks for: the page to read, and the fields to fill in."""

    shape: Shape[M]
    page: Page
    fields: tuple[str, ...]
    binding: str

    async def answer(self, read: Callable[[Page], Awaitable[Sequence[Any]]]) -> tuple[list[M], str]:
        """Read the page and return its messages and the token of the next one, empty on the last.

        Raises:
            InvalidInput: If a value of the filter does not fit its field.
        """
        try:
            rows = await read(self.page)
        except InvalidInput as error:
            error.field = error.field or "filter"
            raise
        size = self.page.limit - 1
        token = opaque(f"2:{self.binding}:{rows[size - 1]['id']}") if len(rows) > size else ""
        return [self.shape.write(row, self.fields) for row in rows[:size]], token


def list_call(
    request: Any,
    shape: Shape[M],
    *,
    filters: Sequence[Filter | None] = (),
    usual: Sequence[str] = (),
    sort: Sequence[tuple[str, bool]] = (("created_at", False),),
    named: bool = False,
) -> ListCall[M]:
    """Read a list request; one row more than asked tells whether there is a next page.

    Args:
        filters: What the request asks for beside its filter.
        usual: Fields to fill in without a mask; those of lists unless said.
        named: Whether things are known by names rather than by UUIDs.

    Raises:
        InvalidInput: If size, token, filter, order or mask are none.
    """
    asked, nulls = shape.filters(request.filter)
    fields = shape.chosen(request.read_mask, usual or shape.listed)
    binding = _binding(request)
    page = Page(
        columns=shape.columns(fields),
        filters=[*(one for one in filters if one is not None), *asked],
        nulls=nulls,
        sort=shape.order(request.order_by, sort),
        marker=_bound_marker(request.page_token, binding, named=named),
        limit=size_of(request.page_size) + 1,
    )
    return ListCall(shape, page, fields, binding)


def _binding(request: Any) -> str:
    same = type(request)()
    same.CopyFrom(request)
    for name in _UNBOUND:
        same.ClearField(name)
    text = type(request).__name__.encode() + same.SerializeToString(deterministic=True)
    return hashlib.blake2b(text, digest_size=6).hexdigest()


def _bound_marker(token: str, binding: str, *, named: bool) -> str | None:
    if not token:
        return None
    version, _, rest = readable(token).partition(":")
    bound, _, marker = rest.partition(":")
    if version != "2" or not marker or not (named or as_uuid(marker)):
        raise InvalidInput("The page_token is not one of ours", field="page_token")
    if bound != binding:
        raise InvalidInput("The page_token belongs to a list with another filter or order", field="page_token")
    return marker


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
        raise InvalidInput(f"page_size must be from 1 to {_MOST}, or 0 for {_USUAL_SIZE}: {size}", field="page_size")
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


def exactly(request: Any, name: str) -> Filter | None:
    """Return a filter for a field that may be set to nothing; None if it is not set."""
    return Filter(name, Operator.EQ, (getattr(request, name),)) if request.HasField(name) else None


def among(column: str, values: tuple[str, ...]) -> Filter | None:
    """Return a filter for one of several values; None if there are none."""
    return Filter(column, Operator.IN, values) if values else None


def token_of_name(name: str) -> str:
    """Return the token of the page after the thing of that name, or id."""
    return opaque(f"1:{name}")


def name_of_token(token: str) -> str | None:
    """Return what a token was made of; None for no token. Raises InvalidInput if it is not ours."""
    if not token:
        return None
    version, _, marker = readable(token).partition(":")
    if version != "1" or not marker:
        raise InvalidInput("page_token is not one of ours", field="page_token")
    return marker


def opaque(text: str) -> str:
    """Return a token that only this server reads."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def readable(token: str) -> str:
    """Return what a token was made of; empty for one that is not ours."""
    try:
        return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""


def _marker(token: str) -> str | None:
    marker = name_of_token(token)
    if marker is not None and as_uuid(marker) is None:
        raise InvalidInput("page_token is not one of ours", field="page_token")
    return marker
