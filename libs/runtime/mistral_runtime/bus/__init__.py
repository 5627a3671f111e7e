"""The bus: NATS and its JetStream, on the public API of nats-py.

``connect`` gives a ``Bus`` (publish, send, subscribe, request_all, streams); ``PullConsumer`` takes messages of a
stream. Postgres is the truth, the bus a wake-up: every message may come twice, and a stream may come back empty.
This package knows nothing of what the messages say.
"""

from mistral_runtime.bus.connection import Bus, Subscription, connect
from mistral_runtime.bus.consume import PullConsumer
from mistral_runtime.bus.delivery import Delivery
from mistral_runtime.bus.errors import BusClosed, BusError, BusRefused, BusUnavailable, MessageTooLarge
from mistral_runtime.bus.message import Message
from mistral_runtime.bus.streams import Streams

__all__ = [
    "Bus",
    "BusClosed",
    "BusError",
    "BusRefused",
    "BusUnavailable",
    "Delivery",
    "Message",
    "MessageTooLarge",
    "PullConsumer",
    "Streams",
    "Subscription",
    "connect",
]
