"""From text to plain values and their places: the only module that knows YAML.

The dialect is narrow on purpose. Mapping keys are text as written, ``&``, ``*`` and ``@`` may begin plain text (there
are no anchors), tags are refused, and size, depth and number of nodes are bounded, so that a small text cannot
unfold into a large one. JSON is accepted as the YAML it almost is. What the values mean is none of its business.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import yaml

from mistral_core.errors import InvalidDefinition
from mistral_core.language.json_text import as_yaml, plain_json
from mistral_core.language.scalars import plain_value

Key: TypeAlias = str | int
Position: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class TextLimits:
    """How large a definition may be: characters, levels of nesting, and values in all."""

    characters: int = 4 * 1024 * 1024
    depth: int = 100
    nodes: int = 300_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """A loaded text: plain values, and where they stood.

    Attributes:
        positions: For each container (by ``id``) the line and column, 1-based, of each of its keys or elements.
        trusted: Whether it was checked before, so that the grammar of its expressions need not be checked again.
    """

    value: Any
    text: str
    positions: dict[int, dict[Key, Position]]
    trusted: bool = False

    def position(self, path: tuple[Key, ...]) -> Position:
        """Return line and column of the value at that path, or of the nearest one above it that is known."""
        found, value = (1, 1), self.value
        for key in path:
            found = self.positions.get(id(value), {}).get(key, found)
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                break
        return found


# A character of the private area stands before what libyaml would take for an anchor, an alias or a reserved
# indicator, and is taken away again from the values.
_SHIELD: Final = "\ue000"
_SHIELDED: Final = re.compile(r"(^|[\s\[{,:])([&*@])", re.MULTILINE)
_TEXT_TAG: Final = "tag:yaml.org,2002:str"
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


_LIMITS: Final = TextLimits()


def load(text: str, limits: TextLimits = _LIMITS, *, trusted: bool = False) -> Loaded:
    """Read one YAML document; empty text is an empty mapping.

    Raises:
        InvalidDefinition: If it is no YAML of our dialect or exceeds the limits; says where.
    """
    if len(text) > limits.characters:
        raise _refused(f"the text has {len(text)} characters, at most {limits.characters} are allowed", (1, 1))
    from_json = as_yaml(text)
    builder = _Builder(limits, plain_value if from_json is None else plain_json)
    try:
        for event in _events(text if from_json is None else from_json):
            builder.take(event)
    except yaml.YAMLError as error:
        raise _refused(_reason(error, text), _place(error, text)) from None
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise _refused("the text has characters that are not Unicode", (line, 1)) from None
    return Loaded(builder.root, text, builder.positions, trusted)


def dump(value: Any) -> str:
    """Write plain values as YAML that ``load`` reads back as the same values."""
    return str(yaml.dump(value, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, default_flow_style=False))


def _events(text: str) -> Iterator[yaml.Event]:
    if _SHIELD in text:
        raise _refused("the text has the private character U+E000", (text.count("\n", 0, text.index(_SHIELD)) + 1, 1))
    return yaml.parse(_SHIELDED.sub(rf"\1{_SHIELD}\2", text), Loader=_LOADER)


def _refused(reason: str, position: Position) -> InvalidDefinition:
    line, column = position
    return InvalidDefinition(f"Definition could not be parsed: {reason}", line=line, column=column)


def _reason(error: yaml.YAMLError, text: str) -> str:
    parts = [getattr(error, "context", None), getattr(error, "problem", None)]
    reason = ", ".join(part for part in parts if part) or str(error).partition("\n")[0]
    if "cannot start any token" in reason:
        reason += "; quote text that begins with '%', '`' or a tab"
    elif _SHIELDED.search(text):
        reason += "; anchors and aliases are not supported, '&', '*' and '@' begin plain text"
    return reason.replace(_SHIELD, "")


def _place(error: yaml.YAMLError, text: str) -> Position:
    begun, found = getattr(error, "context_mark", None), getattr(error, "problem_mark", None)
    # What is not closed is noticed at the end of the text, and to be mended where it begins.
    mark = begun if begun and "end of stream" in str(error) else found or begun
    if mark is not None:
        return min(mark.line, text.count("\n")) + 1, mark.column + 1
    index = max(getattr(error, "position", 0) or 0, 0)
    return text.count("\n", 0, index) + 1, 1


@dataclass(slots=True)
class _Frame:
    """One container that is being filled."""

    container: dict[str, Any] | list[Any]
    positions: dict[Key, Position] = field(default_factory=dict)
    key: str | None = None


class _Builder:
    """Makes values out of parser events, without recursion, so that depth cannot hurt."""

    def __init__(self, limits: TextLimits, plain: Callable[[str], Any]) -> None:
        self._limits = limits
        self._value_of = plain
        self._frames: list[_Frame] = []
        self._nodes = 0
        self._documents = 0
        self.root: Any = {}
        self.positions: dict[int, dict[Key, Position]] = {}

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent():
                self._open({}, event)
            case yaml.SequenceStartEvent():
                self._open([], event)
            case yaml.CollectionEndEvent():
                self._frames.pop()
            case yaml.AliasEvent():
                raise _refused("anchors and aliases are not supported", _position(event))
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _refused("only one document is expected, but another begins here", _position(event))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._count(event)
        text = event.value.replace(_SHIELD, "")
        if "\0" in text:
            raise _refused("the text holds the character NUL", _position(event))
        top = self._frames[-1] if self._frames else None
        if top is not None and top.key is None and isinstance(top.container, dict):
            self._begin_entry(top, text, _position(event))
        elif event.implicit[0] and event.tag is None:
            self._add(self._plain(text, event), _position(event))
        else:
            self._add(text, _position(event))

    def _plain(self, text: str, event: yaml.ScalarEvent) -> Any:
        try:
            return self._value_of(text)
        except ValueError as error:
            raise _refused(str(error), _position(event)) from None

    def _begin_entry(self, frame: _Frame, key: str, position: Position) -> None:
        if key in frame.positions:
            first = frame.positions[key][0]
            raise _refused(f"the key '{key}' stands twice in the same mapping, first in line {first}", position)
        frame.positions[key] = position
        frame.key = key

    def _open(self, container: dict[str, Any] | list[Any], event: yaml.NodeEvent) -> None:
        self._count(event)
        position = _position(event)
        if self._frames and self._frames[-1].key is None and isinstance(self._frames[-1].container, dict):
            raise _refused("a key must be text; quote text that begins with '{' or '['", position)
        if len(self._frames) >= self._limits.depth:
            raise _refused(f"values are nested more than {self._limits.depth} levels deep", position)
        self._add(container, position)
        frame = _Frame(container)
        self._frames.append(frame)
        self.positions[id(container)] = frame.positions

    def _add(self, value: Any, position: Position) -> None:
        if not self._frames:
            self.root = value
            return
        frame = self._frames[-1]
        if isinstance(frame.container, list):
            frame.positions[len(frame.container)] = position
            frame.container.append(value)
        elif frame.key is not None:
            frame.container[frame.key] = value
            frame.key = None

    def _count(self, event: yaml.NodeEvent) -> None:
        self._nodes += 1
        if self._nodes > self._limits.nodes:
            raise _refused(f"the text holds more than {self._limits.nodes} values", _position(event))
        if event.anchor is not None:
            raise _refused("anchors and aliases are not supported", _position(event))
        tag = getattr(event, "tag", None)
        if tag is not None and not (tag == _TEXT_TAG and isinstance(event, yaml.ScalarEvent)):
            raise _refused(f"the tag '{tag}' is not allowed", _position(event))


def _position(event: yaml.Event) -> Position:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
