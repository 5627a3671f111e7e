"""One node of the picture: how large it is, and its card as SVG."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from mistral_core.graph.layout import Box
from mistral_core.graph.measure import clipped, width
from mistral_core.graph.model import Node, Shape
from mistral_core.graph.style import MOODS

_TITLE: Final = 34
_DETAIL: Final = 42
_NOTES: Final = 52
_PADDING: Final = 14.0
_LEAST_WIDTH: Final = 96.0
_COMMAND_MOODS: Final = {"fail": "bad", "succeed": "good", "pause": "held"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text on a card."""

    text: str
    style: str
    size: float
    height: float

    @property
    def width(self) -> float:
        return width(self.text, self.size, mono="mono" in self.style, bold="title" in self.style)


def size_of(node: Node) -> tuple[float, float]:
    """Return width and height of a card."""
    lines = _lines(node)
    widest = max(line.width for line in lines)
    margin = 2 * _PADDING + (12 if node.shape is Shape.WORKFLOW else 0)
    least = 54.0 if node.shape is Shape.COMMAND else _LEAST_WIDTH
    return max(least, widest + margin), sum(line.height for line in lines) + (12 if len(lines) == 1 else 16)


def card(node: Node, box: Box) -> Iterator[str]:
    """Yield the elements of a card."""
    ran = bool(node.state)
    yield f'<g class="{"node" if ran or not node.took else "node aside"}">'
    yield f"<title>{escape(_tooltip(node))}</title>"
    yield from _body(node, box)
    yield from _texts(node, box)
    yield "</g>"


def _lines(node: Node) -> list[Line]:
    lines = [Line(clipped(node.title, _TITLE), "title ink", 13, 17)]
    if node.detail and not (node.shape is Shape.ACTION and node.detail == "std.noop"):
        lines.append(Line(clipped(node.detail, _DETAIL), "detail mono soft", 11, 15))
    if notes := _notes(node):
        lines.append(Line(clipped(notes, _NOTES), "note soft", 10.5, 15))
    if node.state:
        words = " · ".join(filter(None, (node.state, node.took, f"{node.runs} runs" if node.runs > 1 else "")))
        lines.append(Line(words, f"note {MOODS.get(node.state, 'soft')}", 10.5, 15))
    return lines


def _notes(node: Node) -> str:
    parts = [f"join {node.join}" if node.join else "", f"for each {node.items}" if node.items else "", *node.notes]
    return " · ".join(filter(None, parts))


def _tooltip(node: Node) -> str:
    return "\n".join(filter(None, (node.title, node.detail, _notes(node), f"{node.state} {node.took}".strip())))


def _body(node: Node, box: Box) -> Iterator[str]:
    left, top = box.x - box.width / 2, box.top
    mood = MOODS.get(node.state, "") or (_COMMAND_MOODS.get(node.title, "") if node.shape is Shape.COMMAND else "")
    style = f"card card-{mood}" if mood else "card"
    style += " critical-card" if node.critical else ""
    radius = box.height / 2 if node.shape is Shape.COMMAND else 8
    if node.items:
        for offset in (8, 4):
            yield _rectangle(left + offset, top + offset, box.width, box.height, radius, "card")
    yield _rectangle(left, top, box.width, box.height, radius, style)
    if node.join:
        yield _rectangle(left + 6, top - 2.5, box.width - 12, 5, 2.5, "bar")
    if node.shape is Shape.WORKFLOW:
        for x in (left + 6, left + box.width - 6):
            yield f'<path class="rule" d="M{x:.1f} {top + 1:.1f}V{box.bottom - 1:.1f}"/>'


def _rectangle(x: float, y: float, width: float, height: float, radius: float, style: str) -> str:
    return (
        f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius:.1f}"/>'
    )


def _texts(node: Node, box: Box) -> Iterator[str]:
    lines = _lines(node)
    y = box.y - sum(line.height for line in lines) / 2
    for line in lines:
        baseline = y + line.height * 0.74
        yield (
            f'<text class="{line.style}" x="{box.x:.1f}" y="{baseline:.1f}" text-anchor="middle">'
            f"{escape(line.text)}</text>"
        )
        y += line.height
