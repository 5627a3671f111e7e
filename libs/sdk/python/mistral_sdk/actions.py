"""Actions: functions that are offered to workflows, and what is told of them."""

import inspect
import json
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar, overload

from mistral_sdk.codec import Way, way
from mistral_sdk.context import Context, Deferred
from mistral_sdk.shapes import Shape, Shapes
from mistral_sdk.shapes.marks import ENVELOPE_SCHEMA
from mistral_sdk.shapes.records import NO_DEFAULT, Field, record
from mistral_sdk.stubs import worker_pb2

F = TypeVar("F", bound=Callable[..., Any])
_ATTRIBUTE = "__mistral_action__"
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A function and how it is offered.

    Attributes:
        read: Turns a decoded input into keyword arguments; raises `Misfit`.
        context: Name of the parameter that gets the `Context`; empty for none.
        ways: What of a result is encrypted.
    """

    name: str
    handler: Callable[..., Any]
    description: str
    input_schema: str
    output_schema: str
    read: Callable[[Any], dict[str, Any]]
    context: str
    is_async: bool
    inline: bool
    safe_rerun: bool
    public: bool
    concurrency: int
    ways: tuple[Way, ...]

    def offer(self) -> worker_pb2.ActionOffer:
        """Return it as a worker tells it."""
        return worker_pb2.ActionOffer(
            name=self.name,
            description=self.description,
            input_schema=self.input_schema,
            output_schema=self.output_schema,
            safe_rerun=self.safe_rerun,
            public=self.public,
            concurrency=self.concurrency,
        )


@overload
def action(name: F, /) -> F: ...
@overload
def action(
    name: str = "",
    /,
    *,
    safe_rerun: bool = False,
    inline: bool = False,
    public: bool = False,
    concurrency: int = 0,
    encrypt: Iterable[str] = (),
    description: str = "",
) -> Callable[[F], F]: ...
def action(name: Any = "", /, **options: Any) -> Any:
    """Make a function an action; workers take it by ``Worker(actions=[function])`` or ``worker.add``.

    Its parameters are the input, its annotations the JSON Schema of it, its docstring the documentation. A parameter
    ``context`` gets the `Context` of the run. An ``async def`` runs in the loop of the worker, a ``def`` in a thread.

    Args:
        name: How workflows call it; the name of the function if it is left out.
        safe_rerun: Whether a second run does no harm: it is run again when its worker was lost.
        inline: A ``def`` that never waits and is done in far less than a millisecond: it is run without a thread.
        public: Whether all projects may use it.
        concurrency: Most runs at once in this worker; 0 leaves it to the slots.
        encrypt: Ways to the fields of the result to encrypt, such as ``card.number`` or ``lines.*.secret``; fields of
            the input at the same ways may arrive encrypted.
        description: Instead of the docstring.
    """
    if callable(name):
        return action()(name)

    def marked(function: F) -> F:
        setattr(function, _ATTRIBUTE, define(function, name, **options))
        return function

    return marked


def action_of(function: Callable[..., Any]) -> Action | None:
    """Return what the decorator `action` made of a function; None without it. Methods are bound."""
    found: Action | None = getattr(function, _ATTRIBUTE, None)
    if found is None or found.handler is function or not inspect.ismethod(function):
        return found
    return define_again(found, function)


def define_again(found: Action, function: Callable[..., Any]) -> Action:
    """Return an action with another function of the same signature, such as a bound method."""
    values = {name: getattr(found, name) for name in Action.__slots__}
    return Action(**(values | {"handler": function}))


def define(
    function: Callable[..., Any],
    name: str = "",
    *,
    safe_rerun: bool = False,
    inline: bool = False,
    public: bool = False,
    concurrency: int = 0,
    encrypt: Iterable[str] = (),
    description: str = "",
) -> Action:
    """Make an action of a function; see `action`.

    Raises:
        TypeError: If a parameter cannot come from JSON.
    """
    chosen = name or function.__name__
    _hold_name(chosen)
    is_async = inspect.iscoroutinefunction(function)
    if inline and is_async:
        raise TypeError(f"action {chosen}: inline is for a plain `def`; an `async def` needs no thread anyway")
    ways = [way(each) for each in ([encrypt] if isinstance(encrypt, str) else encrypt)]
    # What is completed later has no result yet.
    shapes, results = Shapes(), Shapes({Deferred: Shape({}, lambda value: value)})
    fields, open_, context, returned = _signature(function, chosen, shapes)
    whole = record(fields, dict, open_=open_)
    result = _shape(results, returned, f"action {chosen}: its result")
    return Action(
        name=chosen,
        handler=function,
        description=description or inspect.getdoc(function) or "",
        input_schema=json.dumps(shapes.document(_accepting(whole, ways, shapes.definitions))),
        output_schema=json.dumps(results.document(result)) if result.schema else "",
        read=whole.read,
        context=context,
        is_async=is_async,
        inline=inline,
        safe_rerun=safe_rerun,
        public=public,
        concurrency=concurrency,
        ways=tuple(dict.fromkeys((*ways, *result.marks))),
    )


def _hold_name(name: str) -> None:
    if not name or len(name) > _LONGEST_NAME or name.startswith("std.") or name != name.strip():
        raise ValueError(f"{name!r} cannot be the name of an action: 1 to {_LONGEST_NAME} characters, not `std.` ones")


def _signature(function: Callable[..., Any], name: str, shapes: Shapes) -> tuple[list[Field], bool, str, Any]:
    """Read a signature: its fields, whether any others are taken, the parameter for the context, what is returned."""
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        raise TypeError(f"action {name}: an annotation names what is not there: {error}") from None
    fields: list[Field] = []
    open_, context = False, ""
    for parameter in _parameters(function):
        hint = hints.get(parameter.name, Any)
        if hint is Context or (parameter.name == "context" and hint is Any):
            context = parameter.name
        elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
            open_ = True
        elif parameter.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL):
            raise TypeError(f"action {name}: input comes by name, so `{parameter.name}` cannot be filled in")
        else:
            shape = _shape(shapes, hint, f"action {name}: its parameter {parameter.name}")
            fields.append(Field(parameter.name, shape, parameter.default))
    return fields, open_, context, hints.get("return", Any)


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters; the first of a function in a class is the instance."""
    parameters = list(inspect.signature(function).parameters.values())
    if parameters and parameters[0].name == "self" and not inspect.ismethod(function):
        return parameters[1:]
    return parameters


def _shape(shapes: Shapes, annotation: Any, place: str) -> Shape:
    try:
        return shapes.of(annotation)
    except TypeError as error:
        raise TypeError(f"{place}: {error}") from None


def _accepting(shape: Shape, ways: list[Way], definitions: Mapping[str, Any]) -> Shape:
    """Return the same, but what is at the ways may be encrypted."""
    schema = shape.schema
    for steps in ways:
        schema = _accept(schema, steps, definitions)
    return Shape(schema, shape.read)


def _accept(schema: Mapping[str, Any], steps: Way, definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        return _accept(definitions[schema["$ref"].removeprefix("#/$defs/")], steps, definitions)
    if not steps:
        return {"anyOf": [schema, ENVELOPE_SCHEMA]} if schema else schema
    step, rest = steps[0], steps[1:]
    properties = schema.get("properties", {})
    if step in properties:
        return {**schema, "properties": {**properties, step: _accept(properties[step], rest, definitions)}}
    for key in ("items", "additionalProperties"):
        if step == "*" and isinstance(schema.get(key), dict):
            return {**schema, key: _accept(schema[key], rest, definitions)}
    return schema


def actions_in(thing: Any) -> list[Action]:
    """Return the actions that a function is, or that a module or an instance holds."""
    own = action_of(thing) if callable(thing) else None
    if own is not None:
        return [own]
    names = vars(thing) if isinstance(thing, ModuleType) else dir(thing)
    values = (getattr(thing, name, None) for name in names if not name.startswith("__"))
    return [found for value in values if callable(value) and (found := action_of(value)) is not None]


__all__ = ["NO_DEFAULT", "Action", "action", "action_of", "actions_in", "define"]
