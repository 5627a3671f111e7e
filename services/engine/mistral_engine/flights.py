"""Actions that are out: dispatched, and neither answered nor handed to somebody else to complete."""

from collections.abc import Collection, Iterator

from msgspec import Struct

from mistral_core.machine import outstanding
from mistral_core.machine.awaiting import says_so
from mistral_core.machine.command import RunAction
from mistral_core.machine.execution import Execution
from mistral_core.machine.needs import pool_of
from mistral_core.worker_pools import Pool as WorkerPool
from mistral_engine.batch import Batch


class Flight(Struct, frozen=True):
    """One dispatch of an action.

    Attributes:
        sent_at: When it was dispatched, microseconds since the epoch.
        envelope: Name of the bus message that carries it.
        pool: The pool of workers that it is for; None for what executors run.
        token: That of the pool; empty without one.
        begin_within: Seconds that a worker has to begin it; 0 for no limit.
        begin_by: When a worker must have begun it, microseconds since the epoch; 0 for no limit.
        fleet_workers: Most temporary workers wanted for it; 0 for no limit of its own.
        awaited: Whether its task said, when it was sent, that it waits for a worker.
    """

    execution_id: str
    partition: int
    task_id: str
    action_id: str
    attempt: int
    sent_at: int
    envelope: str
    safe_rerun: bool
    pool: WorkerPool | None = None
    begin_by: int = 0
    fleet_workers: int = 0
    awaited: bool = False
    token: str = ""
    begin_within: float = 0.0


class Flights:
    """The flights of one lane, by action id, oldest first.

    Attributes:
        pooled: Those that are for workers.
    """

    def __init__(self) -> None:
        self._open: dict[str, Flight] = {}
        self.pooled: dict[str, Flight] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, action_id: str) -> bool:
        return action_id in self._open

    def note(self, batch: Batch, envelopes: dict[str, str], at: int) -> None:
        """Take over what a committed batch dispatched and what it settled."""
        for change in batch.changes.values():
            for task_id, action_id in change.actions:
                self.remove(action_id)
                run = batch.runs.get(action_id)
                if run is not None:
                    envelope = envelopes[action_id]
                    self.add(flight(change.execution, task_id, action_id, at, envelope))

    def add(self, flight: Flight) -> None:
        self._open[flight.action_id] = flight
        if flight.pool is not None:
            self.pooled[flight.action_id] = flight

    def remove(self, action_id: str) -> None:
        if self._open.pop(action_id, None) is not None and self.pooled:
            self.pooled.pop(action_id, None)

    def drop_partitions(self, partitions: Collection[int]) -> None:
        for gone in [f.action_id for f in self._open.values() if f.partition in partitions]:
            self.remove(gone)

    def sent_before(self, moment: int) -> Iterator[Flight]:
        """Yield flights dispatched before ``moment`` (microseconds since the epoch)."""
        for each in list(self._open.values()):
            if each.sent_at < moment:
                yield each


def flight(execution: Execution, task_id: str, action_id: str, at: int, envelope: str) -> Flight:
    """Return the flight of an action that is dispatched now."""
    task = execution.tasks[task_id]
    action = task.actions[action_id]
    usual = (execution.id, execution.partition, task_id, action_id, action.attempt, at, envelope, action.safe_rerun)
    if (needs := action.needs) is None:
        return Flight(*usual)
    pool = pool_of(needs, action.base or action.name)
    return Flight(*usual, pool, needs.begin_by, needs.fleet_workers, says_so(task), pool.token, needs.start_within)


def runs_of(execution: Execution) -> Iterator[RunAction]:
    """Yield a command for each action whose answer the executors owe to an execution."""
    return (command for command in outstanding(execution) if isinstance(command, RunAction))
