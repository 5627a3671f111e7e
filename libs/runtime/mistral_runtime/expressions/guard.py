"""Everything that guards a service which evaluates, put into force and taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from mistral_core.expressions import Isolation, Scope, isolate
from mistral_runtime.expressions.alarm import alarmed
from mistral_runtime.expressions.evaluators import Evaluators
from mistral_runtime.expressions.settings import ExpressionSettings, applied

# What is done in place keeps all else waiting.
_IN_PLACE_SECONDS = 0.05
_CHECK_SECONDS = 0.5

# What the services of this process lend. The last is in force; they may leave in any order.
_lent: list[Isolation] = []


@contextmanager
def guarded(settings: ExpressionSettings, owner: Callable[[Scope], str] = lambda scope: "") -> Iterator[Evaluators]:
    """Have all expressions of this process evaluated under guard inside the block.

    Whoever evaluates must be ready for ``NotYet``.
    """
    applied(settings)
    evaluators = Evaluators(settings, owner)
    with alarmed(_IN_PLACE_SECONDS) as alarm:
        bounded = None if alarm is None else alarm.bounded
        lent = Isolation(bounded, outside=evaluators.evaluate, waiting=evaluators.wait)
        try:
            with _lending(lent, len(_lent)):
                yield evaluators
        finally:
            evaluators.close()


@contextmanager
def bounded(settings: ExpressionSettings) -> Iterator[None]:
    """Have definitions read under guard inside the block, in a process that runs none.

    Nearly all of their expressions are only checked; the few that are evaluated at once are waited for.
    """
    applied(settings)
    evaluators = Evaluators(replace(settings, processes=1))
    with alarmed(_CHECK_SECONDS) as alarm:
        bounded = None if alarm is None else alarm.bounded
        lent = Isolation(bounded, outside=evaluators.wait, waiting=evaluators.wait)
        try:
            # Where a service that evaluates runs in this process too, its guard does for both.
            with _lending(lent, 0):
                yield
        finally:
            evaluators.close()


@contextmanager
def _lending(lent: Isolation, place: int) -> Iterator[None]:
    _lent.insert(place, lent)
    isolate(_lent[-1])
    try:
        yield
    finally:
        # By identity: two may be equal.
        _lent[:] = [other for other in _lent if other is not lent]
        isolate(_lent[-1] if _lent else Isolation())
