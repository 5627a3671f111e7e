"""One attempt at one delivery: from the claimed row to what has to be written about it. No store, no bus."""

import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from mistral_notifier.publisher import DeliveryFailed, Notice, Publishers
from mistral_persistence.notifications import ClaimedDelivery, FailedDelivery

_log = logging.getLogger(__name__)

_LONGEST_WAIT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended; ``failed`` is None when the delivery is made."""

    delivery: ClaimedDelivery
    failed: FailedDelivery | None = None
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how far apart a delivery is tried."""

    attempts: int
    backoff_seconds: float

    def again_in(self, failed_attempts: int) -> float | None:
        """Return the wait after so many failed attempts, None to give up; half of it is chance."""
        if failed_attempts >= self.attempts:
            return None
        wait = min(self.backoff_seconds * 2.0 ** min(failed_attempts - 1, 30), _LONGEST_WAIT_SECONDS)
        return wait * random.uniform(0.5, 1.0)


async def attempt(delivery: ClaimedDelivery, publishers: Publishers, retries: Retries) -> Outcome:
    """Make one attempt; whatever a publisher raises is a failed one."""
    notice = Notice(
        id=f"{delivery.execution_id}-{delivery.id}",
        execution_id=str(delivery.execution_id),
        event=delivery.event,
        payload=delivery.payload,
        created_at=delivery.created_at,
        attempt=delivery.attempts + 1,
    )
    try:
        options = _options(delivery.publisher)
        await publishers[str(options.get("type", ""))].publish(notice, options)
    except DeliveryFailed as error:
        return _failed(delivery, error, retries)
    except Exception as error:
        # A publisher may be anyone's code: its faults are failed attempts, and must not end the service.
        _log.exception("the publisher of delivery %d crashed", delivery.id)
        return _failed(delivery, DeliveryFailed(f"the publisher crashed: {type(error).__name__}"), retries)
    return Outcome(delivery)


def _options(publisher: str) -> Mapping[str, Any]:
    options = msgspec.json.decode(publisher)
    if not isinstance(options, Mapping):
        raise DeliveryFailed("the notify entry is no mapping", permanent=True)
    return options


def _failed(delivery: ClaimedDelivery, error: DeliveryFailed, retries: Retries) -> Outcome:
    again_in = None if error.permanent else retries.again_in(delivery.attempts + 1)
    if again_in is None:
        _log.warning("delivery %d to %s is given up: %s", delivery.id, delivery.destination, error)
    return Outcome(delivery, FailedDelivery(delivery.id, str(error), again_in), error.unreachable)
