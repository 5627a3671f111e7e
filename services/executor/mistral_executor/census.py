"""Who has an attempt? Executors ask each other after a redelivery, engines after a mishap; every executor answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mistral.internal.v1.envelope_pb2 import Attempt, CancelEnvelope, CensusReply, CensusRequest
from mistral_executor.attempts import Key
from mistral_executor.identity import Identity
from mistral_executor.results import Results
from mistral_executor.running import Runner
from mistral_runtime.bus import Bus, Message

if TYPE_CHECKING:
    from mistral_executor.workers.floor import Floor

CENSUS = "mistral.executors.census"
CANCEL = "mistral.executors.cancel"
WAIT_SECONDS = 0.3


async def held_elsewhere(bus: Bus, wanted: Iterable[Key]) -> set[Key]:
    """Ask all executors, ourselves included, and return what any of them has.

    Raises:
        BusUnavailable: If nobody could be asked.
    """
    request = CensusRequest(attempts=[Attempt(action_id=action_id, attempt=number) for action_id, number in wanted])
    answers = await bus.request_all(CENSUS, request.SerializeToString(), WAIT_SECONDS)
    return {(held.action_id, held.attempt) for answer in answers for held in CensusReply.FromString(answer).held}


class Answers:
    """Answers census questions and takes cancel notices."""

    def __init__(self, runner: Runner, results: Results, identity: Identity, floor: Floor) -> None:
        self._floor = floor
        self._runner = runner
        self._results = results
        self._identity = identity

    async def census(self, message: Message) -> None:
        """Say what we have. A result that nobody seems to have received is sent again: then we have that, too."""
        request = CensusRequest.FromString(message.data)
        asked = {(attempt.action_id, attempt.attempt) for attempt in request.attempts}
        book = self._floor.book
        held = set[Key]()
        if not request.of_workers:
            held = (asked & self._runner.attempts.held.keys()) | book.held(asked)
            held |= self._results.pending(asked - held)
            held |= self._results.send_again(asked - held)
        reply = CensusReply(
            instance=self._identity.instance,
            started_at=self._identity.started_at,
            held=[Attempt(action_id=action_id, attempt=number) for action_id, number in held],
            in_workers=book.in_workers(asked),
            recorded=[Attempt(action_id=action_id, attempt=number) for action_id, number in book.recorded(asked)],
        )
        message.respond(reply.SerializeToString())

    async def cancel(self, message: Message) -> None:
        for attempt in CancelEnvelope.FromString(message.data).attempts:
            key = attempt.action_id, attempt.attempt
            self._runner.cancel(key)
            self._floor.cancel(key)
