"""Leaving in good order: what has not begun goes back into the queue, what runs has some time to end."""

import asyncio
import logging
from collections.abc import Sequence

from mistral_executor.attempts import Attempt, Lease, Leases
from mistral_executor.consumer import Intake
from mistral_executor.results import Results
from mistral_executor.running import Runner
from mistral_runtime.bus import BusError

_log = logging.getLogger(__name__)


async def drain(
    intakes: Sequence[Intake], runner: Runner, results: Results, leases: Leases, drain_seconds: float
) -> None:
    """Take nothing further and end what is in hand; what does not end in time is handed to other executors.

    They run it again if that does no harm, and report it as lost otherwise.
    """
    try:
        async with asyncio.timeout(drain_seconds):
            await _put_back(intakes[0], runner)
            for intake in intakes:
                await intake.leave()
            await _put_back(intakes[0], runner)
            await runner.idle()
            await results.confirmed()
    except TimeoutError:
        _log.warning(
            "%d actions did not end in time and %d results were not confirmed", runner.running, results.unconfirmed
        )
    except BusError as error:
        _log.warning("the bus went away while leaving: %s", error)
    runner.abandon()
    leases.give_up()


async def _put_back(intake: Intake, runner: Runner) -> None:
    by_lease: dict[Lease, list[Attempt]] = {}
    for attempt in runner.attempts.unstarted():
        _forget(attempt)
        by_lease.setdefault(attempt.leases[0], []).append(attempt)
    for lease, attempts in by_lease.items():
        await intake.put_back([attempt.task for attempt in attempts], lease)
        for attempt in attempts:
            for other in attempt.leases[1:]:
                other.settle()


def _forget(attempt: Attempt) -> None:
    if attempt.timer is not None:
        attempt.timer.cancel()
    if attempt.work is not None:
        attempt.work.close()
