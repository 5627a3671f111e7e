"""How a session begins: the worker is checked, what it brings along is taken up, what it offers is taken down."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from mistral.v1 import worker_pb2
from mistral.v1 import worker_service_pb2 as pb2
from mistral_executor.workers import describing
from mistral_executor.workers.floor import Floor
from mistral_executor.workers.session import Session

_log = logging.getLogger(__name__)

_OFFERS_SECONDS: Final = 5.0


async def opened(
    floor: Floor,
    project: str,
    worker: worker_pb2.WorkerDescription,
    held: Mapping[str, bool] | None,
    transport: str,
) -> tuple[Session, pb2.ServerWelcome]:
    """Begin a session and return it with what the worker is welcomed with.

    Args:
        held: Tokens that the worker has, and whether each has ended; None if it does not say, then it keeps all.

    Raises:
        InvalidInput: If no worker can be such.
        Conflict: If another instance took over.
        LimitExceeded: If there are too many.
        Unavailable: If this executor leaves, or tokens cannot be signed.
    """
    describing.check(worker)
    floor.arrivals.check(project, worker)
    await floor.ready()
    if held is None:
        held = floor.arrivals.holds(project, worker)
    await floor.adoption.adopt(held, project)
    floor.arrivals.check(project, worker)
    session, resumed, rejections = floor.arrivals.admit(project, worker, held, transport)
    try:
        fresh = floor.offers.add(session)
        if fresh and not await floor.offers.taken_down(fresh, _OFFERS_SECONDS):
            _log.warning("what worker %s offers is not taken down yet", worker.id)
    except BaseException:
        floor.arrivals.leave(session)
        raise
    _log.info("worker %s of %s connected by %s: %s %s", worker.id, project, transport, worker.sdk, worker.sdk_version)
    return session, pb2.ServerWelcome(
        session=session.name,
        terms=floor.terms.message(),
        resumed=resumed,
        rejections=rejections,
        executor=floor.identity.name,
    )
