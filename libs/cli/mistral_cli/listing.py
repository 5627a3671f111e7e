"""Lists from the mesh: page after page, with the filters and the order that were asked for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mistral_cli.errors import USAGE, CommandError

_MOST_PER_PAGE = 1000
# The first page of a long list is short, so that something is seen at once.
_FIRST_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries of a list, and in which order.

    Attributes:
        limit: Most entries; None for all.
        filters: Such as ``state=ERROR`` or ``created_at>=2026-01-01``.
        all_projects: Whether things of other projects are wanted, too.
        sort: Such as ``-created_at,name``; empty for the usual order.
        fields: Further fields of the request.
    """

    limit: int | None
    filters: Sequence[str] = ()
    sort: str = ""
    all_projects: bool = False
    fields: Mapping[str, Any]


def pages(call: Any, field: str, wanted: Wanted) -> Iterator[Sequence[Any]]:
    """Yield pages of messages of a list call, until there are no more or enough."""
    fields = dict(wanted.fields) | _conditions(call, wanted)
    token, left, size = "", wanted.limit, _FIRST_PAGE
    while left is None or left > 0:
        page = call(page_size=size if left is None else min(left, size), page_token=token, **fields)
        entries = getattr(page, field)
        yield entries
        token, size = page.next_page_token, _MOST_PER_PAGE
        if left is not None:
            left -= len(entries)
        if not token:
            return


def listed(call: Any, field: str, *, limit: int, **fields: Any) -> Iterable[Any]:
    """Yield up to ``limit`` entries of a list call."""
    for page in pages(call, field, Wanted(limit=limit, fields=fields)):
        yield from page


def _conditions(call: Any, wanted: Wanted) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if wanted.all_projects:
        if not call.knows("all_projects"):
            raise CommandError("this list knows no --all-projects", USAGE)
        found["all_projects"] = True
    if wanted.filters:
        if not call.knows("filter"):
            raise CommandError("this list knows no --filter", USAGE)
        found["filter"] = " AND ".join(wanted.filters)
    if wanted.sort:
        if not call.knows("order_by"):
            raise CommandError("this list knows no --sort", USAGE)
        found["order_by"] = ", ".join(_order(part.strip()) for part in wanted.sort.split(","))
    return found


def _order(part: str) -> str:
    return f"{part[1:]} desc" if part.startswith("-") else part
