"""Types of handlers become schemas, and inputs become values of the types."""

import enum
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, TypedDict
from uuid import UUID

import jsonschema
import msgspec
import pydantic
import pytest

from mistral_sdk import Context, Encrypted, Misfit
from mistral_sdk.actions import define


class Color(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Node:
    name: str
    children: list["Node"] = field(default_factory=list)


class Address(TypedDict):
    street: str
    zip: NotRequired[str]


class Point(NamedTuple):
    x: int
    y: int = 0


class Size(msgspec.Struct):
    width: int
    height: int = 1


class Order(pydantic.BaseModel):
    day: date
    count: int = 1


Name = NewType("Name", str)


def shaped(annotation: Any) -> Any:
    def handler(value: Any) -> None: ...

    handler.__annotations__["value"] = annotation
    return define(handler, "test.value")


CASES: list[tuple[Any, Any, Any]] = [
    (int, 3, 3),
    (int, 3.0, 3),
    (int, 2**70, 2**70),
    (float, 3, 3.0),
    (str, "ä", "ä"),
    (bool, True, True),
    (None, None, None),
    (Any, {"a": [1]}, {"a": [1]}),
    (bytes, "AQI=", b"\x01\x02"),
    (datetime, "2026-05-04T03:02:01+00:00", datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)),
    (date, "2026-05-04", date(2026, 5, 4)),
    (timedelta, 1.5, timedelta(seconds=1.5)),
    (UUID, "6f1f8a4e-3f43-4bd5-b1c1-5ad1a0a41dd9", UUID("6f1f8a4e-3f43-4bd5-b1c1-5ad1a0a41dd9")),
    (Decimal, "1.10", Decimal("1.10")),
    (list[int], [1, 2], [1, 2]),
    (Sequence[int], [1], [1]),
    (tuple[int, str], [1, "a"], (1, "a")),
    (tuple[int, ...], [1, 2], (1, 2)),
    (set[str], ["a"], {"a"}),
    (dict[str, int], {"a": 1}, {"a": 1}),
    (Mapping[int, str], {}, {}),
    (dict, {"a": 1}, {"a": 1}),
    (int | None, None, None),
    (int | str, "a", "a"),
    (Literal["a", 1], 1, 1),
    (Color, "red", Color.RED),
    (Name, "Ada", "Ada"),
    (Annotated[int, "how many"], 1, 1),
    (Node, {"name": "a", "children": [{"name": "b"}]}, Node("a", [Node("b")])),
    (Address, {"street": "Main"}, {"street": "Main"}),
    (Point, {"x": 1}, Point(1, 0)),
    (Size, {"width": 2}, Size(2, 1)),
    (Order, {"day": "2026-05-04"}, Order(day=date(2026, 5, 4))),
    (list[Order], [{"day": "2026-05-04"}], [Order(day=date(2026, 5, 4))]),
    (Encrypted[str], "a", "a"),
]


@pytest.mark.parametrize(("annotation", "given", "wanted"), CASES, ids=[str(case[0]) for case in CASES])
def test_a_value_that_fits_is_read_and_fits_the_schema(annotation: Any, given: Any, wanted: Any) -> None:
    action = shaped(annotation)
    assert action.read({"value": given}) == {"value": wanted}
    schema = json.loads(action.input_schema)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"value": given}, schema)


MISFITS: list[tuple[Any, Any, str]] = [
    (int, "3", "value: must be an integer, not a text"),
    (int, True, "value: must be an integer, not a boolean"),
    (int, 1.5, "value: must be an integer, not a number"),
    (float, True, "value: must be a number, not a boolean"),
    (bool, 1, "value: must be a boolean, not a number"),
    (str, None, "value: must be a text, not null"),
    (bytes, "?", "value: must be a text in base64"),
    (date, "tomorrow", "value: must be a date as in ISO 8601"),
    (list[int], [1, "2"], "value[1]: must be an integer, not a text"),
    (tuple[int, str], [1], "value: must be a list of 2, not a list"),
    (dict[str, int], {"a": None}, "value.a: must be an integer, not null"),
    (Literal["a", 1], True, "value: must be one of 'a', 1"),
    (Color, "green", "value: must be one of 'red', 'blue'"),
    (Node, {"name": "a", "children": [{"name": 1}]}, "value.children[0].name: must be a text, not a number"),
    (Node, {}, "value.name: is missing"),
    (Address, {"street": "a", "country": "b"}, "value.country: is no field of it"),
    (Order, {"day": "x"}, "value: day: Input should be a valid date"),
    (Size, {"width": "2"}, "value: Expected `int`, got `str`"),
    (int | None, "secret", "value: fits none of the possible types"),
]


@pytest.mark.parametrize(("annotation", "given", "said"), MISFITS, ids=[each[2] for each in MISFITS])
def test_a_value_that_does_not_fit_is_told_by_its_place_and_not_by_itself(
    annotation: Any, given: Any, said: str
) -> None:
    with pytest.raises(Misfit) as raised:
        shaped(annotation).read({"value": given})
    assert str(raised.value).startswith(said)
    assert "secret" not in str(raised.value)


def test_defaults_are_told_and_need_not_be_given() -> None:
    def resize(context: Context, image: str, width: int = 100, notes: list[str] | None = None) -> dict[str, int]:
        """Resize an image.

        Slowly.
        """
        return {}

    action = define(resize, "images.resize", safe_rerun=True)
    offer = action.offer()
    schema = json.loads(offer.input_schema)
    assert schema["required"] == ["image"]
    assert schema["properties"]["width"] == {"type": "integer", "default": 100}
    assert schema["additionalProperties"] is False
    assert "context" not in schema["properties"]
    assert offer.description == "Resize an image.\n\nSlowly."
    assert offer.safe_rerun
    assert json.loads(offer.output_schema) == {"type": "object", "additionalProperties": {"type": "integer"}}
    assert action.read({"image": "a"}) == {"image": "a"}


def test_any_other_names_are_taken_by_a_handler_that_asks_for_them() -> None:
    def handler(first: int, **others: Any) -> None: ...

    action = define(handler)
    assert action.read({"first": 1, "more": "x"}) == {"first": 1, "more": "x"}
    assert "additionalProperties" not in json.loads(action.input_schema)


def test_two_types_of_one_name_stay_apart() -> None:
    def other() -> type:
        @dataclass
        class Node:
            size: int

        return Node

    def handler(one: Any, two: Any) -> None: ...

    handler.__annotations__ |= {"one": Node, "two": other()}
    action = define(handler)
    schema = json.loads(action.input_schema)
    jsonschema.validate({"one": {"name": "a"}, "two": {"size": 1}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"one": {"name": "a"}, "two": {"name": "a"}}, schema)


def test_what_may_be_encrypted_may_be_sent_so() -> None:
    @dataclass
    class Card:
        number: str

    def handler(card: Any, pin: Encrypted[int]) -> None: ...

    handler.__annotations__["card"] = Card
    schema = json.loads(define(handler, encrypt=["card.number"]).input_schema)
    envelope = {"$mistral.encrypted": {"alg": "A256GCM"}}
    jsonschema.validate({"card": {"number": envelope}, "pin": envelope}, schema)
    jsonschema.validate({"card": {"number": "1"}, "pin": 1}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"card": envelope, "pin": 1}, schema)


def test_marks_in_the_type_of_a_result_are_found() -> None:
    @dataclass
    class Answer:
        keys: list[Encrypted[str]]
        open: str

    def handler() -> None: ...

    handler.__annotations__["return"] = dict[str, Answer]
    assert define(handler).ways == (("*", "keys", "*"),)


class Opaque:
    pass


def takes_opaque(thing: Opaque) -> None: ...


def takes_positional(thing: int, /) -> None: ...


def takes_many(*things: int) -> None: ...


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (takes_opaque, "its parameter thing: values of Opaque cannot be read from JSON"),
        (takes_positional, "`thing` cannot be filled in"),
        (takes_many, "`things` cannot be filled in"),
    ],
)
def test_a_handler_that_could_never_be_called_is_refused_at_once(handler: Any, said: str) -> None:
    with pytest.raises(TypeError) as raised:
        define(handler, "bad.action")
    assert "action bad.action" in str(raised.value)
    assert said in str(raised.value)


@pytest.mark.parametrize("name", ["std.echo", " a", "a" * 256])
def test_names_that_cannot_be_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        define(takes_opaque, name)
