"""Types without parts: numbers, texts, moments, bytes."""

import base64
import binascii
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path, PurePath
from typing import Any
from uuid import UUID

from mistral_sdk.failures import Misfit
from mistral_sdk.shapes.shape import Shape, refuse


def _integer(value: Any) -> int:
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    refuse("an integer", value)


def _number(value: Any) -> float:
    if type(value) is float:
        return value
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise Misfit("is too large for a float") from None
    refuse("a number", value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    refuse("a text", value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    refuse("a boolean", value)


def _null(value: Any) -> None:
    if value is not None:
        refuse("null", value)


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except binascii.Error:
        raise Misfit("must be a text in base64") from None


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        refuse("a number or a text with one", value)
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise Misfit("must be a number or a text with one") from None


def _seconds(value: Any) -> timedelta:
    try:
        return timedelta(seconds=_number(value))
    except OverflowError:
        raise Misfit("is too long a time") from None


def _parsed(parse: Callable[[str], Any], wanted: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        text = _text(value)
        try:
            return parse(text)
        except ValueError:
            raise Misfit(f"must be {wanted}") from None

    return read


def _anything(value: Any) -> Any:
    return value


ANY = Shape({}, _anything)

SCALARS: dict[Any, Shape] = {
    Any: ANY,
    object: ANY,
    None: Shape({"type": "null"}, _null),
    type(None): Shape({"type": "null"}, _null),
    bool: Shape({"type": "boolean"}, _boolean),
    int: Shape({"type": "integer"}, _integer),
    float: Shape({"type": "number"}, _number),
    str: Shape({"type": "string"}, _text),
    bytes: Shape({"type": "string", "contentEncoding": "base64"}, _bytes),
    datetime: Shape(
        {"type": "string", "format": "date-time"}, _parsed(datetime.fromisoformat, "a date and time as in ISO 8601")
    ),
    date: Shape({"type": "string", "format": "date"}, _parsed(date.fromisoformat, "a date as in ISO 8601")),
    time: Shape({"type": "string"}, _parsed(time.fromisoformat, "a time of day as in ISO 8601")),
    timedelta: Shape({"type": "number", "description": "seconds"}, _seconds),
    UUID: Shape({"type": "string", "format": "uuid"}, _parsed(UUID, "a UUID")),
    Decimal: Shape({"type": ["number", "string"]}, _decimal),
    Path: Shape({"type": "string"}, _parsed(Path, "a path")),
    PurePath: Shape({"type": "string"}, _parsed(PurePath, "a path")),
}
