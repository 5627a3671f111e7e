"""What is in hand: envelopes that are not acked yet, attempts that run or wait, and which ended or were cancelled."""

import asyncio
import time
from collections import deque
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from mistral.internal.v1.envelope_pb2 import ActionTask
from mistral_executor.actions.context import CancelToken
from mistral_executor.actions.registry import Action
from mistral_executor.turns import Turns
from mistral_runtime.bus import Delivery

Key: TypeAlias = tuple[str, int]

# How long an envelope is in hand before its lease is renewed for the first time.
_YOUNG_SECONDS = 0.5
_REMEMBERED = 100_000


def key_of(task: ActionTask) -> Key:
    return task.action_id, task.attempt


class Lease:
    """An envelope in our hands. It is acked when every task of it is settled: answered, and the answer confirmed."""

    __slots__ = ("_leases", "delivery", "kept", "rank", "since", "traceparent", "unsettled")

    def __init__(self, leases: "Leases", delivery: Delivery, tasks: int, traceparent: str, rank: int) -> None:
        self._leases = leases
        self.delivery = delivery
        self.unsettled = tasks
        self.traceparent = traceparent
        self.rank = rank
        self.since = time.monotonic()
        # Another executor still has a part of it, so the bus must go on keeping it.
        self.kept = False

    def settle(self, tasks: int = 1) -> None:
        self.unsettled -= tasks
        if self.unsettled <= 0:
            self._leases.close(self)


class Leases:
    """The envelopes in hand, renewed until they are settled."""

    def __init__(self) -> None:
        self._open: set[Lease] = set()

    def open(self, delivery: Delivery, tasks: int, traceparent: str, rank: int) -> Lease:
        lease = Lease(self, delivery, tasks, traceparent, rank)
        self._open.add(lease)
        if tasks == 0:
            self.close(lease)
        return lease

    def close(self, lease: Lease) -> None:
        self._open.discard(lease)
        if not lease.kept:
            lease.delivery.ack()

    def renew(self) -> None:
        """Tell the bus that all of them are being worked on."""
        grown = time.monotonic() - _YOUNG_SECONDS
        for lease in self._open:
            if lease.since < grown:
                lease.delivery.in_progress()

    def give_up(self) -> None:
        """Have the bus hand all of them to other executors at once."""
        for lease in self._open:
            lease.delivery.nak()
        self._open.clear()

    def __len__(self) -> int:
        return len(self._open)


@dataclass(slots=True, eq=False)
class Attempt:
    """One dispatch of an action, in our hands until its answer is given.

    Attributes:
        leases: Envelopes that hold it; more than one after a redelivery.
        work: What runs, or waits for a slot.
        runner: Set once it runs.
        answered: Its answer is given; what it still does is of no interest.
    """

    task: ActionTask
    action: Action
    leases: list[Lease]
    token: CancelToken
    work: Coroutine[Any, Any, Any] | None = None
    runner: asyncio.Task[None] | None = None
    timer: asyncio.TimerHandle | None = None
    answered: bool = False
    begun: float = 0.0


class Memory:
    """A bounded set of keys; the oldest are forgotten first."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._most = most
        self._keys: set[Key] = set()
        self._order: deque[Key] = deque()

    def add(self, key: Key) -> None:
        if key in self._keys:
            return
        if len(self._order) >= self._most:
            self._keys.discard(self._order.popleft())
        self._keys.add(key)
        self._order.append(key)

    def __contains__(self, key: Key) -> bool:
        return key in self._keys

    def __bool__(self) -> bool:
        return bool(self._keys)


@dataclass(slots=True)
class Attempts:
    """Which attempts are in hand, and what is remembered of others.

    Attributes:
        held: Those that run or wait for a slot, or whose answer is not confirmed although they must not run twice.
        waiting: Those of ``held`` that wait for a slot.
        ended: Those that ended here and must not run twice.
        cancelled: Those that nobody waits for.
    """

    held: dict[Key, Attempt] = field(default_factory=dict)
    waiting: Turns[Attempt] = field(default_factory=Turns)
    ended: Memory = field(default_factory=Memory)
    cancelled: Memory = field(default_factory=Memory)

    def is_cancelled(self, task: ActionTask) -> bool:
        return bool(self.cancelled) and key_of(task) in self.cancelled

    def unstarted(self) -> Iterator[Attempt]:
        """Take out, one after the other, those that have not begun."""
        while (attempt := self.waiting.next()) is not None:
            if not attempt.answered:
                del self.held[key_of(attempt.task)]
                yield attempt
