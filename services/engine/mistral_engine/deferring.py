"""Works that wait for an expression that takes long, while their lane goes on with all others.

Such a work is put aside unanswered and unacknowledged, and comes back into the inbox with what it waited for. What
else of it was applied meanwhile is applied again then, which changes nothing.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mistral_core.machine.surroundings import MoreFactsNeeded, Query
from mistral_engine.work import Work
from mistral_runtime.expressions import Known, NotYet


class Later(Exception):
    """A work cannot be finished before some evaluations are."""

    def __init__(self, waits: Sequence[NotYet]) -> None:
        self.waits = tuple(waits)
        super().__init__("some evaluations take longer")


@dataclass(slots=True)
class Kept:
    """What a work has waited for so far: outcomes of evaluations, and what they ask of other executions."""

    work: Work
    known: Known = field(default_factory=dict)
    needs: list[Query] = field(default_factory=list)


class Deferring:
    """What is put aside in one lane; ``give_back`` puts a work into its inbox."""

    def __init__(self, give_back: Callable[[Work], None]) -> None:
        self._give_back = give_back
        self._kept: dict[int, Kept] = {}
        self._waiting: dict[int, asyncio.Task[None]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def kept(self, work: Work) -> Kept:
        """Return what a work has waited for."""
        return self._kept.get(id(work)) or Kept(work)

    def holds(self, work: Work) -> bool:
        """Tell whether a work is put aside: it comes back by itself, and nobody else is to answer for it."""
        return id(work) in self._waiting

    def without(self, works: Sequence[Work]) -> list[Work]:
        """Return the works that are not put aside."""
        return [work for work in works if not self.holds(work)]

    def put_aside(self, work: Work, waits: Sequence[NotYet]) -> None:
        """Take a work that cannot be finished yet."""
        kept = self._kept.setdefault(id(work), Kept(work))
        self._waiting[id(work)] = asyncio.create_task(self._wait(kept, waits), name="a work that waits")

    def done(self, work: Work) -> None:
        """Forget what a work has waited for."""
        self._kept.pop(id(work), None)

    async def _wait(self, kept: Kept, waits: Sequence[NotYet]) -> None:
        for wait in waits:
            try:
                await wait.into(kept.known)
            except MoreFactsNeeded as need:
                kept.needs.append(need.query)
        del self._waiting[id(kept.work)]
        self._give_back(kept.work)
