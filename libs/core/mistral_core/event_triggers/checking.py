"""Whether what people write into triggers, bindings and sources can be used; each fault names its field."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from mistral_core import expressions
from mistral_core.errors import InvalidDefinition, InvalidInput
from mistral_core.event_triggers.event import MESH_EXCHANGE
from mistral_core.event_triggers.matching import Matching
from mistral_core.event_triggers.reaction import Correlation, Reaction
from mistral_core.event_triggers.signatures import Proof

LONGEST: Final = 255
MOST_BYTES: Final = 1024 * 1024
USUAL_BYTES: Final = 256 * 1024
USUAL_RATE: Final = 600
_MOST_RATE: Final = 1_000_000
_MOST_WAIT: Final = 7 * 24 * 3600
_MOST_DEPTH: Final = 50
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,100}|\*")

_Parts = TypeVar("_Parts", bound=Struct)


class Kind(StrEnum):
    """What a source is."""

    NATS = "nats"
    AMQP = "amqp"
    WEBHOOK = "webhook"
    ALERTMANAGER = "alertmanager"
    IMAP = "imap"


class NatsSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """A subject of the mesh's own bus needs nothing else."""


class HookSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How requests prove themselves, and what events are called that bear no type.

    Attributes:
        header: Where the proof is; empty for the usual place.
        event_type: Type of an event that bears none.
    """

    proof: Proof = Proof.TOKEN
    header: str = ""
    event_type: str = "webhook"


class AlertSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How Alertmanager proves itself: by the token of its ``http_config`` unless said."""

    proof: Proof = Proof.TOKEN
    header: str = ""


class AmqpSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Which broker and queue. The password is the secret of the source.

    Attributes:
        url: ``amqp://user@host:port/vhost`` or ``amqps://...``.
        queue: An existing queue to take from; empty for one of our own, bound to the exchange of the source.
        durable: Whether the exchange is, if it has to be made.
    """

    url: str
    queue: str = ""
    durable: bool = False


class ImapSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Which mailbox. The password is the secret of the source.

    Attributes:
        encryption: ``tls``, ``starttls`` or ``none``.
        poll_seconds: Seconds between two looks, from 1.
        after: What is done with a mail that was taken: ``seen``, ``delete``, or ``move:<folder>``.
    """

    host: str
    user: str
    port: int = 0
    encryption: str = "tls"
    folder: str = "INBOX"
    poll_seconds: float = 30.0
    after: str = "seen"


_SETTINGS: Final[Mapping[Kind, type[Struct]]] = {
    Kind.NATS: NatsSettings,
    Kind.AMQP: AmqpSettings,
    Kind.WEBHOOK: HookSettings,
    Kind.ALERTMANAGER: AlertSettings,
    Kind.IMAP: ImapSettings,
}


def check_expression(text: str, field: str) -> None:
    """Raise InvalidInput if a text is too long or its expressions cannot be parsed."""
    try:
        expressions.check(text)
    except InvalidDefinition as error:
        raise InvalidInput(f"{field}: {error}", field=field) from None


def check_condition(text: str, field: str = "condition") -> None:
    """Raise InvalidInput if a text is neither empty nor an expression that can be parsed."""
    if text and not expressions.is_expression(text):
        raise InvalidInput(f"The {field} is no expression: it must hold '<% ... %>' or '{{{{ ... }}}}'", field=field)
    check_expression(text, field)


def check_mapping(value: Any, field: str, depth: int = 0) -> None:
    """Raise InvalidInput if a text in a structure has an expression that cannot be parsed, or it is nested too deep."""
    if depth > _MOST_DEPTH:
        raise InvalidInput(f"{field} is nested too deeply", field=field)
    match value:
        case str():
            check_expression(value, field)
        case dict():
            for name, item in value.items():
                check_mapping(item, f"{field}.{name}" if depth < 3 else field, depth + 1)
        case list():
            for item in value:
                check_mapping(item, field, depth + 1)


def checked_matching(text: str) -> str:
    """Return a way of comparing; ``exact`` for none. Raises InvalidInput for an unknown one."""
    if text and text not in tuple(Matching):
        raise InvalidInput(f"There is no matching {text[:40]!r}; known are exact and glob", field="matching")
    return text or Matching.EXACT.value


def checked_reaction(text: str) -> Reaction:
    """Return a reaction; to start for none. Raises InvalidInput for an unknown one."""
    if text and text not in tuple(Reaction):
        raise InvalidInput(f"There is no reaction {text[:40]!r}; known are {', '.join(Reaction)}", field="reaction")
    return Reaction(text or Reaction.START)


def checked_correlation(given: dict[str, Any], reaction: Reaction) -> Correlation:
    """Return how that which waits is found.

    Raises:
        InvalidInput: If a part is unknown, of the wrong type, or an expression that cannot be parsed.
    """
    found = _struct(given, _StrictCorrelation, "correlation")
    for name in ("execution_id", "task", "workflow", "equals", "state", "key", "result"):
        check_mapping(getattr(found, name), f"correlation.{name}")
    check_condition(found.equals, "correlation.equals")
    if not 0 <= found.wait_seconds <= _MOST_WAIT:
        raise InvalidInput(f"correlation.wait_seconds must be 0 to {_MOST_WAIT}", field="correlation")
    if not expressions.is_expression(found.state) and found.state not in ("SUCCESS", "ERROR"):
        raise InvalidInput("correlation.state must be SUCCESS or ERROR", field="correlation")
    if given and reaction is Reaction.START:
        raise InvalidInput("A trigger that starts a workflow has no correlation", field="correlation")
    if reaction is not Reaction.START and not (found.execution_id or found.task or found.workflow or found.equals):
        raise InvalidInput(
            "The correlation must say what is woken up: by execution_id, task, workflow or equals", field="correlation"
        )
    return found


def check_place(exchange: str | None, topic: str | None, event: str | None = None) -> None:
    """Raise InvalidInput if one of them is too long or empty; None is not looked at."""
    for name, value in (("exchange", exchange), ("topic", topic), ("event", event)):
        if value is not None and not 1 <= len(value) <= LONGEST:
            raise InvalidInput(f"The {name} must have 1 to {LONGEST} characters", field=name)


def check_source(kind: str, name: str, exchange: str, topic: str, settings: dict[str, Any]) -> None:
    """Check a whole source.

    Raises:
        InvalidInput: If a part is wrong.
    """
    if kind not in tuple(Kind):
        raise InvalidInput(f"There is no kind {kind[:40]!r} of sources; known are {', '.join(Kind)}", field="kind")
    if not _NAME.fullmatch(name):
        allowed = "1 to 100 letters, digits, dots, dashes and underscores"
        raise InvalidInput(f"The name of an event source is made of {allowed}", field="name")
    check_place(exchange, topic)
    if exchange == MESH_EXCHANGE:
        raise InvalidInput(f"The exchange {MESH_EXCHANGE!r} is the mesh's own", field="exchange")
    if kind == Kind.NATS:
        _check_subject(exchange, topic)
    found = source_settings(Kind(kind), settings)
    match found:
        case AmqpSettings(url=url):
            _check_amqp(url)
        case ImapSettings():
            _check_imap(found)
        case HookSettings(event_type=event_type) if not 1 <= len(event_type) <= LONGEST:
            raise InvalidInput("settings.event_type must have 1 to 255 characters", field="settings")


def source_settings(kind: Kind, given: dict[str, Any]) -> Struct:
    """Return the settings of a kind of source. Raises InvalidInput if a part is unknown or of the wrong type."""
    return _struct(given, _SETTINGS[kind], "settings")


def checked_number(value: int, name: str) -> int:
    """Return a limit of a source. Raises InvalidInput if it is not within its bounds."""
    most = _MOST_RATE if name == "rate_per_minute" else MOST_BYTES
    if not 1 <= value <= most:
        raise InvalidInput(f"{name} must be 1 to {most}, not {value}", field=name)
    return value


class _StrictCorrelation(Correlation, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    pass


def _struct(given: dict[str, Any], kind: type[_Parts], field: str) -> _Parts:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{field}: {error}", field=field) from None


def _check_subject(exchange: str, topic: str) -> None:
    if not (_TOKEN.fullmatch(exchange) and all(_TOKEN.fullmatch(token) for token in topic.split("."))):
        raise InvalidInput(
            "Exchange and topic of a source on the bus are parts of a subject: letters, digits, dashes and underscores,"
            " in the topic also dots, or '*' for any",
            field="topic",
        )


def _check_amqp(url: str) -> None:
    if not re.fullmatch(r"amqps?://([^/@:\s]+@)?[^/@\s:]+(:[0-9]{1,5})?(/[^\s?#]*)?", url):
        raise InvalidInput(
            "settings.url must look like amqp://user@host:5672/vhost; the password is the secret of the source",
            field="settings",
        )


def _check_imap(found: ImapSettings) -> None:
    if found.encryption not in ("tls", "starttls", "none"):
        raise InvalidInput("settings.encryption must be tls, starttls or none", field="settings")
    if not (found.host and found.user and found.folder):
        raise InvalidInput("settings must name host, user and folder", field="settings")
    if any(character in text for text in (found.user, found.folder, found.after) for character in '\r\n\0"\\'):
        raise InvalidInput("settings hold a character that no mailbox has in its name", field="settings")
    if not 0 <= found.port <= 65535:
        raise InvalidInput("settings.port must be 1 to 65535", field="settings")
    if not 1 <= found.poll_seconds <= 3600:
        raise InvalidInput("settings.poll_seconds must be 1 to 3600", field="settings")
    if found.after not in ("seen", "delete") and not re.fullmatch(r"move:.+", found.after):
        raise InvalidInput("settings.after must be seen, delete, or move:<folder>", field="settings")
