"""Coordinates for a drawing: layers from top to bottom, long edges led through gaps, labels with room of their own.

Tasks stand on even rows. The odd rows between them hold the labels of edges, so that none lies over anything.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mistral_core.graph.layers import layers_of, without_rings
from mistral_core.graph.model import Drawing, Edge
from mistral_core.graph.order import ordered
from mistral_core.graph.place import placed
from mistral_core.graph.straight import straightened

Point = tuple[float, float]
Size = tuple[float, float]

_ROW_GAP: Final = 24.0
_THIN: Final = 10.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its middle and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def top(self) -> float:
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Route:
    """The way of an edge: where it passes each row, from its source to its target, and where its label stands."""

    edge: Edge
    points: tuple[tuple[float, float, float], ...]
    label: Point | None


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands. ``points`` of a route are (x, top, bottom) of what it passes."""

    boxes: Mapping[str, Box]
    routes: Sequence[Route]
    width: float
    height: float


def layout_of(drawing: Drawing, size: Callable[[str], Size], label_size: Callable[[Edge], Size | None]) -> Layout:
    """Return a layout.

    Args:
        size: Of a node, by its key; ``label_size`` of the label of an edge, None if it has none.
    """
    keys = [node.key for node in drawing.nodes]
    pairs = [(edge.source, edge.target) for edge in drawing.edges]
    tidy = without_rings(keys, pairs)
    layers = layers_of(keys, tidy)
    rows_of = {key: 2 * layers[key] for key in keys}
    sizes = {key: size(key) for key in keys}
    chains = [
        _chain(number, edge, rows_of, sizes, label_size(edge))
        for number, edge in enumerate(drawing.edges)
        if edge.source != edge.target
    ]
    depth = max(rows_of.values(), default=0) + 1
    rows: list[list[str]] = [[] for _ in range(depth)]
    for key, row in rows_of.items():
        rows[row].append(key)
    steps = [pair for chain in chains for pair in itertools.pairwise(chain)]
    rows = ordered(rows, steps)
    helpers = frozenset(rows_of) - frozenset(keys)
    widths = {key: width for key, (width, _) in sizes.items()}
    middle = straightened(rows, placed(rows, steps, widths, helpers), widths, chains)
    boxes = _boxes(rows, middle, sizes)
    return Layout(
        boxes={key: boxes[key] for key in keys},
        routes=[*_routes(drawing, chains, boxes), *(Route(e, (), None) for e in drawing.edges if e.source == e.target)],
        width=max((box.x + box.width / 2 for box in boxes.values()), default=0.0),
        height=max((box.bottom for box in boxes.values()), default=0.0),
    )


def _chain(number: int, edge: Edge, rows_of: dict[str, int], sizes: dict[str, Size], label: Size | None) -> list[str]:
    """Add a helper node on each row between the ends of an edge; return the way from top to bottom."""
    upper, lower = sorted((edge.source, edge.target), key=lambda key: rows_of[key])
    # The label stands close below where the edge begins.
    labelled = rows_of[edge.source] + (1 if upper == edge.source else -1)
    chain = [upper]
    for row in range(rows_of[upper] + 1, rows_of[lower]):
        helper = f"\n{number}\n{row}"
        rows_of[helper] = row
        sizes[helper] = label if label is not None and row == labelled else (_THIN, 0.0)
        chain.append(helper)
    return [*chain, lower]


def _boxes(rows: Sequence[Sequence[str]], middle: Mapping[str, float], sizes: Mapping[str, Size]) -> dict[str, Box]:
    boxes: dict[str, Box] = {}
    top = 0.0
    for row in rows:
        height = max((sizes[key][1] for key in row), default=0.0)
        for key in row:
            width, own = sizes[key]
            # Helpers without a label reach over the whole row, so that edges pass it upright.
            boxes[key] = Box(middle[key], top + height / 2, width, own or height)
        top += height + _ROW_GAP
    return boxes


def _routes(drawing: Drawing, chains: Sequence[Sequence[str]], boxes: Mapping[str, Box]) -> list[Route]:
    edges = [edge for edge in drawing.edges if edge.source != edge.target]
    exits, entries = _ports(chains, boxes, below=True), _ports(chains, boxes, below=False)
    found = []
    for number, (edge, chain) in enumerate(zip(edges, chains, strict=True)):
        first, last = boxes[chain[0]], boxes[chain[-1]]
        # What has no height is an empty gap between rows: nothing is to be led past there.
        inner = [(box.x, box.top, box.bottom) for key in chain[1:-1] if (box := boxes[key]).height]
        points = [(exits[number], first.bottom, first.bottom), *inner, (entries[number], last.top, last.top)]
        labelled = chain[1] if chain[0] == edge.source else chain[-2]
        label = (boxes[labelled].x, boxes[labelled].y) if edge.label and len(chain) > 2 else None
        if chain[0] != edge.source:
            points = [(x, bottom, top) for x, top, bottom in reversed(points)]
        found.append(Route(edge, tuple(points), label))
    return found


def _ports(chains: Sequence[Sequence[str]], boxes: Mapping[str, Box], *, below: bool) -> dict[int, float]:
    """Return where each edge touches its upper (``below``) or lower node: side by side, in the order of its ways."""
    touching: dict[str, list[int]] = {}
    for number, chain in enumerate(chains):
        touching.setdefault(chain[0 if below else -1], []).append(number)
    found: dict[int, float] = {}
    for key, numbers in touching.items():
        numbers.sort(key=lambda number: boxes[chains[number][1 if below else -2]].x)
        box = boxes[key]
        step = min(22.0, box.width * 0.7 / max(len(numbers), 1))
        for position, number in enumerate(numbers):
            found[number] = box.x + (position - (len(numbers) - 1) / 2) * step
    return found
