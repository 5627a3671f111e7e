"""What a subscription can ask for, and whether an event is one of those. Pure; conditions are expressions' business."""

import re
from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from fnmatch import translate
from typing import Final

from mistral_core.machine.command import Lifecycle


class ActionEvent(StrEnum):
    """What happened to an action execution; only told to subscriptions that ask for it."""

    ACTION_LAUNCHED = "ACTION_LAUNCHED"
    ACTION_SUCCEEDED = "ACTION_SUCCEEDED"
    ACTION_FAILED = "ACTION_FAILED"
    ACTION_CANCELLED = "ACTION_CANCELLED"
    ACTION_PAUSED = "ACTION_PAUSED"
    ACTION_RESUMED = "ACTION_RESUMED"


TEST: Final = "SUBSCRIPTION_TEST"
"""What a trial delivery is called."""

SILENT: Final = frozenset({Lifecycle.TASK_DELAYED.value, Lifecycle.TASK_WAITING.value})
"""Events that are only told to those who name them."""

KNOWN: Final[tuple[str, ...]] = (*(event.value for event in Lifecycle), *(event.value for event in ActionEvent))
"""All types of events."""

USUAL: Final = frozenset(event.value for event in Lifecycle) - SILENT
"""What whoever asks for nothing special is told."""

_ACTIONS: Final = frozenset(event.value for event in ActionEvent)
_ENDS: Final = {
    "SUCCESS": ActionEvent.ACTION_SUCCEEDED,
    "ERROR": ActionEvent.ACTION_FAILED,
    "CANCELLED": ActionEvent.ACTION_CANCELLED,
    "PAUSED": ActionEvent.ACTION_PAUSED,
}


def named(globs: Sequence[str]) -> frozenset[str]:
    """Return the types of events that globs such as ``WORKFLOW_*`` fit; the usual ones for none."""
    if not globs:
        return USUAL
    fits = any_of(globs)
    return frozenset(event for event in KNOWN if fits(event))


def wants_actions(types: Collection[str]) -> bool:
    """Tell whether events of actions are among the types."""
    return not _ACTIONS.isdisjoint(types)


def history_pattern(types: Collection[str]) -> str:
    """Return a regular expression that a JSON text of events fits if one is of these types; empty if any does."""
    wanted = sorted(set(types) - _ACTIONS)
    if len(wanted) == len(Lifecycle):
        return ""
    return f'"event":"({"|".join(wanted or ["NOTHING"])})"'


def any_of(globs: Sequence[str]) -> Callable[[str], bool]:
    """Return what tells whether a name fits one of some globs; every name does if there are none."""
    if not globs:
        return lambda name: True
    fits = re.compile("|".join(f"(?:{translate(glob)})" for glob in globs)).match
    return lambda name: fits(name) is not None


def action_events(before: str | None, after: str) -> tuple[ActionEvent, ...]:
    """Return what it means that an action execution went from one state, or from nothing, to another."""
    events: list[ActionEvent] = []
    if before is None:
        events.append(ActionEvent.ACTION_LAUNCHED)
    elif after == "RUNNING":
        events.append(ActionEvent.ACTION_RESUMED if before == "PAUSED" else ActionEvent.ACTION_LAUNCHED)
    if after in _ENDS:
        events.append(_ENDS[after])
    return tuple(events)
