"""Workers that are connected here, as others see them."""

from __future__ import annotations

from itertools import islice
from typing import Final

from mistral.v1 import worker_pb2
from mistral_core.priority import DEFAULT_QUEUE
from mistral_executor.workers.session import Session

_MOST_IDS: Final = 100


def worker_of(session: Session, executor: str) -> worker_pb2.Worker:
    """Return a worker as it is shown."""
    hands = session.hands
    worker = worker_pb2.Worker(
        description=session.described,
        project_id=hands.project,
        executor=executor,
        running=len(hands.runs),
        credits=session.credits,
        finished=session.finished,
        draining=session.draining,
        transport=session.transport,
        action_execution_ids=[run.key[0] for run in islice(hands.runs.values(), _MOST_IDS)],
    )
    worker.connected_at.FromMicroseconds(int(session.connected_at * 1e6))
    return worker


def fits(session: Session, action: str, queue: str) -> bool:
    """Tell whether a worker offers an action and serves a queue; empty for any."""
    described = session.described
    if action and all(offer.name != action for offer in described.actions):
        return False
    return not queue or queue in (described.queues or (DEFAULT_QUEUE,))
