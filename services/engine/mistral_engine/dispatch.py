"""Giving actions to executors: envelopes are named before the commit, which stores the names, and sent after it.

An envelope that is sent again, by us or by a successor, bears the same name; the bus drops the second.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec import Struct

from mistral.internal.v1 import envelope_pb2
from mistral_core.machine.command import RunAction
from mistral_core.machine.execution import Execution
from mistral_core.machine.needs import pool_of
from mistral_core.priority import DEFAULT_QUEUE, Priority, queue_token
from mistral_engine.batch import Batch, Change
from mistral_engine.worker_runs import worker_run
from mistral_persistence.records import to_json

LARGEST_INPUT_BYTES = 24 * 1024
"""Inputs beyond this stay in Postgres, and the executor asks for them."""

_USUAL_PLACE = f"{DEFAULT_QUEUE}.{Priority.NORMAL}"
_PER_ENVELOPE = 32
_LONE = 1


class Envelope(Struct):
    """Actions that travel together.

    Attributes:
        place: ``<queue>.<priority>``.
        doubtful: Whether somebody may have begun them: the executors know which of them may run twice.
    """

    id: str
    place: str
    traceparent: str
    runs: Sequence[tuple[Execution, RunAction]]
    doubtful: bool = False
    _encoded: bytes = b""

    @property
    def subject(self) -> str:
        return f"mistral.tasks.{self.place}"

    def encode(self) -> bytes:
        if not self._encoded:
            tasks = [action_task(execution, run) for execution, run in self.runs]
            message = envelope_pb2.TaskEnvelope(tasks=tasks, traceparent=self.traceparent, doubtful=self.doubtful)
            self._encoded = message.SerializeToString()
        return self._encoded


def encode_all(envelopes: Sequence[Envelope]) -> None:
    """Encode them now, so that it need not be done when they are sent."""
    for envelope in envelopes:
        envelope.encode()


class Naming:
    """Names for the envelopes of one lane, never used twice."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._count = 0

    def next(self) -> str:
        self._count += 1
        return f"{self._prefix}-{self._count}"


def envelopes_of(batch: Batch, naming: Naming) -> list[Envelope]:
    """Return the envelopes for all actions that the batch wants run."""
    groups: dict[tuple[str, str], list[tuple[Change, RunAction]]] = {}
    for change, run in batch.runs.values():
        groups.setdefault((place_of(change.execution, run), change.traceparent), []).append((change, run))
    return [
        Envelope(naming.next(), place, traceparent, [(change.execution, run) for change, run in some])
        for (place, traceparent), runs in groups.items()
        # Results come back by partition: what is sent together then comes back together.
        for some in _portions(sorted(runs, key=_partition), _most_together(runs[0]))
    ]


def _partition(run: tuple[Change, RunAction]) -> int:
    return run[0].execution.partition


def action_task(execution: Execution, run: RunAction) -> envelope_pb2.ActionTask:
    """Return an action as it travels."""
    task = execution.tasks[run.task_id]
    action = task.actions[run.action_id]
    data = to_json(run.input).encode()
    stored = len(data) > LARGEST_INPUT_BYTES
    return envelope_pb2.ActionTask(
        action_id=run.action_id,
        attempt=run.attempt,
        task_id=run.task_id,
        execution_id=execution.id,
        partition=execution.partition,
        action=run.action,
        input=b"" if stored else data,
        input_stored=stored,
        safe_rerun=action.safe_rerun,
        timeout_seconds=action.timeout or 0.0,
        index=action.index,
        workflow_name=execution.workflow_name,
        project_id=execution.project,
        namespace=execution.workflow_namespace,
        worker=None if action.needs is None else worker_run(task, action, run),
    )


def place_of(execution: Execution, run: RunAction) -> str:
    """Return the queue of the executors that shall run an action, and its priority there: ``<queue>.<priority>``."""
    action = execution.tasks[run.task_id].actions[run.action_id]
    if action.needs is not None:
        queue = pool_of(action.needs, run.action).token
    elif not action.target and not action.priority:
        return _USUAL_PLACE
    else:
        queue = queue_token(action.target) if action.target else DEFAULT_QUEUE
    return f"{queue}.{action.priority or Priority.NORMAL}"


def _most_together(run: tuple[Change, RunAction]) -> int:
    """Return how many runs of its place may travel together: a limit counts messages, so there each goes alone."""
    change, command = run
    needs = change.execution.tasks[command.task_id].actions[command.action_id].needs
    return _LONE if needs is not None and needs.limit_key else _PER_ENVELOPE


def _portions(runs: Sequence[tuple[Change, RunAction]], most: int) -> Iterator[list[tuple[Change, RunAction]]]:
    waiting = iter(runs)
    while some := list(islice(waiting, most)):
        yield some
