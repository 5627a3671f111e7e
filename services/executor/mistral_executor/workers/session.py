"""One connected worker: what it said of itself, what it can take, what it has in hand, and what is to be told to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, TypeVar

from mistral.v1 import worker_pb2, worker_service_pb2

if TYPE_CHECKING:
    from mistral_core.errors import WorkflowError
    from mistral_executor.workers.pools import LocalPool
    from mistral_executor.workers.runs import Run

_T = TypeVar("_T")

LARGEST_BATCH: Final = 1000
# A message beyond the 4 MiB that clients take unless told otherwise would end the stream.
_MESSAGE_BYTES: Final = 1024 * 1024
_PER_RUN_BYTES: Final = 1024


class Hands:
    """What one instance of a worker has in hand, over all its sessions."""

    __slots__ = ("instance", "project", "runs", "session", "worker")

    def __init__(self, project: str, worker: str, instance: str) -> None:
        self.project = project
        self.worker = worker
        self.instance = instance
        self.runs: dict[str, Run] = {}
        self.session: Session | None = None


class Session:
    """One session of one worker. Nothing here waits; what is to be told is gathered until ``told()`` is next asked.

    Attributes:
        credits: Runs that it asked for and did not get yet.
        busy: Runs of each action with a limit of its own that it has in hand.
        ended: Why it failed; None while it lasts.
        closing: Whether the worker has said that it has no more to say.
    """

    def __init__(self, name: str, hands: Hands, described: worker_pb2.WorkerDescription, transport: str) -> None:
        self.name = name
        self.hands = hands
        self.described = described
        self.transport = transport
        self.labels: Mapping[str, str] = dict(described.labels)
        self.namespaces = frozenset(described.namespaces)
        self.limits = {offer.name: offer.concurrency for offer in described.actions if offer.concurrency > 0}
        self.busy: dict[str, int] = {}
        self.pools: list[LocalPool] = []
        self.credits = 0
        self.finished = 0
        self.draining = False
        self.ended: WorkflowError | None = None
        self.closing = False
        self.connected_at = 0.0
        self.wake = asyncio.Event()
        self._assignments: list[worker_pb2.Assignment] = []
        self._recorded: list[str] = []
        self._cancels: list[worker_pb2.CancelRequest] = []
        self._rejections: list[worker_pb2.Rejection] = []
        self._others: list[worker_service_pb2.WorkResponse] = []

    @property
    def open(self) -> bool:
        """Whether it can be given something."""
        return self.credits > 0 and not self.draining and self.ended is None

    @property
    def load(self) -> float:
        """Runs in hand for each slot."""
        return len(self.hands.runs) / (self.described.slots or 1)

    def accepts(self, run: Run) -> bool:
        """Tell whether it can take a run of a pool that it serves."""
        if self.namespaces and run.task.namespace not in self.namespaces:
            return False
        limit = self.limits.get(run.task.action)
        return limit is None or self.busy.get(run.task.action, 0) < limit

    def assign(self, assignment: worker_pb2.Assignment) -> None:
        self._assignments.append(assignment)
        self.wake.set()

    def record(self, token: str) -> None:
        self._recorded.append(token)
        self.wake.set()

    def cancel(self, request: worker_pb2.CancelRequest) -> None:
        self._cancels.append(request)
        self.wake.set()

    def reject(self, rejection: worker_pb2.Rejection) -> None:
        self._rejections.append(rejection)
        self.wake.set()

    def say(self, response: worker_service_pb2.WorkResponse) -> None:
        """Tell something that does not come in batches."""
        self._others.append(response)
        self.wake.set()

    def end(self, why: WorkflowError) -> None:
        """End it; the stream fails with the reason."""
        if self.ended is None:
            self.ended = why
            self.wake.set()

    def finish(self) -> None:
        """The worker has said all that it has to say; what it is to be told is told, if somebody hears it."""
        self.closing = True
        self.wake.set()

    def taken_assignments(self) -> list[worker_pb2.Assignment]:
        """Take out the assignments that were not told yet."""
        taken, self._assignments = self._assignments, []
        return taken

    def taken_cancels(self) -> list[worker_pb2.CancelRequest]:
        """Take out the requests to stop that were not told yet."""
        taken, self._cancels = self._cancels, []
        return taken

    def taken_rejections(self) -> list[worker_pb2.Rejection]:
        """Take out the rejections that were not told yet."""
        taken, self._rejections = self._rejections, []
        return taken

    def told(self) -> Iterator[worker_service_pb2.WorkResponse]:
        """Take out all that was not told yet, in messages that are not too large."""
        response = worker_service_pb2.WorkResponse
        others, self._others = self._others, []
        yield from others
        if self._rejections:
            for rejections in _batches(self.taken_rejections()):
                yield response(rejections=worker_service_pb2.ServerRejections(rejections=rejections))
        if self._recorded:
            tokens, self._recorded = self._recorded, []
            for some in _batches(tokens):
                yield response(recorded=worker_service_pb2.ServerRecorded(tokens=some))
        if self._cancels:
            for cancels in _batches(self.taken_cancels()):
                yield response(cancels=worker_service_pb2.ServerCancels(cancels=cancels))
        if self._assignments:
            for portion in _portions(self.taken_assignments()):
                yield response(assignments=worker_service_pb2.ServerAssignments(assignments=portion))


def _batches(items: list[_T]) -> Iterator[list[_T]]:
    for first in range(0, len(items), LARGEST_BATCH):
        yield items[first : first + LARGEST_BATCH]


def _portions(assignments: list[worker_pb2.Assignment]) -> Iterator[list[worker_pb2.Assignment]]:
    portion: list[worker_pb2.Assignment] = []
    size = 0
    for each in assignments:
        weight = len(each.input) + len(each.progress_details) + _PER_RUN_BYTES
        if portion and (size + weight > _MESSAGE_BYTES or len(portion) == LARGEST_BATCH):
            yield portion
            portion, size = [], 0
        portion.append(each)
        size += weight
    if portion:
        yield portion
