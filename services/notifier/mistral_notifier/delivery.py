"""One attempt at one delivery: from the claimed row to what has to be written about it. No store, no bus."""

import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from mistral_notifier.publisher import DeliveryFailed, Notice
from mistral_notifier.publishers import Publishers
from mistral_persistence.notifications import Attempt, ClaimedDelivery, FailedDelivery

_log = logging.getLogger(__name__)

_LONGEST_WAIT_SECONDS = 3600.0
_LONGEST_ERROR = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended; ``failed`` is None when the delivery is made.

    Attributes:
        again_after: Seconds that the destination asked to be left alone.
        behind: Ids of deliveries that were to follow and were let go, since this one failed.
    """

    delivery: ClaimedDelivery
    failed: FailedDelivery | None = None
    unreachable: bool = False
    again_after: float | None = None
    milliseconds: int = 0
    behind: tuple[int, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether the delivery is to be forgotten: made, or tried as often as it may be and of no use later."""
        return self.failed is None or self.delivery.once

    def logged(self) -> Attempt | None:
        """Return the line for the log of the subscription, if there is one."""
        of = self.delivery
        if of.subscription_id is None:
            return None
        error = self.failed.error if self.failed else ""
        return Attempt(of.subscription_id, of.uid, of.execution_id, of.event, of.attempts + 1, error, self.milliseconds)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how far apart a delivery is tried."""

    attempts: int
    backoff_seconds: float

    def again_in(self, failed_attempts: int, again_after: float | None = None) -> float | None:
        """Return the wait after so many failed attempts, None to give up; half of it is chance.

        It is not shorter than the destination asked for, up to an hour.
        """
        if failed_attempts >= self.attempts:
            return None
        wait = min(self.backoff_seconds * 2.0 ** min(failed_attempts - 1, 30), _LONGEST_WAIT_SECONDS)
        return max(wait * random.uniform(0.5, 1.0), min(again_after or 0.0, _LONGEST_WAIT_SECONDS))


async def attempt(delivery: ClaimedDelivery, publishers: Publishers, retries: Retries) -> Outcome:
    """Make one attempt; whatever a publisher raises is a failed one."""
    began = time.monotonic()
    outcome = await _attempted(delivery, publishers, retries)
    return replace(outcome, milliseconds=int((time.monotonic() - began) * 1000))


async def _attempted(delivery: ClaimedDelivery, publishers: Publishers, retries: Retries) -> Outcome:
    notice = Notice(
        id=f"{delivery.execution_id}-{delivery.id}",
        execution_id=str(delivery.execution_id),
        event=delivery.event,
        payload=delivery.payload,
        created_at=delivery.created_at,
        attempt=delivery.attempts + 1,
    )
    try:
        options = {**_options(delivery.publisher), **_options(delivery.secrets)}
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
    again_in = None if error.permanent else retries.again_in(delivery.attempts + 1, error.again_after)
    if again_in is None:
        _log.warning("delivery %d to %s is given up: %s", delivery.id, delivery.destination, error)
    failed = FailedDelivery(delivery.id, str(error)[:_LONGEST_ERROR], again_in)
    return Outcome(delivery, failed, error.unreachable, error.again_after)
