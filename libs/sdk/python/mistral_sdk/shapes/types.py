"""From an annotation to its shape."""

import collections.abc
import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Annotated, Any, Literal, Union

from mistral_sdk.failures import Misfit
from mistral_sdk.shapes import containers
from mistral_sdk.shapes.foreign import foreign
from mistral_sdk.shapes.marks import ENVELOPE, ENVELOPE_SCHEMA, MARKED
from mistral_sdk.shapes.records import fields_of, record
from mistral_sdk.shapes.scalars import ANY, SCALARS
from mistral_sdk.shapes.shape import Shape

_LISTS = {list, collections.abc.Sequence, collections.abc.MutableSequence, collections.abc.Iterable}
_SETS = {set: set, frozenset: frozenset, collections.abc.Set: set, collections.abc.MutableSet: set}
_MAPPINGS = {dict, collections.abc.Mapping, collections.abc.MutableMapping}
_WRAPPERS = (typing.Required, typing.NotRequired, typing.Final, typing.ClassVar)


class Shapes:
    """The shapes of one schema document; ``definitions`` collects its ``$defs``."""

    def __init__(self, known: Mapping[Any, Shape] = MappingProxyType({})) -> None:
        """Begin a document; ``known`` are shapes of types that this module does not know."""
        self.definitions: dict[str, Any] = {}
        self._known = {**SCALARS, **known}
        self._records: dict[Any, Shape | None] = {}
        self._names: dict[str, Any] = {}

    def of(self, annotation: Any) -> Shape:
        """Return the shape of a type.

        Raises:
            TypeError: If values of it cannot be read from JSON.
        """
        if annotation is inspect.Parameter.empty or isinstance(annotation, typing.TypeVar):
            return ANY
        try:
            if annotation in self._known:
                return self._known[annotation]
        except TypeError:
            pass
        if isinstance(annotation, typing.NewType):
            return self.of(annotation.__supertype__)
        origin = typing.get_origin(annotation)
        if origin is None:
            return self._plain(annotation)
        return self._generic(annotation, origin, typing.get_args(annotation))

    def document(self, shape: Shape) -> dict[str, Any]:
        """Return the schema of a shape with all it refers to."""
        used = {"$defs": self.definitions} if self.definitions else {}
        return {**shape.schema, **used}

    def _generic(self, annotation: Any, origin: Any, arguments: tuple[Any, ...]) -> Shape:
        if origin is Annotated:
            return self._annotated(arguments[0], arguments[1:])
        if origin in (Union, types.UnionType):
            return containers.one_of_types([self.of(each) for each in arguments])
        if origin is Literal:
            return containers.one_of_values(arguments, lambda value: value)
        if origin in _WRAPPERS:
            return self.of(arguments[0])
        if origin is tuple:
            return self._tuple(arguments)
        if origin in _LISTS:
            return containers.list_of(self.of(arguments[0]), list)
        if origin in _SETS:
            return containers.list_of(self.of(arguments[0]), _made_set(_SETS[origin]), unique=True)
        if origin in _MAPPINGS:
            return containers.mapping_of(self.of(arguments[0]), self.of(arguments[1]))
        return self._plain(origin)

    def _tuple(self, arguments: tuple[Any, ...]) -> Shape:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return containers.list_of(self.of(arguments[0]), tuple)
        return containers.tuple_of([self.of(each) for each in arguments])

    def _annotated(self, inner: Any, notes: Sequence[Any]) -> Shape:
        shape = self.of(inner)
        for note in notes:
            if note is MARKED:
                shape = encrypted(shape)
            elif isinstance(note, str):
                shape = Shape({**shape.schema, "description": note}, shape.read, shape.marks)
        return shape

    def _plain(self, kind: Any) -> Shape:
        if kind is tuple or kind in _LISTS:
            return containers.list_of(ANY, tuple if kind is tuple else list)
        if kind in _SETS:
            return containers.list_of(ANY, _made_set(_SETS[kind]), unique=True)
        if kind in _MAPPINGS:
            return containers.mapping_of(SCALARS[str], ANY)
        if inspect.isclass(kind) and issubclass(kind, Enum):
            return containers.enumeration(kind)
        return foreign(kind, self.definitions) or self._record(kind)

    def _record(self, kind: Any) -> Shape:
        """Return the shape of a class with fields, told once under ``$defs``, since it may hold itself."""
        name = self._name(kind)
        if kind in self._records:
            known = self._records[kind]
            return known or Shape({"$ref": f"#/$defs/{name}"}, lambda value: self._made(kind).read(value))
        self._records[kind] = None
        fields = fields_of(kind, self.of)
        if fields is None:
            raise TypeError(f"values of {getattr(kind, '__name__', kind)} cannot be read from JSON")
        whole = record(fields, kind, description=_described(kind))
        self.definitions[name] = whole.schema
        shape = Shape({"$ref": f"#/$defs/{name}"}, whole.read, whole.marks)
        self._records[kind] = shape
        return shape

    def _made(self, kind: Any) -> Shape:
        shape = self._records[kind]
        assert shape is not None, "a type is read before it is known"
        return shape

    def _name(self, kind: Any) -> str:
        """Name a type in the document: by its own name, or with a number if another one has that."""
        own = str(getattr(kind, "__name__", "Value"))
        name, number = own, 1
        while self._names.setdefault(name, kind) is not kind:
            number += 1
            name = f"{own}{number}"
        return name


def encrypted(shape: Shape) -> Shape:
    """The same, but its values may also arrive encrypted, for they are decrypted before they are read."""

    def read(value: Any) -> Any:
        if isinstance(value, dict) and ENVELOPE in value:
            raise Misfit("is encrypted, and there is no codec here that could decrypt it")
        return shape.read(value)

    schema = {"anyOf": [shape.schema, ENVELOPE_SCHEMA]} if shape.schema else shape.schema
    return Shape(schema, read, ((), *shape.marks))


def _made_set(kind: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
    def made(items: list[Any]) -> Any:
        try:
            return kind(items)
        except TypeError:
            raise Misfit("has items that cannot be in a set") from None

    return made


def _described(kind: Any) -> str:
    """Return what the class says of itself; a dataclass without a docstring gets one made of its fields."""
    text = kind.__doc__ or ""
    return "" if text.startswith(f"{kind.__name__}(") else inspect.cleandoc(text)
