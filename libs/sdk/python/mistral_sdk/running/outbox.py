"""What is to be said to the server: gathered from all threads, said in as few messages as possible."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mistral_sdk.running.hand import Hand, Run
from mistral_sdk.stubs import worker_pb2 as worker
from mistral_sdk.stubs import worker_service_pb2 as service

_PROGRESS_SECONDS = 0.2
_LINGER_SECONDS = 0.001
_RESULT_OVERHEAD = 512
_MOST_LINES = 1000


@dataclass(frozen=True, slots=True)
class Terms:
    """What the server said of times and sizes."""

    heartbeat_seconds: float = 3.0
    most_bytes: int = 1024 * 1024
    most_in_batch: int = 1000

    @classmethod
    def of(cls, told: worker.WorkerTerms) -> "Terms":
        usual = cls()
        interval = told.heartbeat_interval.ToNanoseconds() / 1e9
        return cls(
            heartbeat_seconds=interval or usual.heartbeat_seconds,
            most_bytes=told.largest_payload_bytes or usual.most_bytes,
            most_in_batch=told.largest_batch or usual.most_in_batch,
        )


class Outbox:
    """Holds what is not said yet. `messages` is read by the thread that writes to the stream of a session.

    That thread also sends the heartbeats, so neither a loop that is blocked nor a slow handler holds them up.
    """

    def __init__(self, hand: Hand, begin: Callable[[list[Run]], None], sent: Callable[[Run], None]) -> None:
        """Make one; ``begin`` is called with runs whose ack was sent, ``sent`` with those whose result was."""
        self._hand = hand
        self._begin = begin
        self._sent = sent
        self._turn = threading.Condition()
        self._session = 0
        self._ready = False
        self._leaving = False
        self._terms = Terms()
        self._acks: list[Run] = []
        self._results: list[Run] = []
        self._progress: dict[str, worker.AssignmentProgress] = {}
        self._progress_at = 0.0
        self._credits = 0
        self._granted = 0
        self._slots = 1
        self._drain = False
        self._drained = False
        self._heartbeat_at = 0.0
        self._results_at = 0.0

    def ack(self, runs: Sequence[Run]) -> None:
        """Say that runs arrived, and begin them then."""
        with self._turn:
            self._acks += runs
            self._turn.notify()

    def received(self, count: int) -> None:
        """Take note of credits that were used up."""
        with self._turn:
            self._granted -= count
            if self._credits and self._asks():
                self._turn.notify()

    def ended(self, runs: Sequence[Run]) -> None:
        """Say how runs ended, unless nobody wants to know, and ask for as many more."""
        with self._turn:
            self._results += [run for run in runs if not run.dropped]
            if not self._drain:
                self._credits += len(runs)
            self._turn.notify()

    def progress(
        self, token: str, percent: float | None, details: bytes | None, lines: Sequence[worker.LogLine]
    ) -> None:
        """Say how far a run is; what is not said yet is overwritten, but for lines."""
        with self._turn:
            told = self._progress.get(token)
            if told is None:
                if not self._hand.known(token):
                    return
                told = self._progress[token] = worker.AssignmentProgress(token=token)
            if percent is not None:
                told.percent = percent
            if details is not None:
                told.details = details
            if lines:
                told.lines.extend(lines)
                del told.lines[:-_MOST_LINES]
            self._turn.notify()

    def open(self, session: int, terms: Terms, slots: int) -> None:
        """Begin to talk in a session that was welcomed: say again what may not have arrived, and ask for runs."""
        with self._turn:
            runs = self._hand.all()
            self._terms = terms
            self._results = [run for run in runs if run.result is not None]
            self._acks = [run for run in runs if run.result is None and not run.acked]
            self._credits = 0 if self._drain else max(0, slots - self._hand.busy)
            self._granted = 0
            self._slots = slots
            self._results_at = 0.0
            self._heartbeat_at = time.monotonic() + terms.heartbeat_seconds
            self._drained = False
            if session == self._session:
                self._ready = True
            self._turn.notify()

    def drain(self) -> None:
        """Ask for nothing further, now and in later sessions."""
        with self._turn:
            self._drain = True
            self._credits = 0
            self._turn.notify()

    def leave(self) -> None:
        """End the stream of this session once all is said."""
        with self._turn:
            self._leaving = True
            self._turn.notify()

    def close(self) -> None:
        """End the stream of this session at once; what was not said is said in the next one."""
        with self._turn:
            self._session += 1
            self._ready = False
            self._turn.notify_all()

    def messages(self, hello: service.WorkRequest) -> Iterator[service.WorkRequest]:
        """Yield what one session says, from its hello on."""
        with self._turn:
            self._session += 1
            session = self._session
            self._ready = self._leaving = False
        yield hello
        while (told := self._next(session)) is not None:
            message, then = told
            yield message
            # The one who reads comes back when the message is with the network.
            then()

    @property
    def session(self) -> int:
        """Number of the session that talks."""
        return self._session

    def _next(self, session: int) -> tuple[service.WorkRequest, Callable[[], None]] | None:
        """Wait for the next thing to say; None at the end of the session."""
        while True:
            with self._turn:
                if session != self._session:
                    return None
                now = time.monotonic()
                if self._ready:
                    if told := self._take(now):
                        return told
                    if self._leaving and not self._results:
                        return None
                lingers = self._ready and bool(self._results)
                if not lingers:
                    self._turn.wait(self._patience(now))
            if lingers:
                # Not a wait to be woken from: it is short, and whoever ends meanwhile is to be said along.
                time.sleep(max(0.0, self._results_at - now))

    def _patience(self, now: float) -> float | None:
        """How long to wait for somebody to have something to say; None for ever."""
        if not self._ready:
            return None
        due = [self._progress_at] if self._progress else []
        due += [] if self._hand.empty else [self._heartbeat_due()]
        return max(0.001, min(due) - now) if due else None

    def _heartbeat_due(self) -> float:
        """A run that has just arrived was named a moment ago."""
        return max(self._heartbeat_at, self._hand.since + self._terms.heartbeat_seconds)

    def _asks(self) -> bool:
        """Whether it is time to ask for more: not while the server may send half of what the worker can take."""
        return self._granted * 2 <= self._slots

    def _lingers(self, now: float) -> bool:
        """Whether results are kept back a moment, for others are about to come and go along."""
        few = len(self._results) < self._terms.most_in_batch
        return few and now < self._results_at and self._hand.busy > 0 and not self._leaving

    def _take(self, now: float) -> tuple[service.WorkRequest, Callable[[], None]] | None:
        if self._drain and not self._drained:
            self._drained = True
            return service.WorkRequest(drain=service.WorkerDrain()), _nothing
        if not self._hand.empty and now >= self._heartbeat_due() and (told := self._taken_heartbeat(now)):
            return told
        if self._acks:
            return self._taken_acks()
        if self._progress and (now >= self._progress_at or self._ends_one_that_progressed()):
            return self._taken_progress(now)
        if self._results and not self._lingers(now):
            self._results_at = now + _LINGER_SECONDS
            return self._taken_results()
        if self._credits and self._asks():
            more, self._credits = self._credits, 0
            self._granted += more
            return service.WorkRequest(credits=service.WorkerCredits(more=more)), _nothing
        return None

    def _ends_one_that_progressed(self) -> bool:
        return any(run.token in self._progress for run in self._results)

    def _taken_acks(self) -> tuple[service.WorkRequest, Callable[[], None]]:
        runs, self._acks = self._acks[: self._terms.most_in_batch], self._acks[self._terms.most_in_batch :]

        def then() -> None:
            waiting = [run for run in runs if not run.acked]
            for run in waiting:
                run.acked = True
            self._begin(waiting)

        return service.WorkRequest(acks=service.WorkerAcks(tokens=[run.token for run in runs])), then

    def _taken_progress(self, now: float) -> tuple[service.WorkRequest, Callable[[], None]]:
        told: list[worker.AssignmentProgress] = []
        size = 0
        for token in list(self._progress):
            size += self._progress[token].ByteSize()
            if told and (size > self._terms.most_bytes or len(told) == self._terms.most_in_batch):
                break
            told.append(self._progress.pop(token))
        if not self._progress:
            self._progress_at = now + _PROGRESS_SECONDS
        return service.WorkRequest(progress=service.WorkerProgress(progress=told)), _nothing

    def _taken_results(self) -> tuple[service.WorkRequest, Callable[[], None]]:
        taken: list[Run] = []
        results: list[worker.AssignmentResult] = []
        size = 0
        for run in self._results[: self._terms.most_in_batch]:
            assert run.result is not None, "a run without a result is told as ended"
            size += run.result.ByteSize() + _RESULT_OVERHEAD
            if taken and size > self._terms.most_bytes:
                break
            taken.append(run)
            if not run.dropped:
                results.append(run.result)
        del self._results[: len(taken)]

        def then() -> None:
            for run in taken:
                self._sent(run)

        return service.WorkRequest(results=service.WorkerResults(results=results)), then

    def _taken_heartbeat(self, now: float) -> tuple[service.WorkRequest, Callable[[], None]] | None:
        self._heartbeat_at = now + self._terms.heartbeat_seconds
        tokens = self._hand.tokens()
        if not tokens:
            return None
        return service.WorkRequest(heartbeat=service.WorkerHeartbeat(tokens=tokens)), _nothing


def _nothing() -> None:
    pass
