"""Applying works to a batch: loads what is not in memory, finds definitions of sub-workflows, collects the answers."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias

import msgspec

from mistral_core.errors import Conflict, LimitExceeded, NotFound, WorkflowError
from mistral_core.language.model import Workflow
from mistral_core.machine import restored
from mistral_core.machine.event import ActionFinished, ChildFinished, Event, StopRequested
from mistral_core.machine.state import State
from mistral_engine.batch import Batch, Change
from mistral_engine.children import child_start, wanted_by
from mistral_engine.deferring import Deferring, Later
from mistral_engine.definitions import Definitions
from mistral_engine.facts import Facts
from mistral_engine.figures import BURIED
from mistral_engine.hot import Hot, HotExecutions
from mistral_engine.ids import is_id, now
from mistral_engine.informing import Informing
from mistral_engine.letters import letter
from mistral_engine.ownership import Ownership
from mistral_engine.work import DescribeWork, MessageWork, Occurrence, RequestWork, ResultsWork, StartWork, Work, fail
from mistral_persistence import restore
from mistral_persistence.database import Pool
from mistral_persistence.dead_letters import Letter, bury
from mistral_persistence.flush import LeaseLost
from mistral_persistence.restore import Stored
from mistral_runtime.expressions import NotYet

_log = logging.getLogger(__name__)

_MOST_GENERATIONS = 50
"""Sub-workflows of sub-workflows that may start at once: one that starts itself would never come to an end."""
_LOCAL_GENERATIONS = 20
"""After so many, actions between them go to executors: a recursion with actions in between has an end of its own."""
# Should one of these be forgotten, it is found by what looks for finished sub-workflows, or for actions not answered.
_FOUND_MISSING = (ChildFinished, ActionFinished)

Settle = Callable[[], None]
Delayed: TypeAlias = tuple[Occurrence, NotYet]


class Applying:
    """Works of one lane, applied; the committed executions in ``hot`` are read, and filled up, but not changed."""

    def __init__(
        self, pool: Pool, definitions: Definitions, hot: HotExecutions, ownership: Ownership, deferring: Deferring
    ) -> None:
        self._pool = pool
        self._definitions = definitions
        self._hot = hot
        self._ownership = ownership
        self._informing = Informing(Facts(pool, definitions, hot))
        self.deferring = deferring

    async def apply(self, batch: Batch, works: Sequence[Work]) -> Settle:
        """Apply all works and what follows from them; return what tells everybody once it is durable."""
        works = self.deferring.without(works)
        await self.load(_named(works), batch)
        if any(isinstance(work, RequestWork) for work in works):
            # Whoever resumes or reruns may have repaired an action before.
            await self._definitions.adhoc.refresh()
        answers: list[Settle] = []
        for work in works:
            try:
                step = partial(self._one, batch, work)
                answers.append(await self._informing.of_work(batch, step, self.deferring.kept(work)))
            except WorkflowError as error:
                answers.append(_refusal(work, error))
            except Later as later:
                self.deferring.put_aside(work, later.waits)
            else:
                self.deferring.done(work)
            await self._follow_up(batch)

        def settle() -> None:
            for answer in answers:
                answer()

        return settle

    async def load(self, execution_ids: Iterable[str], batch: Batch | None = None) -> None:
        """Bring executions into memory; those that do not exist stay out, and so do those that are not ours.

        What there is work for in ``batch`` becomes part of it at once: a partition that is lost while the batch waits
        for something takes its executions out of memory, and that must not look as if they did not exist.

        Raises:
            LeaseLost: If one for which there is work in ``batch`` is not ours any more: whoever owns it now must do it.
        """
        known = self._hot.get if batch is None else batch.change
        missing = [i for i in dict.fromkeys(execution_ids) if known(i) is None]
        if not missing:
            return
        async with self._pool.acquire() as connection:
            stored = await restore.load(connection, missing)
        if stored:
            await self._definitions.adhoc.refresh()
        versions = [(s.execution["workflow_id"], s.execution["workflow_version"]) for s in stored.values()]
        workflows = await self._definitions.versions(versions)
        for (execution_id, each), version in zip(stored.items(), versions, strict=True):
            if version not in workflows:
                _log.error("execution %s cannot go on: its definition cannot be had", execution_id)
            elif self._ownership.owns(each.execution["partition"]):
                self._take_in(each, workflows[version])
                known(execution_id)
            elif batch is not None:
                raise LeaseLost

    def _take_in(self, stored: Stored, definition: Workflow) -> None:
        try:
            execution = restored(stored.with_definition(definition))
        except Exception:
            # Only this one cannot go on; those that are loaded with it must.
            _log.exception("execution %s cannot be read back", stored.execution["id"])
        else:
            self._hot.put(Hot(execution, stored.position))

    async def bury(self, work: Work, error: Exception) -> list[Occurrence]:
        """Put a work aside that cannot be committed; return what ends the executions that would wait for it."""
        BURIED.inc()
        ends: list[Occurrence] = []
        if isinstance(work, MessageWork | ResultsWork):
            await bury(self._pool, [letter(i, event, error) for i, event in work.occurrences])
            ends = [(i, _end(event, error)) for i, event in work.occurrences if self._concerns(i, event)]
        if isinstance(work, MessageWork):
            work.delivery.ack()
        else:
            fail(work, WorkflowError(f"internal error: {type(error).__name__}"))
        return ends

    def _concerns(self, execution_id: str, event: Event) -> bool:
        """Tell whether an execution waits for an event, rather than only being named by it."""
        hot = self._hot.get(execution_id)
        task_id = getattr(event, "task_id", None)
        return is_id(execution_id) and task_id is not None and (hot is None or task_id in hot.execution.tasks)

    async def put_aside(self, what: Letter) -> None:
        """Keep a message that is no event of any execution."""
        BURIED.inc()
        await bury(self._pool, [what])

    def _one(self, batch: Batch, work: Work) -> Settle:
        match work:
            case StartWork():
                return self._start(batch, work)
            case RequestWork():
                change = _required(batch, work.execution_id)
                batch.apply(change, work.event)
                return lambda: _answer(work, change)
            case DescribeWork():
                change = _required(batch, work.execution_id)
                if work.description is not None:
                    change.execution = msgspec.structs.replace(change.execution, description=work.description)
                return lambda: _answer(work, change)
            case MessageWork():
                _finish(self._occurrences(batch, work.occurrences, work.traceparent))
                return work.delivery.ack
            case ResultsWork():
                _finish(self._occurrences(batch, work.occurrences, ""))
                return lambda: None if work.answer.done() else work.answer.set_result(None)
            case _:
                raise TypeError(f"a {type(work).__name__} is not applied to a batch")

    def _start(self, batch: Batch, work: StartWork) -> Settle:
        existing = batch.change(work.start.id) if work.named else None
        if existing is not None and existing.execution.project != work.start.project:
            # Nothing of somebody else's execution is told, not even that it is one.
            raise Conflict(f"The id {work.start.id} cannot be had")
        if existing is None:
            batch.rely(work.definitions)
        change = existing or batch.begin(work.start, work.traceparent)
        return lambda: _answer(work, change)

    def _occurrences(self, batch: Batch, occurrences: Iterable[Occurrence], traceparent: str) -> list[Delayed]:
        """Apply events; return those whose expressions take longer, with what they wait for."""
        delayed: list[Delayed] = []
        for execution_id, event in occurrences:
            change = batch.change(execution_id)
            if change is None:
                _log.debug("nothing to do for execution %s: it is gone", execution_id)
                continue
            change.traceparent = change.traceparent or traceparent
            try:
                batch.apply(change, event)
            except NotYet as wait:
                delayed.append(((execution_id, event), wait))
            except WorkflowError as error:
                _log.warning("an event of execution %s was refused: %s", execution_id, error)
            except Exception as error:
                _log.exception("an event of execution %s cannot be applied", execution_id)
                delayed += self._poisoned(batch, change, event, error)
        return delayed

    def _poisoned(self, batch: Batch, change: Change, event: Event, error: Exception) -> list[Delayed]:
        """Put an event aside, and end the execution that would wait for its effect for ever."""
        BURIED.inc()
        batch.letters.append(letter(change.execution.id, event, error))
        if isinstance(event, StopRequested):
            return []
        return self._occurrences(batch, [(change.execution.id, _end(event, error))], "")

    async def _follow_up(self, batch: Batch) -> None:
        """Apply what executions have for one another, and start their sub-workflows, until nothing is left."""
        generations = 0
        while batch.pending or batch.child_starts:
            if batch.child_starts:
                generations += 1
                if generations > _LOCAL_GENERATIONS and batch.local is not None:
                    batch.local.stop()
                await self._start_children(batch, refused=generations > _MOST_GENERATIONS)
            await self.load([i for i, _ in batch.pending], batch)
            occurrences = list(batch.pending)
            batch.pending.clear()
            await self._informing.at_once(batch, partial(self._followed, batch, occurrences))

    def _followed(self, batch: Batch, occurrences: Sequence[Occurrence]) -> None:
        delayed = self._occurrences(batch, occurrences, "")
        for occurrence, wait in delayed:
            if isinstance(occurrence[1], _FOUND_MISSING):
                self.deferring.put_aside(ResultsWork([occurrence], asyncio.Future()), [wait])
        _finish([(o, wait) for o, wait in delayed if not isinstance(o[1], _FOUND_MISSING)])

    async def _start_children(self, batch: Batch, *, refused: bool) -> None:
        starts, batch.child_starts = batch.child_starts, []
        found = await self._definitions.find([wanted_by(parent.execution, command) for parent, command in starts])
        batch.rely(found.epoch)
        at = now()
        for position, ((parent, command), definition) in enumerate(zip(starts, found.definitions, strict=True)):
            try:
                if refused:
                    raise LimitExceeded(f"Sub-workflows are nested too deeply [name={command.workflow}]")
                if definition is None:
                    raise NotFound(f"Failed to find workflow [name={command.workflow}]")
                # Lists go by the time of creation: the order of the starts is to be seen there.
                start = child_start(parent.execution, command, definition, at + position)
                await self._informing.at_once(batch, partial(batch.begin, start, parent.traceparent))
            except WorkflowError as error:
                batch.refuse_child(parent, command, at, error)


def _finish(delayed: Sequence[Delayed]) -> None:
    if delayed:
        raise Later([wait for _, wait in delayed])


def _named(works: Iterable[Work]) -> Iterable[str]:
    for work in works:
        match work:
            case StartWork(named=True):
                yield work.start.id
            case RequestWork() | DescribeWork():
                yield work.execution_id
            case MessageWork() | ResultsWork():
                for execution_id, _ in work.occurrences:
                    yield execution_id


def _end(event: Event, error: Exception) -> StopRequested:
    message = f"Internal error while handling {type(event).__name__}: {type(error).__name__}"
    return StopRequested(at=event.at, state=State.ERROR, message=message)


def _required(batch: Batch, execution_id: str) -> Change:
    change = batch.change(execution_id)
    if change is None:
        raise NotFound(f"Workflow execution not found [id={execution_id}]")
    return change


def _refusal(work: Work, error: WorkflowError) -> Settle:
    return lambda: fail(work, error)


def _answer(work: StartWork | RequestWork | DescribeWork, change: Change) -> None:
    if not work.answer.done():
        work.answer.set_result(change.execution)
