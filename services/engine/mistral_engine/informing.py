"""Taking a step of a batch again with what it lacked: facts of other executions, and outcomes of long evaluations."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from mistral_core.machine.surroundings import MoreFactsNeeded, Query
from mistral_engine.batch import Batch
from mistral_engine.deferring import Kept, Later
from mistral_engine.facts import Facts
from mistral_engine.local_actions import AskedTooLate
from mistral_runtime.expressions import Known, NotYet, remembering

_MOST_SECONDS = 4.0
"""How long one batch may wait for evaluations that cannot be put aside; what comes then fails."""

_Result = TypeVar("_Result")


class Informing:
    """Takes steps again until they lack nothing. What a step did before it asked is no-op by then."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    async def of_work(self, batch: Batch, step: Callable[[], _Result], kept: Kept) -> _Result:
        """Take a step of a work, which knows what the work has waited for.

        Raises:
            Later: If evaluations take longer; the work is to be put aside.
        """
        for query in kept.needs:
            await self._learn(batch, query)
        while True:
            try:
                with remembering(kept.known):
                    return step()
            except MoreFactsNeeded as need:
                await self._learn(batch, need.query)
            except NotYet as wait:
                raise Later([wait]) from None

    async def at_once(self, batch: Batch, step: Callable[[], _Result]) -> _Result:
        """Take a step that follows from others of the batch, so it cannot be put aside: it waits, but not for long."""
        known: Known = {}
        while True:
            try:
                with remembering(known):
                    return step()
            except MoreFactsNeeded as need:
                await self._learn(batch, need.query)
            except NotYet as wait:
                await self._wait(batch, [wait], known)
            except Later as later:
                await self._wait(batch, later.waits, known)

    async def _wait(self, batch: Batch, waits: Sequence[NotYet], known: Known) -> None:
        for wait in waits:
            if batch.waited > _MOST_SECONDS:
                wait.refuse(known, "too many evaluations that take long come at once")
                continue
            began = time.monotonic()
            try:
                await wait.into(known)
            except MoreFactsNeeded as need:
                await self._learn(batch, need.query)
            batch.waited += time.monotonic() - began

    def _nothing_here_from_now_on(self, batch: Batch) -> None:
        """What comes next in this batch must not go by answers that are older than steps it has made."""
        if batch.local is not None:
            if batch.local.answered:
                raise AskedTooLate
            batch.local.stop()

    async def _learn(self, batch: Batch, query: Query) -> None:
        if query not in batch.surroundings.answers:
            self._nothing_here_from_now_on(batch)
            known = {**batch.surroundings.answers, query: await self._facts.answer(query)}
            batch.surroundings = replace(batch.surroundings, answers=known)
