"""What leaves the engine after a commit: actions, wake-ups, cancellations, events.

Everything here may be lost: Postgres has it, and what must arrive is sent again by the sweeper or the next owner.
"""

import asyncio
import logging
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from google.protobuf.timestamp_pb2 import Timestamp

from mistral.internal.v1 import envelope_pb2
from mistral_core.machine.command import CancelAction
from mistral_core.machine.execution import Execution
from mistral_engine.dispatch import Envelope
from mistral_engine.rows import Told
from mistral_persistence.records import to_json
from mistral_runtime.bus import Bus, BusUnavailable

_log = logging.getLogger(__name__)

_BATCH_HEADERS = {"content-type": "application/cloudevents-batch+json"}
_NOT_IN_SUBJECTS = re.compile(r"[^A-Za-z0-9_-]")
_SENDING = 256
_LARGEST_OUTPUT = 32 * 1024
_FINISH_SECONDS = 2.0
# What happens to tasks is told this much later at most, so that the steps of a fast workflow share messages.
_TASK_EVENTS_SECONDS = 0.02


class Outgoing:
    """Sends for all lanes of one engine; counts what it sends."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._sending: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_SENDING)
        self._told: list[Told] = []
        self._telling: asyncio.TimerHandle | None = None
        self.messages = 0

    async def dispatch(self, envelopes: Sequence[Envelope]) -> None:
        """Start sending actions to the executors; waits only while too much is under way."""
        for envelope in envelopes:
            await self._room.acquire()
            task = asyncio.create_task(self._dispatch(envelope), name=f"dispatch {envelope.id}")
            self._sending.add(task)
            task.add_done_callback(self._sent)
        self.messages += len(envelopes)

    def cancel(self, cancels: Sequence[CancelAction]) -> None:
        """Tell executors whom nobody waits for."""
        attempts = [envelope_pb2.Attempt(action_id=c.action_id, attempt=c.attempt) for c in cancels]
        self._send("mistral.executors.cancel", envelope_pb2.CancelEnvelope(attempts=attempts).SerializeToString())

    def wake_scheduler(self, due: int) -> None:
        """Tell schedulers of a new timer, due at ``due`` microseconds since the epoch."""
        moment = Timestamp(seconds=due // 1_000_000, nanos=due % 1_000_000 * 1_000)
        self._send("mistral.scheduler.wake", envelope_pb2.SchedulerWake(due_at=moment).SerializeToString())

    def wake_notifier(self) -> None:
        """Tell notifiers that there is something to deliver."""
        self._send("mistral.notifier.wake", b"")

    def publish(self, told: Sequence[Told]) -> None:
        """Publish events as CloudEvents: those of executions at once, those of tasks alone a little later."""
        self._told.extend(told)
        if any(event.announce.task_id is None for event in told):
            self._tell()
        elif self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(_TASK_EVENTS_SECONDS, self._tell)

    def _tell(self) -> None:
        """One message per project and kind."""
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        told, self._told = self._told, []
        groups: dict[tuple[str, str], list[bytes]] = {}
        for event in told:
            kind = "execution" if event.announce.task_id is None else "task"
            groups.setdefault((event.execution.project, kind), []).append(_cloud_event(event))
        for (project, kind), events in groups.items():
            subject = f"mistral.events.{_NOT_IN_SUBJECTS.sub('_', project)}.{kind}"
            self._bus.send(subject, b"[" + b",".join(events) + b"]", _BATCH_HEADERS)
            self.messages += 1

    async def finish(self) -> None:
        """Send what lingers and wait a moment for what is under way; whoever comes next sends the rest."""
        self._tell()
        if self._sending:
            await asyncio.wait(self._sending, timeout=_FINISH_SECONDS)

    def _send(self, subject: str, data: bytes) -> None:
        self._bus.send(subject, data)
        self.messages += 1

    async def _dispatch(self, envelope: Envelope) -> None:
        data = envelope.encode()
        while True:
            try:
                return await self._bus.publish(envelope.subject, data, message_id=envelope.id)
            except BusUnavailable as error:
                _log.warning("%d actions cannot be sent yet: %s", len(envelope.runs), error)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._room.release()
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("an envelope could not be sent", exc_info=error)


@lru_cache(maxsize=1024)
def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).isoformat()


def _cloud_event(event: Told) -> bytes:
    execution, announce = event.execution, event.announce
    data = event.data
    if announce.task_id is None and execution.finished_at is not None:
        data = _with_output(data, execution)
    subject = f'"subject":"{announce.task_id}",' if announce.task_id else ""
    return (
        (
            f'{{"specversion":"1.0","id":"{execution.id}/{event.position}","source":"/mistral/executions/{execution.id}",'
            f'"type":"io.mistral-mesh.{announce.event}","time":"{_time(announce.at)}",{subject}'
            f'"datacontenttype":"application/json","data":'
        ).encode()
        + data
        + b"}"
    )


def _with_output(data: bytes, execution: Execution) -> bytes:
    """Add the output, so that whoever waits for it need not read it; a large one they have to."""
    output = to_json(execution.output).encode()
    return data if len(output) > _LARGEST_OUTPUT else data[:-1] + b',"output":' + output + b"}"
