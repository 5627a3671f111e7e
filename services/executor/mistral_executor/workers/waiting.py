"""Runs that wait for a worker: the urgent first, but not for ever; within a priority each project in turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from mistral_core.priority import Priority
from mistral_executor.turns import MOST_AHEAD

if TYPE_CHECKING:
    from mistral_executor.workers.runs import Run

# So many are passed over, for want of a worker that takes them, before the search ends.
_PASSED_OVER: Final = 256


class Waiting:
    """What waits in one pool. Those that were answered meanwhile are dropped when their turn comes."""

    def __init__(self) -> None:
        self._lines: tuple[dict[str, deque[Run]], ...] = tuple({} for _ in Priority)
        self._counts = [0] * len(self._lines)
        self._ahead = [0] * len(self._lines)

    def __len__(self) -> int:
        return sum(self._counts)

    def __iter__(self) -> Iterator[Run]:
        """Go over all that wait, in no order; also those that were answered and not yet dropped."""
        return (run for line in self._lines for runs in line.values() for run in tuple(runs))

    def of(self, rank: int) -> int:
        """Return how many of a priority wait."""
        return self._counts[rank]

    def add(self, run: Run) -> None:
        self._lines[run.rank].setdefault(run.task.project_id, deque()).append(run)
        self._counts[run.rank] += 1

    def foremost(self) -> tuple[int, float]:
        """Return the rank whose turn it is and when its oldest run came; something must wait."""
        rank = self._order()[0]
        return rank, min(runs[0].received for runs in self._lines[rank].values() if runs)

    def next(self, accepts: Callable[[Run], bool]) -> Run | None:
        """Take out the run whose turn it is among those that are accepted."""
        if (run := self._alone(accepts)) is not None:
            return run
        for rank in self._order():
            if (run := self._from(rank, accepts)) is not None:
                self._ahead[rank] = 0
                for lower in range(rank + 1, len(self._lines)):
                    if self._counts[lower]:
                        self._ahead[lower] += 1
                return run
        return None

    def everything(self) -> Iterator[Run]:
        """Take out all of them."""
        for rank, line in enumerate(self._lines):
            for runs in line.values():
                yield from (run for run in runs if not run.answered)
            line.clear()
            self._counts[rank] = 0

    def _alone(self, accepts: Callable[[Run], bool]) -> Run | None:
        """Take out the next at once where all that wait are of one priority and one project, as they mostly are."""
        found: deque[Run] | None = None
        rank = 0
        for number, line in enumerate(self._lines):
            if line:
                if found is not None or len(line) > 1:
                    return None
                found, rank = next(iter(line.values())), number
        if not found or found[0].answered or not accepts(found[0]):
            return None
        self._counts[rank] -= 1
        self._ahead[rank] = 0
        return found.popleft()

    def older(self, than: float, most: int) -> list[Run]:
        """Take out those that came before a moment, at most so many."""
        found: list[Run] = []
        for rank, line in enumerate(self._lines):
            for project in list(line):
                runs = line[project]
                while runs and len(found) < most and runs[0].received <= than:
                    run = runs.popleft()
                    self._counts[rank] -= 1
                    if not run.answered:
                        found.append(run)
                if not runs:
                    del line[project]
        return found

    def _order(self) -> list[int]:
        """Return the ranks of which any wait, in their turn: the first, unless a lower one was passed too often."""
        filled = [rank for rank, count in enumerate(self._counts) if count]
        owed = [rank for rank in filled[1:] if self._ahead[rank] >= MOST_AHEAD]
        return owed + [rank for rank in filled if rank not in owed]

    def _from(self, rank: int, accepts: Callable[[Run], bool]) -> Run | None:
        line = self._lines[rank]
        for project in list(line):
            runs = line.pop(project)
            run = self._first(rank, runs, accepts)
            if runs:
                # The project goes to the end of its line.
                line[project] = runs
            if run is not None:
                return run
        return None

    def _first(self, rank: int, runs: deque[Run], accepts: Callable[[Run], bool]) -> Run | None:
        passed: list[Run] = []
        found = None
        while runs and len(passed) < _PASSED_OVER:
            run = runs.popleft()
            if run.answered:
                self._counts[rank] -= 1
            elif accepts(run):
                self._counts[rank] -= 1
                found = run
                break
            else:
                passed.append(run)
        runs.extendleft(reversed(passed))
        return found
