"""One run of an action for a worker, from when it is taken off the bus, or brought along, until its answer is safe."""

from __future__ import annotations

import asyncio
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from mistral.internal.v1.envelope_pb2 import ActionTask
from mistral.v1 import worker_pb2
from mistral_executor.attempts import Key, Lease, key_of

if TYPE_CHECKING:
    from mistral_executor.workers.pools import LocalPool
    from mistral_executor.workers.session import Hands, Session
    from mistral_executor.workers.tokens import Claims


class Past(IntEnum):
    """What became of a token: a reason to reject what is said about it, or one of two ways in which all is well."""

    UNKNOWN = worker_pb2.REJECTION_REASON_UNKNOWN_TOKEN
    LEASE_LOST = worker_pb2.REJECTION_REASON_LEASE_LOST
    CLOSED = worker_pb2.REJECTION_REASON_CLOSED
    BAD_RESULT = worker_pb2.REJECTION_REASON_BAD_RESULT
    RECORDED = 100
    DEFERRED = 101


class Speaker(Protocol):
    """Whoever said how runs ended, and is told what became of that."""

    def record(self, token: str) -> None:
        """The result is safe."""

    def reject(self, rejection: worker_pb2.Rejection) -> None:
        """What was said of a token counts for nothing."""


class Run:
    """One dispatch of an action.

    Attributes:
        task: As it came; for a run that a worker brought along, what its token says, until it comes again.
        whole: Whether ``task`` is all of it, so that it can be given out again.
        leases: Envelopes that hold it; none for a run that was brought along, more than one after a redelivery.
        input: A JSON object, once it is known.
        details: What an attempt before told of its progress.
        hands: Whose it is; None while it waits, or nobody knows who has it.
        session: What the assignment was sent on, if that lasts.
        expires: When the lease runs out, by the monotonic clock.
        answered: Its answer is given; what is still said about it counts for nothing.
        verdict: What is to be said of its token after that, see ``Past``.
        speakers: Whom to tell when the answer is recorded.
    """

    __slots__ = (
        "acked",
        "answered",
        "cancelling",
        "claims",
        "details",
        "epoch",
        "expires",
        "given_at",
        "hands",
        "input",
        "key",
        "leases",
        "pool",
        "rank",
        "received",
        "session",
        "speakers",
        "task",
        "timer",
        "token",
        "verdict",
        "whole",
    )

    def __init__(self, task: ActionTask, leases: list[Lease], rank: int, received: float) -> None:
        self.task = task
        self.key: Key = key_of(task)
        self.whole = True
        self.leases = leases
        self.rank = rank
        self.received = received
        self.pool: LocalPool | None = None
        self.input = b""
        self.details = b""
        self.hands: Hands | None = None
        self.session: Session | None = None
        self.claims: Claims | None = None
        self.token = ""
        self.epoch = 0
        self.expires = 0.0
        self.given_at = 0.0
        self.acked = False
        self.answered = False
        self.verdict: Past = Past.RECORDED
        self.speakers: list[Speaker] = []
        self.timer: asyncio.TimerHandle | None = None
        self.cancelling: asyncio.TimerHandle | None = None

    @property
    def safe(self) -> bool:
        """Whether a second run does no harm."""
        return self.task.safe_rerun

    def stop_timers(self) -> None:
        for timer in (self.timer, self.cancelling):
            if timer is not None:
                timer.cancel()
        self.timer = self.cancelling = None


def brought_along(claims: Claims, token: str, received: float) -> Run:
    """Return the run that a token is about, for an executor that did not give it out."""
    task = ActionTask(
        action_id=claims.action_id,
        attempt=claims.attempt,
        task_id=claims.task_id,
        execution_id=claims.execution_id,
        partition=claims.partition,
        action=claims.action,
        safe_rerun=claims.safe_rerun,
    )
    run = Run(task, [], 1, received)
    run.whole = False
    run.claims = claims
    run.epoch = claims.epoch
    run.token = token
    run.acked = True
    return run
