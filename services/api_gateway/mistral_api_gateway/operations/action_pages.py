"""Pages of the list of actions. It is made of two sources and short, so it is filtered and sorted here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from mistral_api_gateway.operations.actions import Action
from mistral_core.errors import NotFound
from mistral_persistence.listing import Filter, Operator, Page
from mistral_persistence.literals import as_flag

_COMPARE: Final[Mapping[Operator, Callable[[str, tuple[str, ...]], bool]]] = {
    Operator.EQ: lambda value, given: value == given[0],
    Operator.NEQ: lambda value, given: value != given[0],
    Operator.GT: lambda value, given: value > given[0],
    Operator.GTE: lambda value, given: value >= given[0],
    Operator.LT: lambda value, given: value < given[0],
    Operator.LTE: lambda value, given: value <= given[0],
    Operator.IN: lambda value, given: value in given,
    Operator.NIN: lambda value, given: value not in given,
    Operator.HAS: lambda value, given: given[0] in value,
}
_SECONDS: Final = 19


def page_of(actions: Sequence[Action], wanted: Page) -> list[Action]:
    """Return the page; its marker is the name, or the id, of the last action of the page before.

    Raises:
        NotFound: If there is no action of that name or id.
    """
    found = [action for action in actions if all(_fits(action, one) for one in wanted.filters)]
    found = [action for action in found if all(action[name] in (None, "") for name in wanted.nulls)]
    found.sort(key=lambda action: str(action["id"]))
    for column, down in reversed(wanted.sort):
        found.sort(key=lambda action: _text(action[column]), reverse=down)
    if wanted.marker is not None:
        places = [number for number, action in enumerate(found) if wanted.marker in (action["id"], action["name"])]
        if not places:
            raise NotFound(f"There is no action {wanted.marker!r}, after which the page was to begin")
        found = found[places[-1] + 1 :]
    return found[: wanted.limit]


def _fits(action: Action, one: Filter) -> bool:
    value = action[one.column]
    if isinstance(value, list):
        return _tags_fit(value, one)
    if isinstance(value, bool):
        one = replace(one, values=tuple(_text(as_flag(text)) for text in one.values))
    return _COMPARE[one.operator](_text(value), one.values)


def _tags_fit(tags: Sequence[str], one: Filter) -> bool:
    match one.operator:
        case Operator.IN:
            return any(tag in tags for tag in one.values)
        case Operator.NEQ | Operator.NIN:
            return not any(tag in tags for tag in one.values)
        case _:
            return all(tag in tags for tag in one.values)


def _text(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return str(value)[:_SECONDS]
        case list():
            return ",".join(value)
        case None:
            return ""
        case _:
            return str(value)
