"""One value of a definition together with its place: what every check of the language is written against.

A node knows how to complain. It does not know what is allowed; the modules about workflows, tasks, clauses and so
on say that.
"""

import difflib
import json
from collections.abc import Collection, Iterator
from typing import Any, NoReturn

from mistral_core.errors import InvalidDefinition
from mistral_core.language.yaml_text import Key, Loaded

_SHOWN_CHARACTERS = 80


class Node:
    """A value at a place of a loaded text.

    Attributes:
        value: The plain value.
        key: Its key in the mapping, or its index in the list, that holds it; "" for the whole document.
    """

    __slots__ = ("_loaded", "_parent", "key", "value")

    def __init__(self, value: Any, key: Key, parent: "Node | None", loaded: Loaded) -> None:
        self.value = value
        self.key = key
        self._parent = parent
        self._loaded = loaded

    @classmethod
    def root(cls, loaded: Loaded) -> "Node":
        """Return the node of the whole document."""
        return cls(loaded.value, "", None, loaded)

    @property
    def trusted(self) -> bool:
        """Whether the text was checked before."""
        return self._loaded.trusted

    @property
    def text(self) -> str:
        """The whole text that it stands in."""
        return self._loaded.text

    @property
    def name(self) -> str:
        """The key as text."""
        return str(self.key)

    @property
    def line(self) -> int:
        """Line of the key in the text, 1-based."""
        return self._loaded.position(self._keys())[0]

    @property
    def column(self) -> int:
        """Column of the key in the text, 1-based."""
        return self._loaded.position(self._keys())[1]

    def child(self, key: Key) -> "Node":
        """Return the node of an entry that exists."""
        return Node(self.value[key], key, self, self._loaded)

    def get(self, key: str) -> "Node | None":
        """Return the node of an entry of a mapping, or None when there is no such entry."""
        return Node(self.value[key], key, self, self._loaded) if key in self.value else None

    def entries(self) -> Iterator["Node"]:
        """Yield the nodes of all entries of a mapping or elements of a list."""
        if isinstance(self.value, dict):
            for key, value in self.value.items():
                yield Node(value, key, self, self._loaded)
        else:
            for index, value in enumerate(self.value):
                yield Node(value, index, self, self._loaded)

    def siblings(self) -> Iterator["Node"]:
        """Yield all entries of the mapping or list that holds it, itself included."""
        return self._parent.entries() if self._parent is not None else iter(())

    def standing_for(self, value: Any) -> "Node":
        """Return a node of the same place with another value, one that the text wrote in a shorter way."""
        return Node(value, self.key, self._parent, self._loaded)

    def _keys(self) -> tuple[Key, ...]:
        keys: list[Key] = []
        node: Node | None = self
        while node is not None and node._parent is not None:
            keys.append(node.key)
            node = node._parent
        return tuple(reversed(keys))

    @property
    def path(self) -> str:
        """The way to it from the top, such as ``w.tasks.t.on-success[0]``."""
        path = ""
        for key in self._keys():
            if isinstance(key, int):
                path += f"[{key}]"
            else:
                path += f".{key}" if path else key
        return path

    def refuse(self, reason: str) -> NoReturn:
        """Complain about this value.

        Raises:
            InvalidDefinition: Always; with path, line and column.
        """
        line, column = self._loaded.position(self._keys())
        raise InvalidDefinition(reason, path=self.path, line=line, column=column)

    def refuse_shape(self, reason: str) -> NoReturn:
        """Complain that the value is not of the form the language asks for."""
        self.refuse(f"Invalid DSL: {reason}")

    def refuse_kind(self, expected: str) -> NoReturn:
        """Complain that the value is of another kind than expected."""
        where = f" of '{self.key}'" if self.key != "" else ""
        self.refuse_shape(f"the value{where} is {shown(self.value)}, but must be {expected}")

    def mapping(self, expected: str = "a mapping with at least one entry") -> dict[str, Any]:
        """Return the value, which must be a mapping that is not empty."""
        if not isinstance(self.value, dict) or not self.value:
            self.refuse_kind(expected)
        return self.value

    def check_keys(self, allowed: Collection[str], what: str, *, ignored: Collection[str] = ()) -> None:
        """Refuse keys that are neither among those allowed nor among those ignored."""
        for key in self.value:
            if key not in allowed and key not in ignored:
                self.child(key).refuse_shape(unknown(f"key '{key}' of {what}", key, allowed))


def unknown(what: str, name: str, known: Collection[str]) -> str:
    """Say that a name is unknown, what it may have meant, and what there is."""
    return f"unknown {what}{guess(name, known)} (allowed: {', '.join(sorted(known))})"


def guess(name: str, known: Collection[str]) -> str:
    """Return the question whether a similar name was meant, or nothing."""
    close = difflib.get_close_matches(name, known, n=1)
    return f" - did you mean '{close[0]}'?" if close else ""


def shown(value: Any) -> str:
    """Return a value as short text for a complaint."""
    if value is None:
        return "empty"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
