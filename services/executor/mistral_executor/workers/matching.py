"""Which of the workers that can take a run gets it. Pure: looks at what it is given, changes nothing.

First the worker that the run should go back to, then those with the most of the preferred labels, then the one with
the least to do. Among many only a few are looked at: the least busy of four is nearly as good as the least busy of all.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mistral_executor.workers.runs import Run
    from mistral_executor.workers.session import Session

_LOOKED_AT: Final = 4


def choose(ready: Sequence[Session], run: Run) -> Session | None:
    """Return the session that a run goes to, of those that have credits; None if none of them takes it."""
    wants = run.task.worker
    if wants.sticky_worker or wants.preferred:
        return _preferred(ready, run, wants.sticky_worker, dict(wants.preferred))
    if len(ready) > _LOOKED_AT:
        start = int(random.random() * len(ready))
        some = [ready[(start + step) % len(ready)] for step in range(_LOOKED_AT)]
        if (found := _least_loaded(some, run)) is not None:
            return found
    return _least_loaded(ready, run)


def _least_loaded(ready: Iterable[Session], run: Run) -> Session | None:
    found, least = None, 0.0
    for session in ready:
        load = session.load
        if (found is None or load < least) and session.accepts(run):
            found, least = session, load
    return found


def _preferred(ready: Iterable[Session], run: Run, sticky: str, labels: dict[str, str]) -> Session | None:
    found, best = None, (False, 0, 0.0)
    for session in ready:
        fit = session.hands.worker == sticky, _matching(session, labels), -session.load
        if (found is None or fit > best) and session.accepts(run):
            found, best = session, fit
    return found


def _matching(session: Session, labels: dict[str, str]) -> int:
    return sum(session.labels.get(name) == value for name, value in labels.items())
