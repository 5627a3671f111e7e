"""Whether an event is what a trigger or a binding waits for, by its exchange, topic and type."""

from enum import StrEnum
from typing import Protocol

from mistral_core.event_triggers.event import Event


class Matching(StrEnum):
    """How exchange, topic and type are compared."""

    EXACT = "exact"
    GLOB = "glob"


class Pattern(Protocol):
    """What is waited for."""

    @property
    def exchange(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def event(self) -> str: ...
    @property
    def matching(self) -> str: ...


def mismatch(wanted: Pattern, event: Event) -> str:
    """Return why an event is not what is waited for; empty if it is."""
    for name, pattern, value in (
        ("exchange", wanted.exchange, event.exchange),
        ("topic", wanted.topic, event.topic),
        ("event type", wanted.event, event.type),
    ):
        if not fits(pattern, value, glob=wanted.matching == Matching.GLOB):
            return f"its {name} is {value!r}; {pattern!r} is waited for"
    return ""


def fits(pattern: str, text: str, *, glob: bool) -> bool:
    """Tell whether a text is the pattern; in a glob ``*`` stands for any characters, ``?`` for one."""
    return _glob(pattern, text) if glob else pattern == text


def _glob(pattern: str, text: str) -> bool:
    """Walk along both; a mismatch goes back to the last star alone, so time is their product at most."""
    at, place = 0, 0
    star, begun = -1, 0
    while at < len(text):
        if place < len(pattern) and pattern[place] == "*":
            star, begun = place, at
            place += 1
        elif place < len(pattern) and pattern[place] in ("?", text[at]):
            at, place = at + 1, place + 1
        elif star >= 0:
            begun += 1
            at, place = begun, star + 1
        else:
            return False
    return not pattern[place:].strip("*")
