"""Messages of resources: which columns each field is made of, and how it is masked, filtered and sorted.

What a resource looks like is said once, in a ``Shape`` beside its servicer.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from mistral_api_gateway.operations.etags import Row, etag_of
from mistral_api_gateway.rpc.filters import conditions_of
from mistral_api_gateway.rpc.scopes import scope_literal, scope_message
from mistral_api_gateway.rpc.states import timestamp
from mistral_core.errors import InvalidInput
from mistral_persistence.listing import Filter, Kind, Listing, Operator

M = TypeVar("M", bound=Message)

_MOST_KEYS: Final = 8
_WAYS: Final = {"asc": False, "desc": True}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    Attributes:
        columns: What it is made of.
        make: Makes its value of a row with these columns; None leaves it unset.
        compared: Column that it is filtered and sorted by; empty if it is not.
        literal: Turns a value of a filter into what the column holds.
    """

    columns: tuple[str, ...]
    make: Callable[[Any], Any]
    compared: str = ""
    literal: Callable[[str], str] = str


def plain(
    column: str,
    convert: Callable[[Any], Any] | None = None,
    *,
    literal: Callable[[str], str] = str,
    compared: bool = True,
) -> Field:
    """Return a field that is one column, or what ``convert`` makes of it."""

    def value(row: Any) -> Any:
        return row[column] if convert is None else convert(row[column])

    return Field((column,), value, column if compared else "", literal)


TIME: Final = timestamp
ETAG: Final = Field(("id", "created_at", "updated_at"), etag_of)


def definition_fields(*names: str) -> dict[str, Field]:
    """Return the fields that everything shared between projects has, and some that are simply columns."""
    return {
        **{name: plain(name) for name in ("id", "name", *names)},
        "scope": plain("scope", scope_message, literal=scope_literal),
        "project_id": plain("project_id"),
        "created_at": plain("created_at", TIME),
        "updated_at": plain("updated_at", TIME),
        "etag": ETAG,
    }


class Shape(Generic[M]):
    """How the messages of one resource come about.

    Args:
        heavy: Fields that lists leave out unless a mask names them.
        aliases: Further names that filters and orders know, by column.
    """

    def __init__(
        self, message: type[M], listing: Listing, fields: Mapping[str, Field], *, heavy: Collection[str] = ()
    ) -> None:
        self.message = message
        self.listing = listing
        self.all = tuple(fields)
        self.listed = tuple(name for name in fields if name not in heavy)
        self._fields = fields

    def chosen(self, mask: FieldMask, usual: Sequence[str], *, field: str = "read_mask") -> tuple[str, ...]:
        """Return the fields that a mask names; the usual ones for an empty mask.

        Raises:
            InvalidInput: If it names one that is not there.
        """
        if not mask.paths:
            return tuple(usual)
        if "*" in mask.paths:
            return self.all
        for path in mask.paths:
            if path not in self._fields:
                known = ", ".join(self.all)
                raise InvalidInput(f"The {field} names {path[:80]!r}; there are: {known}", field=field)
        return tuple(dict.fromkeys(mask.paths))

    def columns(self, fields: Iterable[str]) -> tuple[str, ...]:
        """Return the columns that fields are made of, and the id, which pages need."""
        return tuple(dict.fromkeys(["id", *(column for name in fields for column in self._fields[name].columns)]))

    def write(self, row: Row, fields: Iterable[str]) -> M:
        """Return the message of a row with some of its fields filled in."""
        return self.message(**{name: self._fields[name].make(row) for name in fields})

    def filters(self, text: str, *, field: str = "filter") -> tuple[list[Filter], list[str]]:
        """Return what a filter asks for: conditions, and the columns that must have no value.

        Raises:
            InvalidInput: If it is malformed, or names a field that cannot be filtered by.
        """
        filters, nulls = [], []
        for one in conditions_of(text, field=field):
            found = self._compared(one.field, field)
            if not one.values:
                nulls.append(found.compared)
                continue
            several = one.operator in (Operator.IN, Operator.NIN)
            if one.operator is Operator.HAS and self.listing.column(found.compared).kind is not Kind.TAGS:
                values = one.values
            else:
                values = tuple(_literal(found, value, field) for value in one.values)
            filters.append(Filter(found.compared, one.operator, values if several else values[:1]))
        return filters, nulls

    def order(self, text: str, usual: Sequence[tuple[str, bool]]) -> list[tuple[str, bool]]:
        """Return what to sort by: columns, and whether each goes downwards.

        Raises:
            InvalidInput: If it is malformed, or names a field that cannot be sorted by.
        """
        found = []
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, *way = part.split()
            if len(way) > 1 or (way and way[0].lower() not in _WAYS):
                raise InvalidInput(
                    f"The order_by is malformed: {part[:80]!r}; expected a field and asc or desc", field="order_by"
                )
            found.append((self._compared(name, "order_by").compared, bool(way) and _WAYS[way[0].lower()]))
        if len(found) > _MOST_KEYS:
            raise InvalidInput(f"The order_by names more than {_MOST_KEYS} fields", field="order_by")
        return found or list(usual)

    def _compared(self, name: str, field: str) -> Field:
        found = self._fields.get(name)
        if found is None or not found.compared:
            known = ", ".join(each for each in self.all if self._fields[each].compared)
            raise InvalidInput(f"The {field} names {name[:80]!r}; there are: {known}", field=field)
        return found


def _literal(found: Field, value: str, field: str) -> str:
    try:
        return found.literal(value)
    except InvalidInput as error:
        raise InvalidInput(str(error), field=field) from None
