"""Events on subjects of the mesh's own NATS: ``mistral.triggers.<exchange>.<topic>``, kept by the stream TRIGGERS."""

from typing import Any, Final

from mistral_core.errors import InvalidInput
from mistral_core.event_triggers.incoming import Incoming, decoded, plain_event
from mistral_core.event_triggers.oslo import notification
from mistral_runtime.bus import Bus, BusClosed, BusError, Delivery, PullConsumer
from mistral_runtime.bus.publish import MESSAGE_ID
from mistral_runtime.bus.streams import TRIGGERS
from mistral_scheduler.events.intake import Intake
from mistral_scheduler.events.sources import SourceBroken

PREFIX: Final = "mistral.triggers"
# A source that may bring little in a minute is long at it.
_ACK_SECONDS, _SLOW_ACK_SECONDS, _SLOW = 30.0, 150.0, 60


class FromNats:
    """Listens to the bus."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def __call__(self, source: Any, intake: Intake) -> None:
        consumer = PullConsumer(
            self._bus,
            TRIGGERS,
            f"source_{source['id'].replace('-', '')}",
            (f"{PREFIX}.{source['exchange']}.{source['topic']}",),
            ack_wait_seconds=_SLOW_ACK_SECONDS if source["rate_per_minute"] < _SLOW else _ACK_SECONDS,
            max_ack_pending=intake.batch * 2,
            window=intake.batch,
        )
        try:
            await consumer.start()
        except BusError as error:
            raise SourceBroken(str(error)) from None
        try:
            await intake.wrong("")
            while True:
                await self._take(await consumer.take(intake.batch), intake)
        except BusClosed as error:
            raise SourceBroken(str(error)) from None
        finally:
            await consumer.stop()

    async def _take(self, deliveries: list[Delivery], intake: Intake) -> None:
        events = []
        for delivery in deliveries:
            try:
                exchange, topic = _place(delivery.subject)
                events.append((self._event(delivery, intake), exchange, topic))
            except InvalidInput as error:
                await intake.refuse(str(error))
        await intake.take(events)
        # Also what can never be taken is done with.
        for delivery in deliveries:
            delivery.ack()

    def _event(self, delivery: Delivery, intake: Intake) -> Incoming:
        if len(delivery.data) > intake.max_bytes:
            raise InvalidInput(
                f"The message has {len(delivery.data)} bytes; the source takes at most {intake.max_bytes}"
            )
        made = self._bus.streams.created(TRIGGERS)
        usual_id = delivery.headers.get(MESSAGE_ID) or f"{made.timestamp():.6f}/{delivery.sequence}"
        document = decoded(delivery.data)
        if isinstance(document, dict) and "oslo.message" in document:
            return notification(delivery.data, usual_id)
        return plain_event(document, usual_id)


def _place(subject: str) -> tuple[str, str]:
    exchange, _, topic = subject.removeprefix(f"{PREFIX}.").partition(".")
    return exchange, topic
