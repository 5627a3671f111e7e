"""Policies of a task: retry, waits, timeout and the like, with what ``task-defaults`` adds."""

from dataclasses import fields
from typing import Any, Final

from mistral_core.language.keys import RETRY
from mistral_core.language.kinds import check_entries
from mistral_core.language.model import Policies, Retry
from mistral_core.language.node import Node
from mistral_core.language.shorthand import parse_arguments

_SIMPLE: Final = {field.name: field.name.replace("_", "-") for field in fields(Policies) if field.name != "retry"}


def parse_policies(node: Node) -> Policies:
    """Read the policies among the checked entries of a task or of ``task-defaults``.

    Zero and false mean that a policy is not set.
    """
    set_: dict[str, Any] = {field: _plain(node.value[key]) for field, key in _SIMPLE.items() if node.value.get(key)}
    retry = node.get("retry")
    if retry is not None:
        set_["retry"] = _parse_retry(retry)
    return Policies(**set_) if set_ else NO_POLICIES


def merge_policies(own: Policies, defaults: Policies) -> Policies:
    """Return each policy of the task itself where it is set, else the default."""
    if defaults is NO_POLICIES:
        return own
    if own is NO_POLICIES:
        return defaults
    merged = {}
    for field in fields(Policies):
        value = getattr(own, field.name)
        merged[field.name] = getattr(defaults, field.name) if value is None else value
    return Policies(**merged)


def _parse_retry(node: Node) -> Retry:
    if isinstance(node.value, str):
        return _parse_retry_line(node, node.value)
    node.mapping("a mapping with 'count' and 'delay', or text such as count=3 delay=1")
    return _retry(node)


def _parse_retry_line(node: Node, written: str) -> Retry:
    try:
        values = parse_arguments(written)
    except ValueError as error:
        node.refuse_shape(f"the retry policy '{written}' cannot be read: {error}")
    if not values:
        node.refuse_kind("text such as count=3 delay=1")
    return _retry(node.standing_for({"delay": 0, **values}))


def _retry(node: Node) -> Retry:
    check_entries(node, RETRY, "'retry'")
    values: dict[str, Any] = node.value
    return Retry(
        count=_plain(values["count"]),
        delay=_plain(values["delay"]),
        break_on=values.get("break-on"),
        continue_on=values.get("continue-on"),
    )


def _plain(value: Any) -> Any:
    """Return a number such as 2.0, which is a whole one, as an integer, and any other value as it is."""
    return int(value) if isinstance(value, float) else value


NO_POLICIES: Final = Policies()
