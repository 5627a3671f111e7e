"""On which layer each node stands: below everything that leads to it, rings cut open first."""

from collections.abc import Mapping, Sequence

Pair = tuple[str, str]


def without_rings(keys: Sequence[str], pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs with those turned round that lead back; pairs from a node to itself are left out."""
    following: dict[str, list[str]] = {key: [] for key in keys}
    entered = {key: 0 for key in keys}
    for source, target in pairs:
        if source != target:
            following[source].append(target)
            entered[target] += 1
    back: set[Pair] = set()
    seen: set[str] = set()
    # What nothing leads to is where people begin to read.
    for start in sorted(keys, key=lambda key: entered[key] > 0):
        if start not in seen:
            _walk(start, following, seen, back)
    return [(t, s) if (s, t) in back else (s, t) for s, t in pairs if s != t]


def _walk(start: str, following: Mapping[str, Sequence[str]], seen: set[str], back: set[Pair]) -> None:
    seen.add(start)
    way, waiting, on_way = [start], [iter(following[start])], {start}
    while way:
        target = next(waiting[-1], None)
        if target is None:
            waiting.pop()
            on_way.discard(way.pop())
        elif target in on_way:
            back.add((way[-1], target))
        elif target not in seen:
            seen.add(target)
            way.append(target)
            on_way.add(target)
            waiting.append(iter(following[target]))


def layers_of(keys: Sequence[str], pairs: Sequence[Pair]) -> dict[str, int]:
    """Return the layer of each node, from 0: one below the lowest of those that lead to it.

    Args:
        pairs: Without rings.
    """
    before: dict[str, list[str]] = {key: [] for key in keys}
    after: dict[str, list[str]] = {key: [] for key in keys}
    for source, target in pairs:
        before[target].append(source)
        after[source].append(target)
    order = _sorted(keys, before, after)
    found: dict[str, int] = {}
    for key in order:
        found[key] = max((found[each] + 1 for each in before[key]), default=0)
    return found


def _sorted(keys: Sequence[str], before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]) -> list[str]:
    left = {key: len(before[key]) for key in keys}
    ready = [key for key in keys if not left[key]]
    done: list[str] = []
    while ready:
        key = ready.pop()
        done.append(key)
        for target in after[key]:
            left[target] -= 1
            if not left[target]:
                ready.append(target)
    return done
