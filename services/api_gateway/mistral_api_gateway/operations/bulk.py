"""Changes of many executions at once: first it is settled which, then each is changed through the engine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, TypeAlias

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.engine_calls import Engines
from mistral_api_gateway.operations.json_text import checked_object
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import IllegalState, InvalidInput, LimitExceeded, NotFound, Unavailable, WorkflowError
from mistral_core.machine.state import State
from mistral_persistence import execution_sets
from mistral_persistence.listing import Filter, Operator

MOST: Final = 100_000
USUAL: Final = 10_000
SAMPLES: Final = 20
_READ_AT_ONCE: Final = 5_000
_AT_ONCE: Final = 64
_TOLD_AFTER: Final = 128
_PAUSES: Final = (0.2, 1.0, 3.0)
_LIVE: Final = (State.IDLE, State.RUNNING, State.PAUSED)
_FINAL: Final = (State.SUCCESS, State.ERROR, State.CANCELLED)

Step: TypeAlias = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which executions to change.

    Attributes:
        limit: Most of them, oldest first.
        roots_only: Whether sub-workflow executions are left to their roots.
        validate_only: Whether they are only counted.
    """

    filters: Sequence[Filter]
    nulls: Sequence[str]
    limit: int = USUAL
    roots_only: bool = True
    validate_only: bool = False


@dataclass(slots=True)
class Progress:
    """How far a change is.

    Attributes:
        failures: Those that could not be changed since the last time.
        sample: The first ids; only at the beginning.
    """

    matched: int
    limited: bool
    succeeded: int = 0
    failed: int = 0
    failures: list[tuple[str, WorkflowError]] = field(default_factory=list)
    sample: Sequence[str] = ()
    done: bool = False


class Bulk:
    """Pauses, resumes, stops, reruns and deletes what fits.

    Args:
        leaving: Tells whether the gateway stops.
    """

    def __init__(self, store: Store, engines: Engines, leaving: Callable[[], bool]) -> None:
        self._store = store
        self._engines = engines
        self._leaving = leaving

    def pause(self, caller: Caller, wanted: Selection) -> AsyncIterator[Progress]:
        """Pause what runs."""
        return self._change(caller, wanted, (State.IDLE, State.RUNNING), self._engines.pause)

    def resume(self, caller: Caller, wanted: Selection, *, env: bytes) -> AsyncIterator[Progress]:
        """Let go on what is paused. Raises InvalidInput if ``env`` is no JSON object."""
        checked = checked_object(env, "env")
        return self._change(caller, wanted, (State.PAUSED,), lambda one: self._engines.resume(one, checked))

    def stop(self, caller: Caller, wanted: Selection, *, state: State, message: str) -> AsyncIterator[Progress]:
        """End what is not final. Raises InvalidInput if it cannot be ended in that state."""
        if state not in _FINAL:
            raise InvalidInput(f"An execution cannot be stopped with the state {state.value!r}", field="state")
        return self._change(caller, wanted, _LIVE, lambda one: self._engines.stop(one, state, message))

    def rerun(self, caller: Caller, wanted: Selection, *, reset: bool, env: bytes) -> AsyncIterator[Progress]:
        """Run the failed tasks of what failed again. Raises InvalidInput if ``env`` is no JSON object."""
        checked = checked_object(env, "env")

        async def step(execution_id: str) -> None:
            tasks = await self._store.read(execution_sets.tasks_to_rerun, execution_id)
            if not tasks:
                raise IllegalState("It has no failed task that could be run again")
            for task_id, has_items in tasks:
                await self._engines.rerun(task_id, reset=reset or not has_items, env=checked)

        return self._change(caller, wanted, (State.ERROR,), step)

    def delete(self, caller: Caller, wanted: Selection, *, force: bool) -> AsyncIterator[Progress]:
        """Remove what is final, or all with ``force``, with all below it."""

        async def step(execution_id: str) -> None:
            # Somebody else may have been quicker.
            with suppress(NotFound):
                await self._engines.delete(execution_id, force=force)

        return self._change(caller, wanted, () if force else _FINAL, step)

    async def _change(
        self, caller: Caller, wanted: Selection, states: Sequence[State], step: Step
    ) -> AsyncIterator[Progress]:
        ids = await self._ids(caller, wanted, states)
        limited = len(ids) > wanted.limit
        del ids[wanted.limit :]
        progress = Progress(len(ids), limited, sample=ids[:SAMPLES], done=wanted.validate_only or not ids)
        yield progress
        if progress.done:
            return
        for some in _chunks(ids):
            if self._leaving():
                raise Unavailable("This server is leaving; repeat the call for the rest")
            failures = [found for found in await _gathered(some, step) if found is not None]
            progress = Progress(
                progress.matched,
                limited,
                succeeded=progress.succeeded + len(some) - len(failures),
                failed=progress.failed + len(failures),
                failures=failures,
            )
            progress.done = progress.succeeded + progress.failed == progress.matched
            yield progress

    async def _ids(self, caller: Caller, wanted: Selection, states: Sequence[State]) -> list[str]:
        """Return the ids of those to change, and one more if there are more than wanted."""
        among = [Filter("state", Operator.IN, tuple(state.value for state in states))] if states else []
        ids: list[str] = []
        behind: execution_sets.Place | None = None
        while len(ids) <= wanted.limit:
            size = min(_READ_AT_ONCE, wanted.limit + 1 - len(ids))
            found = await self._store.read(
                execution_sets.fitting,
                [*among, *wanted.filters],
                wanted.nulls,
                project=_project(caller, wanted.filters),
                roots_only=wanted.roots_only,
                limit=size,
                behind=behind,
            )
            ids += [execution_id for _, execution_id in found]
            if len(found) < size:
                break
            behind = found[-1]
        return ids


def _project(caller: Caller, filters: Sequence[Filter]) -> str | None:
    """An administrator changes what others have only where the filter speaks of projects."""
    return caller.scope if any(one.column == "project_id" for one in filters) else caller.project


async def _gathered(ids: Sequence[str], step: Step) -> list[tuple[str, WorkflowError] | None]:
    """Take a step for each, some at a time, and return what went wrong with each."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(execution_id: str) -> tuple[str, WorkflowError] | None:
        async with turn:
            try:
                await _patiently(execution_id, step)
            except WorkflowError as error:
                return execution_id, error
        return None

    return await asyncio.gather(*map(one, ids))


async def _patiently(execution_id: str, step: Step) -> None:
    for pause in _PAUSES:
        try:
            return await step(execution_id)
        except (LimitExceeded, Unavailable):
            await asyncio.sleep(pause)
    await step(execution_id)


def _chunks(ids: Sequence[str]) -> Iterator[list[str]]:
    remaining = iter(ids)
    while some := list(islice(remaining, _TOLD_AFTER)):
        yield some
