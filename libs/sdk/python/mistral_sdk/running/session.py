"""The stream of a worker: sessions one after the other, in a thread of their own, until the worker leaves."""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any, Protocol

import grpc

from mistral_sdk.connection import Connection
from mistral_sdk.running.hand import Hand
from mistral_sdk.running.outbox import Outbox, Terms
from mistral_sdk.stubs import worker_pb2 as worker
from mistral_sdk.stubs import worker_service_pb2 as service

_LOGGER = logging.getLogger("mistral_sdk.worker")
_METHOD = "/mistral.v1.WorkerService/Work"
_LONGEST_PAUSE = 5.0
_FIRST_PAUSE = 0.05
_PARTING_SECONDS = 2.0
# What is refused once is refused again, however often one asks.
_HOPELESS = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNIMPLEMENTED,
}


class WorkerRefused(Exception):
    """The server does not let the worker in, and never will as things are."""


class WorkerReplaced(Exception):
    """Another process has taken over the worker's id."""


class Listener(Protocol):
    """Who acts on what the server says; called from the thread of the sessions."""

    def welcomed(self, welcome: service.ServerWelcome, terms: Terms) -> None: ...
    def assigned(self, assignments: Sequence[worker.Assignment]) -> None: ...
    def recorded(self, tokens: Sequence[str]) -> None: ...
    def cancelled(self, cancels: Sequence[worker.CancelRequest]) -> None: ...
    def rejected(self, rejections: Sequence[worker.Rejection]) -> None: ...
    def parted(self, reason: str) -> None: ...


class Sessions:
    """Keeps a worker connected; a broken stream is followed by the next one, with what is held."""

    def __init__(
        self,
        connection: Connection,
        description: worker.WorkerDescription,
        outbox: Outbox,
        hand: Hand,
        listener: Listener,
        ended: Callable[[Exception | None], None],
    ) -> None:
        """Make one; ``ended`` is called once, with what went wrong for good."""
        self._connection = connection
        self._description = description
        self._outbox = outbox
        self._hand = hand
        self._listener = listener
        self._ended = ended
        self._leave = threading.Event()
        self._call: Any = None
        self._known = False
        self._heartbeat_seconds = Terms().heartbeat_seconds
        self._welcomed = False
        self._refusal: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=f"mistral-worker-{description.id}", daemon=True)

    def start(self) -> None:
        """Connect, and stay connected."""
        self._thread.start()

    def leave(self) -> None:
        """Say what is to be said, and go."""
        self._leave.set()
        self._part(_PARTING_SECONDS)

    def join(self, timeout: float) -> None:
        """Wait until the thread has ended."""
        self._thread.join(timeout)

    def _run(self) -> None:
        problem: Exception | None = None
        try:
            self._keep_connected()
        except Exception as error:
            problem = error
        finally:
            self._ended(problem)

    def _keep_connected(self) -> None:
        failures = 0
        while not self._leave.is_set():
            self._welcomed = False
            reason = self._session()
            self._listener.parted(reason)
            if self._refusal is not None:
                raise self._refusal
            failures = 0 if self._welcomed else failures + 1
            pause = min(self._longest_pause(), _FIRST_PAUSE * 2 ** min(failures, 10)) * random.uniform(0.5, 1.0)
            if not self._leave.is_set():
                _LOGGER.log(
                    logging.WARNING if failures in (1, 5) or self._welcomed else logging.DEBUG,
                    "worker %s is not connected to %s (%s); it tries again",
                    self._description.id,
                    self._connection.address,
                    reason,
                )
                self._leave.wait(pause)

    def _longest_pause(self) -> float:
        """What is in hand must be named to the server again within its lease, of which a heartbeat is a third."""
        return _LONGEST_PAUSE if self._hand.empty else min(_LONGEST_PAUSE, self._heartbeat_seconds / 4)

    def _session(self) -> str:
        """Talk until the stream ends; returns why it did."""
        channel = None
        try:
            channel = self._connection.channel()
            hello = service.WorkerHello(worker=self._description, held=self._held())
            said = self._outbox.messages(service.WorkRequest(hello=hello))
            stream = channel.stream_stream(
                _METHOD, service.WorkRequest.SerializeToString, service.WorkResponse.FromString
            )
            self._call = stream(said, metadata=tuple(self._connection.metadata()))
            if self._leave.is_set():
                self._part(_PARTING_SECONDS)
            for answer in self._call:
                self._heard(answer)
            return "the server ended the session"
        except grpc.RpcError as error:
            return self._broken(error)
        # A token that cannot be had or a certificate that cannot be read now may be there the next time.
        except (OSError, RuntimeError, ValueError) as error:
            return f"{type(error).__name__}: {error}"
        finally:
            self._call = None
            self._outbox.close()
            if channel is not None:
                channel.close()

    def _held(self) -> list[worker.HeldAssignment]:
        return [worker.HeldAssignment(token=run.token, finished=run.result is not None) for run in self._hand.all()]

    def _broken(self, error: grpc.RpcError) -> str:
        code, details = error.code(), error.details() or ""
        told = f"{code.name}: {details}"
        if code == grpc.StatusCode.ALREADY_EXISTS:
            self._refusal = WorkerReplaced(f"another process works as {self._description.id}: {details}")
        renewable = code == grpc.StatusCode.UNAUTHENTICATED and callable(self._connection.token)
        if code in _HOPELESS and not self._known and not renewable:
            self._refusal = WorkerRefused(told)
        return told

    def _heard(self, answer: service.WorkResponse) -> None:
        match answer.WhichOneof("message"):
            case "assignments":
                self._listener.assigned(answer.assignments.assignments)
            case "recorded":
                self._listener.recorded(answer.recorded.tokens)
            case "cancels":
                self._listener.cancelled(answer.cancels.cancels)
            case "rejections":
                self._listener.rejected(answer.rejections.rejections)
            case "welcome":
                self._known = self._welcomed = True
                terms = Terms.of(answer.welcome.terms)
                self._heartbeat_seconds = terms.heartbeat_seconds
                self._listener.welcomed(answer.welcome, terms)
            case "go_away":
                _LOGGER.info("the server leaves (%s); connecting again", answer.go_away.reason)
                left = answer.go_away.deadline.ToDatetime(UTC).timestamp() - time.time()
                self._part(min(_PARTING_SECONDS, max(0.1, left)))
            case _:
                # From a newer server; it must work with those who do not know it.
                _LOGGER.debug("a message of a kind that is not known was passed over")

    def _part(self, patience: float) -> None:
        """End the stream well, or after so many seconds in any way."""
        call = self._call
        self._outbox.leave()
        if call is not None:
            timer = threading.Timer(patience, call.cancel)
            timer.daemon = True
            timer.start()
