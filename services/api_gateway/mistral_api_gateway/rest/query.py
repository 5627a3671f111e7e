"""Query arguments: which page of a list is wanted, and the address of the next one."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.rest.resource import Resource, json_answer
from mistral_core.errors import InvalidInput
from mistral_persistence.listing import Filter, Kind, Operator, Page
from mistral_persistence.literals import as_flag, as_uuid

MOST: Final = 1000
_PAGING: Final = ("marker", "limit", "sort_keys", "sort_dirs", "fields", "nulls", "all_projects")
_REPEATED: Final = ("fields", "nulls", "all_projects")
_OPERATORS: Final = {operator.value: operator for operator in Operator}
_SEVERAL: Final = (Operator.IN, Operator.NIN)


def paging_arguments(resource: Resource) -> tuple[str, ...]:
    """Return the names of the arguments that every list of the resource takes."""
    return (*_PAGING, *sorted(resource.filters))


def arguments(request: Request) -> list[tuple[str, str]]:
    """Return the query arguments in their order."""
    query: bytes = request.scope["query_string"]
    return parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else []


def only(request: Request, known: Collection[str]) -> dict[str, str]:
    """Return the query arguments by name.

    Raises:
        InvalidInput: If there is one that is not known.
    """
    given = dict(arguments(request))
    refuse_unknown(given, known)
    return given


def refuse_unknown(given: Iterable[str], known: Collection[str]) -> None:
    """Raise InvalidInput if an argument is not known."""
    for name in given:
        if name not in known:
            raise InvalidInput(f'Unknown argument: "{name}"')


def flag(given: "dict[str, str]", name: str, *, default: bool = False) -> bool:
    """Read a flag; an empty one is false. Raises InvalidInput if it is neither true nor false."""
    text = given.get(name, str(default)).strip()
    try:
        return bool(text) and as_flag(text)
    except InvalidInput:
        raise InvalidInput(f"Invalid input for argument {name}. Value: {text!r}; expected true or false") from None


def integer(given: "dict[str, str]", name: str, default: int) -> int:
    """Read a whole number. Raises InvalidInput if it is none."""
    text = given.get(name)
    if text is None:
        return default
    try:
        return int(text)
    except ValueError:
        raise InvalidInput(f"Invalid input for argument {name}. Value: {text!r}; expected a whole number") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What a list request asks for.

    Attributes:
        fields: Fields to show.
        page: Page to read.
        repeated: The arguments that the address of the next page repeats.
        extra: The other arguments of this list.
    """

    fields: tuple[str, ...]
    page: Page
    repeated: list[tuple[str, str]]
    extra: dict[str, str]

    def answer(
        self, request: Request, resource: Resource, things: Sequence[dict[str, Any]], *, last: str = ""
    ) -> Response:
        """Return the answer with the shown things, and with the next page's address if this page is full.

        Args:
            last: What the next page is to begin after; the id of the last thing unless said.
        """
        body: dict[str, Any] = {resource.plural: things}
        if len(things) == self.page.limit:
            query = urlencode([*self.repeated, ("marker", last or things[-1]["id"])], safe=":,")
            address = request.url
            body["next"] = f"{address.scheme}://{address.netloc}{address.path}?{query}"
        return json_answer(body)


def list_query(
    request: Request,
    resource: Resource,
    *,
    extra: Collection[str] = (),
    usual: Sequence[str] = (),
    sort: str = "created_at",
    named: bool = False,
) -> ListQuery:
    """Read what a list request asks for.

    Args:
        extra: Further arguments of this list; ``include_output`` is understood here.
        usual: Fields when none are named; all that lists show by default.
        named: Whether the marker is a name.

    Raises:
        InvalidInput: If an argument is unknown or malformed.
    """
    given = arguments(request)
    refuse_unknown((name for name, _ in given), {*_PAGING, *resource.filters, *extra})
    single = dict(given)
    filters = [one for name, value in given if name in resource.filters for one in [_filter(resource, name, value)]]
    fields = _fields(resource, single, usual)
    order = _sort(resource, single, sort)
    limit = _limit(single)
    # What it means is the policy's to say; here it only has to be a flag.
    flag(single, "all_projects")
    page = Page(
        columns=resource.columns(fields),
        filters=filters,
        nulls=_nulls(resource, single),
        sort=order,
        marker=(single.get("marker") or None) if named else _marker(single),
        limit=limit,
    )
    return ListQuery(
        fields=fields,
        page=page,
        repeated=_repeated(given, resource, order, limit),
        extra={name: value for name, value in given if name in extra},
    )


def conditions(request: Request, given: dict[str, str], resource: Resource) -> tuple[list[Filter], list[str]]:
    """Return what the arguments of a request ask of things: filters, and columns that must be null.

    Raises:
        InvalidInput: If ``nulls`` names a column that there is not.
    """
    filters = [_filter(resource, name, value) for name, value in arguments(request) if name in resource.filters]
    return filters, _nulls(resource, given)


def _fields(resource: Resource, given: dict[str, str], usual: Sequence[str]) -> tuple[str, ...]:
    if given.get("fields"):
        return resource.chosen(given["fields"])
    if flag(given, "include_output"):
        return resource.listed_with_heavy
    return tuple(usual) or resource.listed


def _filter(resource: Resource, name: str, value: str) -> Filter:
    kind = resource.listing.column(name).kind
    word, colon, rest = value.partition(":")
    operator = _OPERATORS.get(word) if colon else None
    if operator is None:
        operator, rest = Operator.EQ, value
    several = operator in _SEVERAL or kind is Kind.TAGS
    return Filter(name, operator, tuple(part.strip() for part in rest.split(",")) if several else (rest,))


def _nulls(resource: Resource, given: dict[str, str]) -> list[str]:
    names = _words(given.get("nulls", ""))
    for name in names:
        if name not in resource.filters:
            raise InvalidInput(f"Invalid input for argument nulls. Value: {name!r}; there is no such column")
    return names


def _sort(resource: Resource, given: dict[str, str], usual: str) -> list[tuple[str, bool]]:
    keys = list(dict.fromkeys(_words(given.get("sort_keys", "")))) or [usual]
    ways = _words(given.get("sort_dirs", ""))
    if len(ways) > len(keys):
        raise InvalidInput("Length of sort_keys must be equal or greater than sort_dirs.")
    for way in ways:
        if way not in ("asc", "desc"):
            raise InvalidInput(f"Unknown sort direction: {way!r}. Possible values: asc, desc")
    for key in keys:
        resource.listing.column(key)
    ways += ["asc"] * (len(keys) - len(ways))
    return [(key, way == "desc") for key, way in zip(keys, ways, strict=True)]


def _words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip().lower())]


def _limit(given: dict[str, str]) -> int:
    if "limit" not in given:
        return MOST
    limit = integer(given, "limit", MOST)
    if limit <= 0:
        raise InvalidInput("Limit must be positive.")
    return min(limit, MOST)


def _marker(given: dict[str, str]) -> str | None:
    marker = given.get("marker") or None
    if marker is not None and as_uuid(marker) is None:
        raise InvalidInput(f"Invalid input for argument marker. Value: {marker!r}; expected a UUID")
    return marker


def _repeated(
    given: list[tuple[str, str]], resource: Resource, order: list[tuple[str, bool]], limit: int
) -> list[tuple[str, str]]:
    kept = [(name, value) for name, value in given if name not in _PAGING or name in _REPEATED]
    return [
        ("sort_keys", ",".join(key for key, _ in order)),
        ("sort_dirs", ",".join("desc" if down else "asc" for _, down in order)),
        *kept,
        ("limit", str(limit)),
    ]


def of_task(page: Page, task_id: str) -> Page:
    """Return the page narrowed to the sub-workflow executions of a task."""
    return replace(page, filters=[*page.filters, Filter("task_execution_id", Operator.EQ, (task_id,))])
