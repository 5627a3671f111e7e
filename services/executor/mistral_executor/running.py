"""Running actions: at once in the loop when they are quick, as tasks within the slots when they are not.

Every attempt taken on gets exactly one answer, whatever the action does; the first answer counts. A quick action
costs no task at all, because most actions of most workflows are over before one would have been made.
"""

import asyncio
import time
from functools import partial
from typing import Any

from mistral.internal.v1.envelope_pb2 import ActionResult, ActionTask
from mistral_core.errors import NotFound, Unavailable
from mistral_core.priority import Priority
from mistral_executor import outcome
from mistral_executor.actions.context import CancelToken
from mistral_executor.actions.dynamic import LABEL, DynamicActions
from mistral_executor.actions.registry import Action, Registry
from mistral_executor.attempts import Attempt, Attempts, Key, Lease, key_of
from mistral_executor.calling import Caller, Work
from mistral_executor.engine import EngineClient
from mistral_executor.measures import Tally, seconds
from mistral_executor.results import Results, settling
from mistral_runtime import telemetry

_FETCH_RETRY_SECONDS = 0.5


class Runner:
    """Runs attempts. Nothing here waits; what waits is in tasks of its own.

    Attributes:
        running: Actions that run in tasks, at most ``slots``.
        finished: Attempts answered since the start.
    """

    def __init__(
        self,
        registry: Registry,
        caller: Caller,
        results: Results,
        engine: EngineClient,
        *,
        slots: int,
        dynamic: DynamicActions | None = None,
    ) -> None:
        self._registry = registry
        self._dynamic = dynamic
        self._caller = caller
        self._results = results
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        # For each priority: there is a slot, or it is its turn to have something waiting for one.
        self._room = tuple(asyncio.Event() for _ in Priority)
        self._idle = asyncio.Event()
        self._idle.set()
        self.slots = slots
        self.running = 0
        self.finished = 0
        self._other = LABEL if dynamic is not None else "unknown"
        self.attempts = Attempts()
        self.tally = Tally()
        self._make_room()

    @property
    def full(self) -> bool:
        return self.running >= self.slots

    async def free(self, rank: int) -> None:
        """Return when there is a slot for further work of a priority, or when it is its turn to wait for one."""
        await self._room[rank].wait()

    async def idle(self) -> None:
        """Return when nothing runs."""
        await self._idle.wait()

    def repeatable(self, task: ActionTask) -> bool:
        """Whether a second run does no harm; also when there will not be a first."""
        action = self._action(task)
        return task.safe_rerun or action is None or action.idempotent

    def take_on(self, task: ActionTask, lease: Lease) -> None:
        """Run an attempt, now or when a slot is free, and answer it; one that is in hand already is not run again."""
        action = self._action(task)
        if action is None:
            refusal = f"Failed to find action [action_name={task.action}]"
            self._answer(task, [lease], outcome.REFUSED, outcome.text(refusal))
        elif action.light and not task.input_stored and not self.attempts.is_cancelled(task):
            self._quick(task, action, lease)
        else:
            self._carefully(task, action, lease)

    def _action(self, task: ActionTask) -> Action | None:
        action = self._registry.get(task.action)
        return self._dynamic.action(task) if action is None and self._dynamic is not None else action

    def lost(self, task: ActionTask, lease: Lease) -> None:
        """Answer for an attempt that may have run and must not run twice, and whose result nobody has."""
        self._answer(task, [lease], outcome.LOST, outcome.text("The result of the action is lost."))

    def cancel(self, key: Key) -> None:
        """Nobody waits for the attempt: answer it as cancelled, now or when it comes."""
        attempt = self.attempts.held.get(key)
        if attempt is None:
            self.attempts.cancelled.add(key)
        else:
            self._end(attempt, outcome.CANCELLED, b"")

    def abandon(self) -> None:
        """Stop whatever runs, without answers."""
        for attempt in tuple(self.attempts.held.values()):
            attempt.answered = True
            self._stop(attempt)

    def _quick(self, task: ActionTask, action: Action, lease: Lease) -> None:
        called = self._caller.call(task, action, task.input)
        if isinstance(called, tuple):
            self._answer(task, [lease], *called)
        elif (held := self.attempts.held.get(key_of(task))) is not None:
            called.close()
            held.leases.append(lease)
        else:
            self._schedule(self._hold(task, action, lease), called)

    def _carefully(self, task: ActionTask, action: Action, lease: Lease) -> None:
        key = key_of(task)
        if (held := self.attempts.held.get(key)) is not None:
            held.leases.append(lease)
        elif key in self.attempts.cancelled:
            self._answer(task, [lease], outcome.CANCELLED, b"")
        elif key in self.attempts.ended:
            if self._results.send_again([key]):
                lease.settle()
            else:
                self.lost(task, lease)
        elif task.input_stored:
            attempt = self._hold(task, action, lease)
            self._schedule(attempt, self._fetched(attempt))
        else:
            attempt = self._hold(task, action, lease)
            called = self._caller.call(task, action, task.input, attempt.token)
            if isinstance(called, tuple):
                self._end(attempt, *called)
            else:
                self._schedule(attempt, called)

    def _hold(self, task: ActionTask, action: Action, lease: Lease) -> Attempt:
        attempt = self.attempts.held[key_of(task)] = Attempt(task, action, [lease], CancelToken())
        return attempt

    async def _fetched(self, attempt: Attempt) -> Any:
        """Fetch the input first, then run the action within the same task."""
        while True:
            try:
                given = await self._engine.input_of(attempt.task.action_id)
                break
            except NotFound:
                self._end(attempt, outcome.CANCELLED, b"")
                return None
            except Unavailable:
                await asyncio.sleep(_FETCH_RETRY_SECONDS)
        called = self._caller.call(attempt.task, attempt.action, given, attempt.token)
        if not isinstance(called, tuple):
            return await called
        self._end(attempt, *called)
        return None

    def _schedule(self, attempt: Attempt, work: Work) -> None:
        attempt.work = work
        if self.running < self.slots:
            self._start(attempt)
        else:
            self.attempts.waiting.add(attempt, attempt.leases[0].rank)

    def _start(self, attempt: Attempt) -> None:
        self.running += 1
        self._idle.clear()
        if self.running >= self.slots:
            for room in self._room:
                room.clear()
        attempt.begun = time.monotonic()
        if attempt.task.timeout_seconds > 0:
            attempt.timer = self._loop.call_later(attempt.task.timeout_seconds, self._expire, attempt)
        attempt.runner = self._loop.create_task(self._run(attempt))
        attempt.runner.add_done_callback(partial(self._over, attempt))

    async def _run(self, attempt: Attempt) -> None:
        assert attempt.work is not None
        traceparent = attempt.leases[0].traceparent or None
        try:
            if traceparent is None:
                value = await attempt.work
            else:
                with telemetry.span(f"action {attempt.action.name}", parent_traceparent=traceparent):
                    value = await attempt.work
        except asyncio.CancelledError:
            self._end(attempt, outcome.ERROR, outcome.text("The action was cancelled from within."))
        except BaseException as error:  # not even SystemExit of an action ends the executor
            self._end(attempt, *self._caller.failed(attempt.task, error))
        else:
            if not attempt.answered:
                self._end(attempt, *self._caller.succeeded(attempt.action, value))

    def _over(self, attempt: Attempt, runner: asyncio.Task[None]) -> None:
        """The task of an attempt has ended: its slot is free."""
        seconds(attempt.action.name, time.monotonic() - attempt.begun)
        if runner.cancelled():
            # Before its first step; the work itself was never begun.
            assert attempt.work is not None
            attempt.work.close()
        self.running -= 1
        while self.running < self.slots and (following := self.attempts.waiting.next()) is not None:
            if not following.answered:
                self._start(following)
        self._make_room()
        if self.running == 0:
            self._idle.set()

    def _make_room(self) -> None:
        ranks = range(len(self._room)) if self.running < self.slots else self.attempts.waiting.owed()
        for rank in ranks:
            self._room[rank].set()

    def _expire(self, attempt: Attempt) -> None:
        said = f"Timeout after {attempt.task.timeout_seconds:g} seconds"
        self._end(attempt, outcome.ERROR, outcome.text(said))

    def _end(self, attempt: Attempt, kind: int, value: bytes) -> None:
        """Answer a held attempt, unless it has its answer already."""
        if attempt.answered:
            return
        attempt.answered = True
        self._answer(attempt.task, attempt.leases, kind, value, attempt)
        self._stop(attempt)

    def _stop(self, attempt: Attempt) -> None:
        if attempt.timer is not None:
            attempt.timer.cancel()
        attempt.token.request()
        if attempt.runner is not None:
            if attempt.runner is not asyncio.current_task():
                attempt.runner.cancel()
        elif attempt.work is not None:
            attempt.work.close()

    def _answer(
        self, task: ActionTask, leases: list[Lease], kind: int, value: bytes, attempt: Attempt | None = None
    ) -> None:
        self.finished += 1
        self.tally.add(task.action if task.action in self._registry else self._other, kind)
        result = ActionResult(
            action_id=task.action_id,
            attempt=task.attempt,
            task_id=task.task_id,
            execution_id=task.execution_id,
            outcome=kind,  # type: ignore[arg-type]
            value=value,
        )
        settled = settling(leases) if attempt is None else partial(self._settled, attempt)
        self._results.add(task.partition, result, settled, leases[0].traceparent)

    def _settled(self, attempt: Attempt) -> None:
        """The answer of a held attempt is confirmed."""
        key = key_of(attempt.task)
        self.attempts.held.pop(key, None)
        if not (attempt.action.idempotent or attempt.task.safe_rerun):
            self.attempts.ended.add(key)
        for lease in attempt.leases:
            lease.settle()
