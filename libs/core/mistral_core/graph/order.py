"""In which order nodes stand within their layers, so that few edges cross."""

import itertools
from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from typing import Final

Pair = tuple[str, str]

_SWEEPS: Final = 16


def ordered(rows: Sequence[Sequence[str]], pairs: Sequence[Pair]) -> list[list[str]]:
    """Return the rows, each in an order with few crossings.

    Args:
        pairs: Between neighbouring rows only, from the upper to the lower.
    """
    above: dict[str, list[str]] = {key: [] for row in rows for key in row}
    below: dict[str, list[str]] = {key: [] for row in rows for key in row}
    for source, target in pairs:
        above[target].append(source)
        below[source].append(target)
    current = [list(row) for row in rows]
    best, fewest = current, crossings(current, below)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        current = _downwards(current, above) if sweep % 2 == 0 else _downwards(current[::-1], below)[::-1]
        current = [_switched(row, above, below, _places(current, number)) for number, row in enumerate(current)]
        count = crossings(current, below)
        if count < fewest:
            best, fewest = current, count
    return best


def crossings(rows: Sequence[Sequence[str]], below: Mapping[str, Sequence[str]]) -> int:
    """Count how often edges between neighbouring rows cross."""
    count = 0
    for upper, lower in itertools.pairwise(rows):
        place = {key: position for position, key in enumerate(lower)}
        seen: list[int] = []
        for key in upper:
            ends = sorted(place[target] for target in below[key])
            for end in ends:
                count += len(seen) - bisect_left(seen, end + 1)
            for end in ends:
                insort(seen, end)
    return count


def _downwards(rows: Sequence[list[str]], neighbours: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Order each row by the middle of what its nodes are tied to in the row before."""
    found = [list(rows[0])] if rows else []
    for row in rows[1:]:
        place = {key: position for position, key in enumerate(found[-1])}
        own = {key: position for position, key in enumerate(row)}
        scale = len(place) / max(len(row), 1)
        middle = {
            key: sum(place[each] for each in neighbours[key]) / len(neighbours[key])
            if neighbours[key]
            else own[key] * scale
            for key in row
        }
        found.append(sorted(row, key=lambda key: (middle[key], own[key])))
    return found


def _places(rows: Sequence[Sequence[str]], number: int) -> dict[str, int]:
    """Return the positions in the rows beside a row."""
    beside = [row for at in (number - 1, number + 1) if 0 <= at < len(rows) for row in (rows[at],)]
    return {key: position for row in beside for position, key in enumerate(row)}


def _switched(
    row: Sequence[str],
    above: Mapping[str, Sequence[str]],
    below: Mapping[str, Sequence[str]],
    places: Mapping[str, int],
) -> list[str]:
    """Switch neighbours for as long as that makes fewer edges cross."""
    found = list(row)
    for _ in range(len(found)):
        changed = False
        for at in range(len(found) - 1):
            left, right = found[at], found[at + 1]
            saved = sum(_crossed(ties[left], ties[right], places) for ties in (above, below))
            if saved > sum(_crossed(ties[right], ties[left], places) for ties in (above, below)):
                found[at], found[at + 1] = right, left
                changed = True
        if not changed:
            break
    return found


def _crossed(left: Sequence[str], right: Sequence[str], places: Mapping[str, int]) -> int:
    """Count the crossings of the edges of two neighbours in that order."""
    return sum(places[a] > places[b] for a in left for b in right)
