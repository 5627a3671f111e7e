"""What joins the parts of a worker at work: who tells whom what."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

from mistral_sdk.actions import Action
from mistral_sdk.codec import PayloadCodec
from mistral_sdk.connection import Connection
from mistral_sdk.context import Context
from mistral_sdk.running.hand import Hand, Run
from mistral_sdk.running.handlers import Handlers
from mistral_sdk.running.observer import Observer
from mistral_sdk.running.outbox import Outbox, Terms
from mistral_sdk.running.session import Sessions
from mistral_sdk.stubs import worker_pb2 as worker
from mistral_sdk.stubs import worker_service_pb2 as service

_LOGGER = logging.getLogger("mistral_sdk.worker")
_GIVE_UP_SECONDS = 2.0


class Core:
    """One worker from its start to its end, bound to a running loop."""

    def __init__(
        self,
        connection: Connection,
        description: worker.WorkerDescription,
        actions: Mapping[str, Action],
        codec: PayloadCodec | None,
        observer: Observer,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._description = description
        self._actions = actions
        self._codec = codec
        self._observer = observer
        self._hand = Hand()
        self._handlers = Handlers(self._loop, description.slots, codec, self._ended, self._hand.leave)
        self._outbox = Outbox(self._hand, self._handlers.begin, self._sent)
        self._over: asyncio.Future[Exception | None] = self._loop.create_future()
        self._sessions = Sessions(connection, description, self._outbox, self._hand, self, self._gone)
        self._draining: asyncio.Task[None] | None = None
        self._idle_since = time.monotonic()

    def idle_seconds(self) -> float:
        """How long nothing has been in hand. Call it in the loop."""
        if not self._hand.empty:
            self._idle_since = time.monotonic()
        return time.monotonic() - self._idle_since

    async def run(self) -> None:
        """Work until `drain` is through; raises what ended the worker for good."""
        self._sessions.start()
        try:
            problem = await self._over
        finally:
            self._handlers.abort(self._hand.all())
            self._sessions.leave()
            self._handlers.close()
        if problem is not None:
            raise problem

    def drain(self, seconds: float) -> None:
        """Take nothing further, finish what is in hand, at most so many seconds, then end. Call it in the loop."""
        if self._draining is not None:
            self._draining.cancel()
        self._draining = self._loop.create_task(self._drain(seconds))

    async def _drain(self, seconds: float) -> None:
        self._outbox.drain()
        if not await asyncio.to_thread(self._hand.wait_empty, seconds):
            left = self._hand.all()
            _LOGGER.warning("worker %s ends and leaves %d runs", self._description.id, len(left))
            self._handlers.abort(left)
            await asyncio.to_thread(self._hand.wait_empty, _GIVE_UP_SECONDS)
        self._sessions.leave()

    def _gone(self, problem: Exception | None) -> None:
        def tell() -> None:
            if not self._over.done():
                self._over.set_result(problem)

        try:
            self._loop.call_soon_threadsafe(tell)
        except RuntimeError:
            _LOGGER.debug("the loop of worker %s was closed before it", self._description.id)

    def _ended(self, results: Sequence[tuple[Run, worker.AssignmentResult]]) -> None:
        for run, result in results:
            self._hand.end(run, result)
            self._observer.ended(run.assignment, result)
        self._outbox.ended([run for run, _ in results])

    def _sent(self, run: Run) -> None:
        if run.result is not None:
            self._observer.sent(run.result)

    def welcomed(self, welcome: service.ServerWelcome, terms: Terms) -> None:
        self._handlers.most_bytes = terms.most_bytes
        self._idle_since = time.monotonic()
        self.rejected(welcome.rejections)
        self._outbox.open(self._outbox.session, terms, self._description.slots)
        _LOGGER.info("worker %s is connected to %s", self._description.id, welcome.executor or welcome.session)
        self._observer.connected(welcome.session, welcome.executor)

    def assigned(self, assignments: Sequence[worker.Assignment]) -> None:
        """Take runs. One that is safe to repeat begins at once, and a light one is not even acked: its result says it.

        Any other begins when its ack was sent: no run of it may be lost from sight after it began.
        """
        runs: list[Run] = []
        self._idle_since = time.monotonic()
        for assignment in assignments:
            if self._hand.known(assignment.token):
                continue
            context = Context(assignment, self._outbox, self._codec)
            runs.append(Run(assignment, self._actions.get(assignment.action), context))
            self._observer.received(assignment)
        self._hand.add(runs)
        self._outbox.received(len(assignments))
        light = [run for run in runs if run.action is None or (run.action.inline and run.assignment.safe_rerun)]
        others = [run for run in runs if not (run.action is None or (run.action.inline and run.assignment.safe_rerun))]
        if others:
            self._outbox.ack(others)
        if light:
            for run in light:
                run.acked = True
            self._handlers.begin(light, here=True)

    def recorded(self, tokens: Sequence[str]) -> None:
        self._hand.forget(tokens)
        for token in tokens:
            self._observer.recorded(token)

    def cancelled(self, cancels: Sequence[worker.CancelRequest]) -> None:
        for cancel in cancels:
            run = self._hand.get(cancel.token)
            if run is not None:
                self._handlers.cancel(run, cancel.reason)

    def rejected(self, rejections: Sequence[worker.Rejection]) -> None:
        for rejection in rejections:
            run = self._hand.drop(rejection.token)
            if run is None:
                continue
            reason = rejection.message or worker.RejectionReason.Name(rejection.reason)
            _LOGGER.warning(
                "%s of %s is not ours any more: %s", run.assignment.action, run.assignment.action_execution_id, reason
            )
            self._handlers.cancel(run, reason)
            self._observer.rejected(rejection.token, reason)

    def parted(self, reason: str) -> None:
        self._observer.disconnected(reason)
