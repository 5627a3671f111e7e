"""Types with parts of one kind each: lists, tuples, mappings, and choices between types."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from mistral_sdk.failures import Misfit
from mistral_sdk.shapes.shape import Shape, refuse


def list_of(item: Shape, made: Callable[[list[Any]], Any], *, unique: bool = False) -> Shape:
    """Lists; ``made`` turns the list of read items into what is wanted."""

    def read(value: Any) -> Any:
        if not isinstance(value, list):
            refuse("a list", value)
        return made([_item(item, number, each) for number, each in enumerate(value)])

    schema: dict[str, Any] = {"type": "array", "items": item.schema} if item.schema else {"type": "array"}
    return Shape(schema | ({"uniqueItems": True} if unique else {}), read, item.marks_below("*"))


def tuple_of(items: Sequence[Shape]) -> Shape:
    """Tuples of a length, each place of a type of its own."""

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) != len(items):
            refuse(f"a list of {len(items)}", value)
        return tuple(_item(item, number, each) for number, (item, each) in enumerate(zip(items, value, strict=True)))

    count = len(items)
    places = [item.schema for item in items]
    schema = {"type": "array", "prefixItems": places, "minItems": count, "maxItems": count}
    return Shape(
        schema, read, tuple(mark for number, item in enumerate(items) for mark in item.marks_below(str(number)))
    )


def mapping_of(key: Shape, item: Shape) -> Shape:
    """Objects with any names; a key is read from the name."""

    def read(value: Any) -> dict[Any, Any]:
        if not isinstance(value, dict):
            refuse("an object", value)
        return {read_part(key, name, name): read_part(item, each, name) for name, each in value.items()}

    schema: dict[str, Any] = {"type": "object"}
    schema |= {"additionalProperties": item.schema} if item.schema else {}
    return Shape(schema, read, item.marks_below("*"))


def one_of_types(choices: Sequence[Shape]) -> Shape:
    """The first of several types that fits."""

    def read(value: Any) -> Any:
        problems: list[str] = []
        for choice in choices:
            try:
                return choice.read(value)
            except Misfit as misfit:
                problems.append(str(misfit))
        raise Misfit("fits none of the possible types: " + "; ".join(dict.fromkeys(problems)))

    marks = tuple(dict.fromkeys(mark for choice in choices for mark in choice.marks))
    return Shape({"anyOf": [choice.schema for choice in choices]}, read, marks)


def one_of_values(values: Sequence[Any], read_value: Callable[[Any], Any]) -> Shape:
    """One of some plain values."""
    known = {(type(value), value) for value in values}

    def read(value: Any) -> Any:
        if not isinstance(value, str | int | float | bool | None) or (type(value), value) not in known:
            raise Misfit("must be one of " + ", ".join(map(repr, values)))
        return read_value(value)

    return Shape({"enum": list(values)}, read)


def enumeration(kind: type[Enum]) -> Shape:
    """The members of an enum, by their values."""
    return one_of_values([member.value for member in kind], kind)


def _item(item: Shape, number: int, value: Any) -> Any:
    return read_part(item, value, f"[{number}]")


def read_part(shape: Shape, value: Any, step: str) -> Any:
    try:
        return shape.read(value)
    except Misfit as misfit:
        raise misfit.inside(step) from None
