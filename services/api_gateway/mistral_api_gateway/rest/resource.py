"""What a kind of thing looks like over REST: its fields, what each needs of a row, and how each is written."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

import asyncpg
import msgspec
from starlette.responses import Response

from mistral_api_gateway.rest.faults import JSON
from mistral_core.errors import InvalidInput
from mistral_persistence.listing import Kind, Listing

Row: TypeAlias = asyncpg.Record

_SECONDS: Final = 19
_TIME: Final = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"


def as_time(value: datetime | None) -> str | None:
    """Return a time as clients know it: UTC, to the second."""
    return None if value is None else str(value)[:_SECONDS]


def spaced(text: str | None) -> str | None:
    """Return a JSON text on one line with a blank after each comma and colon, as clients compare it."""
    return None if text is None else msgspec.json.format(text, indent=0)


def or_empty(value: str | None) -> str:
    """Return a JSON text; an empty object for none."""
    return "{}" if value is None else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field.

    Attributes:
        column: Column of the row that it is made of; empty for a field that is always null.
        write: Makes the shown value of the column's.
        heavy: Whether lists leave it out unless asked.
        alone: Whether it is shown only for a single thing.
        json: Whether it is a string that holds JSON.
        schema: JSON schema of the shown value, where the column does not tell it.
    """

    column: str
    write: Callable[[Any], Any] | None = None
    heavy: bool = False
    alone: bool = False
    json: bool = False
    schema: Mapping[str, Any] | None = None

    @property
    def writer(self) -> Callable[[Any], Any] | None:
        """What makes the shown value of the column's."""
        write = self.write
        if not self.json:
            return write
        return spaced if write is None else lambda value: spaced(write(value))


class Resource:
    """A kind of thing.

    Args:
        plural: Key of its lists, such as ``executions``.
        fields: The fields by name, in the order of the answer; one is ``id``.
        unlisted: Columns that lists are not filtered by although the listing has them.
        sometimes: Schemas of what is added to some of those that are shown alone.
    """

    def __init__(
        self,
        plural: str,
        listing: Listing,
        fields: Mapping[str, Field],
        *,
        unlisted: Iterable[str] = (),
        sometimes: Mapping[str, Any] | None = None,
    ) -> None:
        self._sometimes = sometimes or {}
        self.plural = plural
        self.listing = listing
        self.fields = fields
        self.filters = frozenset(listing.columns) - frozenset(unlisted)
        self.all = tuple(fields)
        self.listed = tuple(name for name, field in fields.items() if not field.heavy and not field.alone)
        self.listed_with_heavy = tuple(name for name, field in fields.items() if not field.alone)
        self._writers: dict[Sequence[str], list[tuple[str, str, Callable[[Any], Any] | None]]] = {}

    def chosen(self, text: str, *, alone: bool = False) -> tuple[str, ...]:
        """Return the fields that a comma list names, the id first.

        Raises:
            InvalidInput: If there is no such field.
        """
        names = [name for part in text.split(",") if (name := part.strip().lower()) and name != "id"]
        known = self.all if alone else self.listed_with_heavy
        unknown = [name for name in names if name not in known]
        if unknown:
            raise InvalidInput(f"Some fields do not exist: {', '.join(unknown)}")
        return ("id", *dict.fromkeys(names))

    def columns(self, fields: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that the fields are made of."""
        return tuple(dict.fromkeys(column for name in fields if (column := self.fields[name].column)))

    def written(self, row: Row | Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
        """Return a row as it is shown."""
        writers = self._writers.get(fields)
        if writers is None:
            writers = [(name, self.fields[name].column, self.fields[name].writer) for name in fields]
            if len(self._writers) < 100:
                self._writers[fields] = writers
        shown: dict[str, Any] = {}
        for name, column, write in writers:
            value = row[column] if column else None
            shown[name] = write(value) if write else value
        return shown

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of a thing."""
        return {
            "type": "object",
            "properties": {**{name: self._property(field) for name, field in self.fields.items()}, **self._sometimes},
            "required": ["id"],
            "additionalProperties": False,
        }

    def _property(self, field: Field) -> dict[str, Any]:
        if field.json:
            return {"type": ["string", "null"], "contentMediaType": JSON}
        if field.schema is not None:
            return dict(field.schema)
        column = self.listing.columns.get(field.column)
        match column.kind if column else Kind.TEXT:
            case Kind.TAGS:
                return {"type": "array", "items": {"type": "string"}}
            case Kind.FLAG:
                return {"type": "boolean"}
            case Kind.NUMBER:
                return {"type": ["integer", "null"]}
            case Kind.UUID:
                return {"type": ["string", "null"], "format": "uuid"}
            case Kind.TIME:
                return {"type": ["string", "null"], "pattern": _TIME, "examples": ["2026-05-04 12:00:00"]}
            case _:
                return {"type": ["string", "null"]}


def json_answer(value: Any, status: int = 200) -> Response:
    """Return an answer of JSON."""
    return Response(msgspec.json.encode(value), status, media_type=JSON)
