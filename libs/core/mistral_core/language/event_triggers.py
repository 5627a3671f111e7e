"""``event`` of a trigger: what has to happen elsewhere for the workflow to be started."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from mistral_core.errors import InvalidInput
from mistral_core.event_triggers import checking
from mistral_core.event_triggers.event import MESH_EXCHANGE, NAMED_TOPIC
from mistral_core.language.keys import EVENT_TRIGGER
from mistral_core.language.kinds import check_entries
from mistral_core.language.node import Node


class EventSettings(Struct, frozen=True, kw_only=True):
    """What a declared trigger waits for."""

    exchange: str
    topic: str
    event: str
    matching: str
    condition: str


def parse_event(node: Node) -> EventSettings:
    """Read a mapping, or a logical name alone."""
    if isinstance(node.value, str):
        return _checked(node, {"name": node.value})
    node.mapping("a logical name such as 'domain is down', or a mapping")
    check_entries(node, EVENT_TRIGGER, "an event trigger")
    given: Mapping[str, Any] = node.value
    if ("name" in given) == ("type" in given):
        node.refuse_shape("an event trigger needs either 'name', or 'exchange', 'topic' and 'type'")
    if "name" in given and ({"exchange", "topic", "matching"} & set(given)):
        node.refuse_shape("an event trigger with a logical name has no 'exchange', 'topic' or 'matching'")
    if "type" in given and not {"exchange", "topic"} <= set(given):
        node.refuse_shape("an event trigger with a 'type' needs 'exchange' and 'topic'")
    return _checked(node, given)


def check_event_input(node: Node) -> None:
    """Refuse input with an expression that cannot be parsed; it is made of the event by expressions."""
    try:
        checking.check_mapping(node.value, "input")
    except InvalidInput as error:
        node.refuse_shape(str(error))


def _checked(node: Node, given: Mapping[str, Any]) -> EventSettings:
    found = EventSettings(
        exchange=given.get("exchange", MESH_EXCHANGE),
        topic=given.get("topic", NAMED_TOPIC),
        event=given.get("type", given.get("name", "")),
        matching=given.get("matching", "exact"),
        condition=given.get("condition", ""),
    )
    try:
        checking.check_place(found.exchange, found.topic, found.event)
        checking.checked_matching(found.matching)
        checking.check_condition(found.condition)
    except InvalidInput as error:
        key = {"event": "type"}.get(error.field, error.field)
        (node.child(key) if isinstance(node.value, dict) and key in node.value else node).refuse_shape(str(error))
    return found
