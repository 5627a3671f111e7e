"""Where nodes stand within their rows: as near to what they are tied to as order and distances allow."""

from collections.abc import Mapping, Sequence
from typing import Final

Pair = tuple[str, str]

_SWEEPS: Final = 40
_LAST_SWEEPS: Final = 12
# How much more the parts of a long edge are tied to each other than to its ends.
_STRAIGHT: Final = 12.0
GAP: Final = 28.0


def placed(
    rows: Sequence[Sequence[str]],
    pairs: Sequence[Pair],
    widths: Mapping[str, float],
    straight: frozenset[str],
) -> dict[str, float]:
    """Return the middle of each node, the leftmost edge at 0.

    Args:
        straight: Nodes that long edges pass through; these shall bend little.
    """
    above: dict[str, list[str]] = {key: [] for row in rows for key in row}
    below: dict[str, list[str]] = {key: [] for row in rows for key in row}
    for source, target in pairs:
        above[target].append(source)
        below[source].append(target)
    middle = {key: at for row in rows for key, at in zip(row, _packed(row, widths), strict=True)}
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        both = sweep >= _SWEEPS - _LAST_SWEEPS
        for row in rows if down else rows[::-1]:
            wanted = [_wanted(key, middle, above, below, straight, down=down, both=both) for key in row]
            weights = [8.0 if key in straight else 1.0 + len(above[key]) + len(below[key]) for key in row]
            for key, at in zip(row, _spread(row, wanted, weights, widths), strict=True):
                middle[key] = at
    left = min((middle[key] - widths[key] / 2 for key in middle), default=0.0)
    return {key: at - left for key, at in middle.items()}


def _packed(row: Sequence[str], widths: Mapping[str, float]) -> list[float]:
    total = sum(widths[key] for key in row) + GAP * max(len(row) - 1, 0)
    at, found = -total / 2, []
    for key in row:
        found.append(at + widths[key] / 2)
        at += widths[key] + GAP
    return found


def _wanted(
    key: str,
    middle: Mapping[str, float],
    above: Mapping[str, Sequence[str]],
    below: Mapping[str, Sequence[str]],
    straight: frozenset[str],
    *,
    down: bool,
    both: bool,
) -> float:
    ties = [*above[key], *below[key]] if both or key in straight else (above if down else below)[key]
    if not ties:
        return middle[key]
    weights = [_STRAIGHT if key in straight and each in straight else 1.0 for each in ties]
    return sum(middle[each] * weight for each, weight in zip(ties, weights, strict=True)) / sum(weights)


def _spread(
    row: Sequence[str], wanted: Sequence[float], weights: Sequence[float], widths: Mapping[str, float]
) -> list[float]:
    """Return the places nearest to those wanted that keep order and distance, by pooling those that collide."""
    offsets, at = [], 0.0
    for position, key in enumerate(row):
        if position:
            at += (widths[row[position - 1]] + widths[key]) / 2 + GAP
        offsets.append(at)
    blocks: list[tuple[float, float, int]] = []
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        mean, mass, count = want - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            other, other_mass, other_count = blocks.pop()
            mean = (mean * mass + other * other_mass) / (mass + other_mass)
            mass, count = mass + other_mass, count + other_count
        blocks.append((mean, mass, count))
    means = [mean for mean, _, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]
