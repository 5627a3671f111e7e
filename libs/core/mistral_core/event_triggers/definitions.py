"""Event definitions: which properties of an event a workflow gets as ``event_params``, as an administrator says.

A document is a list of ``{event_types: pattern or list of patterns, properties: {name: expression}}``; later entries
come first, and what none of them says is said by the defaults.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml
from msgspec import Struct

from mistral_core import expressions
from mistral_core.errors import InvalidDefinition, InvalidInput
from mistral_core.event_triggers.event import Event
from mistral_core.event_triggers.matching import fits

_MOST: Final = 1000


class EventDefinition(Struct, frozen=True):
    """What is taken out of events whose type fits one of the patterns."""

    event_types: tuple[str, ...]
    properties: Mapping[str, Any]


DEFAULT: Final = EventDefinition(
    ("*",),
    {
        "service": "<% $.publisher %>",
        "project_id": "<% $.context.project_id %>",
        "user_id": "<% $.context.user_id %>",
        "timestamp": "<% $.timestamp %>",
    },
)


def definitions_from_text(text: str) -> tuple[EventDefinition, ...]:
    """Read a document, in the order of looking.

    Raises:
        InvalidInput: If it is none; the message names the entry.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidInput(f"The event definitions are not YAML: {error}") from None
    if document is None:
        return ()
    if not isinstance(document, list) or len(document) > _MOST:
        raise InvalidInput(f"The event definitions must be a list of at most {_MOST} entries")
    return tuple(_definition(number, entry) for number, entry in enumerate(document, 1))[::-1]


def event_params(definitions: Sequence[EventDefinition], event: Event) -> dict[str, Any]:
    """Return what the first definition for the event's type makes of it, on top of the defaults.

    Raises:
        ExpressionFailed: If one of its expressions fails.
    """
    found = next(
        (one for one in definitions if any(fits(each, event.type, glob=True) for each in one.event_types)), None
    )
    properties = {**DEFAULT.properties, **(found.properties if found else {})}
    return dict(expressions.render(properties, event.scope()))


def _definition(number: int, entry: Any) -> EventDefinition:
    where = f"Entry {number} of the event definitions"
    if not isinstance(entry, dict) or set(entry) != {"event_types", "properties"}:
        raise InvalidInput(f"{where} must have 'event_types' and 'properties', and nothing else")
    types = [entry["event_types"]] if isinstance(entry["event_types"], str) else entry["event_types"]
    if not isinstance(types, list) or not types or not all(isinstance(one, str) and one for one in types):
        raise InvalidInput(f"{where}: 'event_types' must be a pattern or a list of patterns")
    properties = entry["properties"]
    if not isinstance(properties, dict) or not all(isinstance(name, str) for name in properties):
        raise InvalidInput(f"{where}: 'properties' must map names to values")
    for name, value in properties.items():
        try:
            if isinstance(value, str):
                expressions.check(value)
        except InvalidDefinition as error:
            raise InvalidInput(f"{where}: property {name!r}: {error}") from None
    return EventDefinition(tuple(types), properties)
