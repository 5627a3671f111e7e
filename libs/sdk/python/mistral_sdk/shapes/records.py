"""Types with named fields: what they have in common, and how each kind tells its fields."""

import dataclasses
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mistral_sdk.failures import Misfit
from mistral_sdk.shapes.containers import read_part
from mistral_sdk.shapes.shape import Shape, refuse

NO_DEFAULT = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its type, and what it is when it is left out; ``NO_DEFAULT`` if it must be there."""

    name: str
    shape: Shape
    default: Any = NO_DEFAULT
    optional: bool = False

    @property
    def required(self) -> bool:
        return self.default is NO_DEFAULT and not self.optional

    def schema(self) -> Mapping[str, Any]:
        """Return its schema, with the default if that is a plain value."""
        if self.default is None or isinstance(self.default, str | int | float | bool):
            return {**self.shape.schema, "default": self.default}
        return self.shape.schema


def record(fields: list[Field], made: Callable[..., Any], *, open_: bool = False, description: str = "") -> Shape:
    """Objects with fields; ``made`` takes those that are there by name. An open one keeps names that are not known."""
    readers = {field.name: field.shape for field in fields}
    required = [field.name for field in fields if field.required]

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            refuse("an object", value)
        given: dict[str, Any] = {}
        for name, each in value.items():
            shape = readers.get(name)
            if shape is not None:
                given[name] = read_part(shape, each, name)
            elif open_:
                given[name] = each
            else:
                raise Misfit("is no field of it", name)
        for name in required:
            if name not in given:
                raise Misfit("is missing", name)
        return made(**given)

    marks = tuple(mark for field in fields for mark in field.shape.marks_below(field.name))
    return Shape(_schema(fields, required, open_, description), read, marks)


def _schema(fields: list[Field], required: list[str], open_: bool, description: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": {field.name: field.schema() for field in fields}}
    if required:
        schema["required"] = required
    if not open_:
        schema["additionalProperties"] = False
    if description:
        schema["description"] = description
    return schema


def fields_of(kind: Any, shape_of: Callable[[Any], Shape]) -> list[Field] | None:
    """Return the fields of a dataclass, a TypedDict or a NamedTuple; None if it is none of them."""
    if dataclasses.is_dataclass(kind):
        return _dataclass_fields(kind, shape_of)
    if typing.is_typeddict(kind):
        hints = typing.get_type_hints(kind, include_extras=True)
        return [
            Field(name, shape_of(hint), optional=name not in kind.__required_keys__) for name, hint in hints.items()
        ]
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        hints = typing.get_type_hints(kind, include_extras=True)
        defaults: Mapping[str, Any] = kind._field_defaults  # type: ignore[attr-defined]
        names: tuple[str, ...] = kind._fields
        return [Field(name, shape_of(hints.get(name, Any)), defaults.get(name, NO_DEFAULT)) for name in names]
    return None


def _dataclass_fields(kind: Any, shape_of: Callable[[Any], Shape]) -> list[Field]:
    hints = typing.get_type_hints(kind, include_extras=True)
    fields = []
    for field in dataclasses.fields(kind):
        if not field.init:
            continue
        made_later = field.default_factory is not dataclasses.MISSING
        default = NO_DEFAULT if field.default is dataclasses.MISSING else field.default
        fields.append(Field(field.name, shape_of(hints[field.name]), default, optional=made_later))
    return fields
