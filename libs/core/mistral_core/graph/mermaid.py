"""A drawing as Mermaid text, which many sites and editors draw by themselves."""

from collections.abc import Iterator
from typing import Final

from mistral_core.graph.model import Drawing, Edge, Node, Shape, Way
from mistral_core.graph.style import MOODS

_FRAMES: Final = {Shape.ACTION: ("[", "]"), Shape.WORKFLOW: ("[[", "]]"), Shape.COMMAND: ("([", "])")}
_ARROWS: Final = {
    Way.SUCCESS: "-->",
    Way.ERROR: "-.->",
    Way.COMPLETE: "-->",
    Way.SKIP: "-.->",
    Way.REQUIRES: "-->",
}
_COLOURS: Final = {"good": "#2c9a5f", "bad": "#d1453b", "busy": "#2477c9", "held": "#b98900", "gone": "#8a5bd6"}
_CRITICAL: Final = "#e07b00"
_WAY_COLOURS: Final = {Way.SUCCESS: _COLOURS["good"], Way.ERROR: _COLOURS["bad"], Way.SKIP: _COLOURS["gone"]}
# What would end a quoted text, or be taken for markup.
_ESCAPES: Final = {"&": "&amp;", '"': "&quot;", "<": "&lt;", ">": "&gt;", "`": "&#96;", "#": "&num;"}


def mermaid(drawing: Drawing) -> str:
    """Return the flow chart."""
    names = {node.key: f"n{number}" for number, node in enumerate(drawing.nodes)}
    lines = ["---", f"title: {_quoted(drawing.title)}", "---", "flowchart TD"]
    lines += [f"  {names[node.key]}{_frame(node)}" for node in drawing.nodes]
    lines += [f"  {names[edge.source]} {_arrow(edge)} {names[edge.target]}" for edge in drawing.edges]
    lines += [f"  {line}" for line in _styles(drawing, names)]
    return "\n".join(lines) + "\n"


def _frame(node: Node) -> str:
    opening, closing = _FRAMES[node.shape]
    join = f"join {node.join}" if node.join else ""
    items = f"for each {node.items}" if node.items else ""
    detail = "" if node.detail == "std.noop" else node.detail
    state = " ".join(filter(None, (node.state, node.took)))
    lines = (node.title, detail, " · ".join(filter(None, (join, items, *node.notes))), state)
    return f'{opening}"{"<br/>".join(_escaped(line) for line in lines if line)}"{closing}'


def _arrow(edge: Edge) -> str:
    words = edge.label or ("" if edge.way in (Way.SUCCESS, Way.REQUIRES) else edge.way.value.removeprefix("on-"))
    arrow = "==>" if edge.critical else _ARROWS[edge.way]
    return f'{arrow}|"{_escaped(words)}"|' if words else arrow


def _styles(drawing: Drawing, names: dict[str, str]) -> Iterator[str]:
    for mood, colour in _COLOURS.items():
        found = [names[node.key] for node in drawing.nodes if MOODS.get(node.state) == mood]
        if found:
            yield f"classDef {mood} stroke:{colour},stroke-width:2px"
            yield f"class {','.join(found)} {mood}"
    critical = [names[node.key] for node in drawing.nodes if node.critical]
    if critical:
        yield f"classDef critical stroke:{_CRITICAL},stroke-width:4px"
        yield f"class {','.join(critical)} critical"
    for number, edge in enumerate(drawing.edges):
        way_colour = _CRITICAL if edge.critical else _WAY_COLOURS.get(edge.way)
        if way_colour:
            yield f"linkStyle {number} stroke:{way_colour}"


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
