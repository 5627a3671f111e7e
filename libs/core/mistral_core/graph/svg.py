"""The picture: one self-contained SVG for light and dark pages."""

from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape

from mistral_core.graph.cards import card, size_of
from mistral_core.graph.layout import Box, Layout, layout_of
from mistral_core.graph.measure import clipped, width
from mistral_core.graph.model import Drawing, Edge, Way
from mistral_core.graph.style import WAYS, stylesheet

_MARGIN: Final = 32.0
_LABEL: Final = 46
_LABEL_SIZE: Final = 10.5
_LEGEND_HEIGHT: Final = 30.0
_LEAST_WIDTH: Final = 360.0
_CAPTION_LINE: Final = 17.0


def svg(drawing: Drawing) -> str:
    """Return the picture as text."""
    nodes = {node.key: node for node in drawing.nodes}
    layout = layout_of(drawing, lambda key: size_of(nodes[key]), _label_size)
    legend = _legend_entries(drawing)
    wide = max(layout.width, _LEAST_WIDTH, sum(_legend_width(name) for name in legend)) + 2 * _MARGIN
    head = list(_head(drawing, wide))
    top = _MARGIN + 26 + _CAPTION_LINE * (len(head) - 1) + 12
    high = top + layout.height + 26 + _LEGEND_HEIGHT + 10
    left = (wide - layout.width) / 2
    faded = any(node.state for node in drawing.nodes)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{high:.0f}" '
        f'viewBox="0 0 {wide:.0f} {high:.0f}" role="img" aria-label="{escape(drawing.title, {chr(34): "&quot;"})}">',
        f"<style>{stylesheet()}</style>",
        f"<defs>{''.join(map(_tip, WAYS))}</defs>",
        f'<rect class="page" width="{wide:.0f}" height="{high:.0f}" rx="12"/>',
        *head,
        f'<g transform="translate({left:.1f} {top:.1f})">',
        *_edges(drawing, layout, faded=faded),
        *_cards(drawing, layout, faded=faded),
        *_labels(layout, faded=faded),
        "</g>",
        *_legend(legend, high - _LEGEND_HEIGHT),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _tip(way: str) -> str:
    return (
        f'<marker id="tip-{way}" viewBox="0 0 10 10" refX="8.5" refY="5" markerWidth="9" markerHeight="9" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path class="tip-{way}" d="M0 1L9 5L0 9L2.4 5z"/></marker>'
    )


def _head(drawing: Drawing, wide: float) -> Iterator[str]:
    yield f'<text class="head ink" x="{_MARGIN}" y="{_MARGIN + 14}">{escape(clipped(drawing.title, 80))}</text>'
    longest = max(int((wide - 2 * _MARGIN) / 6.4), 20)
    for number, line in enumerate(_wrapped(drawing.caption, longest)[:3]):
        y = _MARGIN + 36 + number * _CAPTION_LINE
        yield f'<text class="caption soft" x="{_MARGIN}" y="{y}">{escape(line)}</text>'


def _wrapped(text: str, longest: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= longest:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _label_size(edge: Edge) -> tuple[float, float] | None:
    text = clipped(edge.label, _LABEL)
    return (width(text, _LABEL_SIZE, mono=True) + 12, 18.0) if text else None


def _class(edge: Edge) -> str:
    return "critical" if edge.critical else edge.way.value


def _edges(drawing: Drawing, layout: Layout, *, faded: bool) -> Iterator[str]:
    joins = {node.key for node in drawing.nodes if node.join}
    for route in sorted(layout.routes, key=lambda route: (route.edge.critical, route.edge.taken)):
        edge = route.edge
        aside = " aside" if faded and not edge.taken else ""
        path = (
            _curve(route.points, 3.0 if edge.target in joins else 0.0)
            if route.points
            else _loop(layout.boxes[edge.source])
        )
        name = _class(edge)
        yield f'<path class="edge {name}{aside}" marker-end="url(#tip-{name})" d="{path}"/>'


def _curve(points: Sequence[tuple[float, float, float]], short: float) -> str:
    """Return a smooth way that passes each row upright; a point is x with where the row is entered and left.

    Args:
        short: How far before its end it stops.
    """
    x, _, y = points[0]
    last_x, enters, _ = points[-1]
    end = enters - short if enters > y else enters
    points = [*points[:-1], (last_x, end, end)]
    parts = [f"M{x:.1f} {y:.1f}"]
    for next_x, enters, leaves in points[1:]:
        half = (y + enters) / 2
        parts.append(f"C{x:.1f} {half:.1f} {next_x:.1f} {half:.1f} {next_x:.1f} {enters:.1f}")
        if leaves != enters:
            parts.append(f"V{leaves:.1f}")
        x, y = next_x, leaves
    return "".join(parts)


def _loop(box: Box) -> str:
    right, y = box.x + box.width / 2, box.y
    return f"M{right:.1f} {y + 8:.1f}c26 6 26 -22 0 -16"


def _cards(drawing: Drawing, layout: Layout, *, faded: bool) -> Iterator[str]:
    reached = {route.edge.target for route in layout.routes if route.edge.taken}
    for node in drawing.nodes:
        aside = faded and not node.state and node.key not in reached
        if aside:
            yield '<g class="aside">'
        yield from card(node, layout.boxes[node.key])
        if aside:
            yield "</g>"


def _labels(layout: Layout, *, faded: bool) -> Iterator[str]:
    for route in layout.routes:
        if route.label is None:
            continue
        x, y = route.label
        text = clipped(route.edge.label, _LABEL)
        half = width(text, _LABEL_SIZE, mono=True) / 2 + 5
        yield f"<g><title>{escape(route.edge.label)}</title>"
        yield f'<rect class="chip" x="{x - half:.1f}" y="{y - 9:.1f}" width="{2 * half:.1f}" height="18" rx="5"/>'
        style = f"label mono tip-{_class(route.edge)}" + (" aside" if faded and not route.edge.taken else "")
        yield f'<text class="{style}" x="{x:.1f}" y="{y + 3.7:.1f}" text-anchor="middle">{escape(text)}</text></g>'


def _legend_entries(drawing: Drawing) -> list[str]:
    used = {_class(edge) for edge in drawing.edges}
    return [way for way in (*(each.value for each in Way), "critical") if way in used]


def _legend_width(name: str) -> float:
    return width(name, _LABEL_SIZE) + 58


def _legend(names: Sequence[str], y: float) -> Iterator[str]:
    x = _MARGIN
    for name in names:
        words = "critical path" if name == "critical" else name
        yield f'<path class="edge {name}" marker-end="url(#tip-{name})" d="M{x:.1f} {y:.1f}h28"/>'
        yield f'<text class="legend soft" x="{x + 34:.1f}" y="{y + 3.6:.1f}">{words}</text>'
        x += _legend_width(words)
