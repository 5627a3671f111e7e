"""Long edges made straight: each passes its rows at one place, wherever its neighbours leave room for that."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Final

_GAP: Final = 14.0
_ROUNDS: Final = 3


def straightened(
    rows: Sequence[Sequence[str]],
    middle: Mapping[str, float],
    widths: Mapping[str, float],
    chains: Sequence[Sequence[str]],
) -> dict[str, float]:
    """Return the places with the inner parts of chains moved into line.

    Args:
        chains: Ways of edges, from the upper to the lower end, ends included.
    """
    found = dict(middle)
    left, right = _neighbours(rows)
    long = sorted((chain for chain in chains if len(chain) > 3), key=len, reverse=True)
    for _ in range(_ROUNDS):
        for chain in long:
            for part in (chain[1:-1], chain[1:-2], chain[2:-1]):
                if part and _align(part, chain, found, widths, left, right):
                    break
    return found


def _align(
    part: Sequence[str],
    chain: Sequence[str],
    found: dict[str, float],
    widths: Mapping[str, float],
    left: Mapping[str, str],
    right: Mapping[str, str],
) -> bool:
    """Move a part of a chain to one place if there is one, as near to its ends as may be; tell whether there was."""
    low = max((_least(key, left, found, widths) for key in part), default=0.0)
    high = min((_most(key, right, found, widths) for key in part), default=0.0)
    if low > high:
        return False
    wanted = min(max(found[chain[-1]], min(found[key] for key in part)), max(found[key] for key in part))
    at = min(max(wanted, low), high)
    found.update(dict.fromkeys(part, at))
    return True


def _least(key: str, left: Mapping[str, str], found: Mapping[str, float], widths: Mapping[str, float]) -> float:
    other = left.get(key)
    return float("-inf") if other is None else found[other] + (widths[other] + widths[key]) / 2 + _GAP


def _most(key: str, right: Mapping[str, str], found: Mapping[str, float], widths: Mapping[str, float]) -> float:
    other = right.get(key)
    return float("inf") if other is None else found[other] - (widths[other] + widths[key]) / 2 - _GAP


def _neighbours(rows: Sequence[Sequence[str]]) -> tuple[dict[str, str], dict[str, str]]:
    pairs = [pair for row in rows for pair in itertools.pairwise(row)]
    return {b: a for a, b in pairs}, dict(pairs)
