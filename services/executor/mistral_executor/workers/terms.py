"""How long things last with workers, and how large they may be."""

from dataclasses import dataclass

from mistral.v1 import worker_pb2
from mistral_executor.workers.session import LARGEST_BATCH
from mistral_runtime.server import MAX_MESSAGE_BYTES

_ROOM_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerTerms:
    """Settings of workers.

    Attributes:
        lease_seconds: How long a run is a worker's without a sign of life.
        cancel_seconds: How long a worker has to stop what is cancelled.
        leave_seconds: How long a worker may stay connected after the executor has said that it leaves.
        most_sessions: Most workers that are connected here at once.
        limit_kb: Most kilobytes of a result; negative for what a message takes.
        token_key: What tokens are signed with; empty to ask an engine for the mesh's.
    """

    lease_seconds: float = 10.0
    cancel_seconds: float = 10.0
    leave_seconds: float = 2.0
    most_sessions: int = 10_000
    limit_kb: int = 1024
    token_key: bytes = b""

    @property
    def largest_bytes(self) -> int:
        """Most bytes of a result."""
        largest = MAX_MESSAGE_BYTES - _ROOM_BYTES
        return largest if self.limit_kb < 0 else min(self.limit_kb * 1024, largest)

    def message(self) -> worker_pb2.WorkerTerms:
        """Return what a worker is told of them."""
        told = worker_pb2.WorkerTerms(largest_payload_bytes=self.largest_bytes, largest_batch=LARGEST_BATCH)
        told.lease.FromMicroseconds(int(self.lease_seconds * 1e6))
        told.heartbeat_interval.FromMicroseconds(int(self.lease_seconds * 1e6 / 3))
        return told
