"""``triggers`` of a workflow: what starts it, beside people; stored, replaced and removed together with it.

Each has a name, exactly one of the keys in ``_READERS``, and what every start is given. A kind of trigger is a module
of its own with a function that reads the node under its key; what it returns is for whoever stores such triggers
(``operations/declared_triggers.py`` of the gateway).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from mistral_core.language.cron_triggers import parse_cron
from mistral_core.language.event_triggers import check_event_input, parse_event
from mistral_core.language.keys import DECLARED_TRIGGER, INJECTED
from mistral_core.language.kinds import check_entries, text
from mistral_core.language.model import REQUIRED, DeclaredTrigger, Parameter
from mistral_core.language.node import Node

_READERS: Final[Mapping[str, Callable[[Node], Any]]] = {
    "cron": parse_cron,
    "event": parse_event,
}
_LONGEST_NAME: Final = 100


def parse_triggers(node: Node | None, parameters: tuple[Parameter, ...]) -> tuple[DeclaredTrigger, ...]:
    """Read the triggers of a workflow that takes these parameters; none of a text that was checked before."""
    if node is None or node.trusted:
        return ()
    node.mapping("a mapping with at least one trigger")
    return tuple(_parse(entry, parameters) for entry in node.entries() if entry.key not in INJECTED)


def _parse(node: Node, parameters: tuple[Parameter, ...]) -> DeclaredTrigger:
    if not node.name or len(node.name) > _LONGEST_NAME or any(character.isspace() for character in node.name):
        node.refuse_shape(f"the name of a trigger is 1 to {_LONGEST_NAME} characters without blanks")
    node.mapping(f"a mapping with one of: {', '.join(_READERS)}")
    check_entries(node, DECLARED_TRIGGER, f"trigger '{node.key}'")
    kinds = [kind for kind in _READERS if kind in node.value]
    if len(kinds) != 1:
        node.refuse_shape(f"trigger '{node.key}' needs exactly one of: {', '.join(_READERS)}")
    given: dict[str, Any] = node.value.get("input") or {}
    _check_input(node, given, parameters)
    if kinds[0] == "event" and given:
        check_event_input(node.child("input"))
    return DeclaredTrigger(
        name=node.name,
        kind=kinds[0],
        settings=_READERS[kinds[0]](node.child(kinds[0])),
        input=given,
        params=node.value.get("params") or {},
        description=text(node, "description"),
        line=node.line,
    )


def _check_input(node: Node, given: Mapping[str, Any], parameters: tuple[Parameter, ...]) -> None:
    known = {each.name for each in parameters}
    for name in given:
        if name not in known:
            node.child("input").child(name).refuse_shape(f"the workflow has no input '{name}'")
    missing = [each.name for each in parameters if each.default is REQUIRED and each.name not in given]
    if missing:
        node.refuse_shape(f"trigger '{node.key}' lacks input that the workflow requires: {', '.join(missing)}")
