"""The chain of tasks that took longest: what would have to be faster for the whole to be faster."""

from collections.abc import Mapping, Sequence


def longest_chain(took: Mapping[str, float], before: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the ids along the chain with the largest sum of durations, the first one first.

    Args:
        took: Seconds by id.
        before: For an id, those that led to it; unknown ones are passed over.
    """
    best: dict[str, float] = {}
    chosen: dict[str, str | None] = {}
    for start in took:
        _weigh(start, took, before, best, chosen)
    last: str | None = max(best, key=lambda each: best[each], default=None)
    chain: list[str] = []
    while last is not None:
        chain.append(last)
        last = chosen[last]
    return chain[::-1]


def _weigh(
    start: str,
    took: Mapping[str, float],
    before: Mapping[str, Sequence[str]],
    best: dict[str, float],
    chosen: dict[str, str | None],
) -> None:
    """Work out the weight of one id and of all before it, without recursion; rings count once."""
    waiting, open_ = [start], set()
    while waiting:
        current = waiting[-1]
        known = [each for each in before.get(current, ()) if each in took]
        missing = [each for each in known if each not in best and each not in open_]
        if current not in best and missing and current not in open_:
            open_.add(current)
            waiting.extend(missing)
            continue
        waiting.pop()
        if current not in best:
            heaviest = max((each for each in known if each in best), key=lambda each: best[each], default=None)
            chosen[current] = heaviest
            best[current] = took[current] + (0.0 if heaviest is None else best[heaviest])
