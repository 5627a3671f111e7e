"""What a JetStream consumer should be, and making the server agree."""

from typing import Any

import msgspec

from mistral_runtime.bus.api import Api, ApiError

_SECOND = 1_000_000_000
_EPHEMERAL_SECONDS = 60

# The server refuses to change where a living consumer began.
_POSITION = ("deliver_policy", "opt_start_seq", "opt_start_time")


class ConsumerDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A pull consumer with explicit acks.

    Attributes:
        subjects: Only these subjects of the stream.
        durable: Survives without pulls; otherwise the server drops it after a minute without any.
        new_only: Begins with what is published after it was made.
    """

    stream: str
    name: str
    subjects: tuple[str, ...]
    ack_wait_seconds: float
    max_ack_pending: int
    max_deliver: int = -1
    durable: bool = True
    new_only: bool = False


class Declared(msgspec.Struct, frozen=True):
    """A consumer as the server has it.

    Attributes:
        created: Opaque stamp of its incarnation.
        position: The first message of the stream that it has not seen acked.
    """

    created: str
    position: int


async def declare(api: Api, wanted: ConsumerDefinition, *, start_sequence: int | None = None) -> Declared:
    """Make the consumer or bring it up to date.

    Args:
        start_sequence: Where a consumer that has to be made begins; by default as the definition says.

    Raises:
        ApiError: If the stream is missing or the definition is refused.
        BusUnavailable: If there was no answer.
    """
    config = _config(wanted)
    try:
        info = await api.ask(f"CONSUMER.INFO.{wanted.stream}.{wanted.name}")
    except ApiError as error:
        if not error.missing:
            raise
        config |= _beginning(wanted, start_sequence)
    else:
        current = info["config"]
        if all(current.get(key) == value for key, value in config.items()):
            return _declared(info)
        config |= {key: current[key] for key in _POSITION if key in current}
    body = {"stream_name": wanted.stream, "config": config, "action": ""}
    return _declared(await api.ask(f"CONSUMER.CREATE.{wanted.stream}.{wanted.name}", body))


def _declared(info: dict[str, Any]) -> Declared:
    return Declared(str(info["created"]), int(info["ack_floor"]["stream_seq"]) + 1)


async def remove(api: Api, stream: str, name: str) -> None:
    """Delete a consumer; it is fine if there is none."""
    try:
        await api.ask(f"CONSUMER.DELETE.{stream}.{name}")
    except ApiError as error:
        if not error.missing:
            raise


def _config(wanted: ConsumerDefinition) -> dict[str, Any]:
    config: dict[str, Any] = {
        "name": wanted.name,
        "ack_policy": "explicit",
        "ack_wait": int(wanted.ack_wait_seconds * _SECOND),
        "max_deliver": wanted.max_deliver,
        "max_ack_pending": wanted.max_ack_pending,
        "filter_subjects": list(wanted.subjects),
        "replay_policy": "instant",
    }
    if wanted.durable:
        config["durable_name"] = wanted.name
    else:
        config["inactive_threshold"] = _EPHEMERAL_SECONDS * _SECOND
    return config


def _beginning(wanted: ConsumerDefinition, start_sequence: int | None) -> dict[str, Any]:
    if start_sequence is not None:
        return {"deliver_policy": "by_start_sequence", "opt_start_seq": start_sequence}
    return {"deliver_policy": "new" if wanted.new_only else "all"}
