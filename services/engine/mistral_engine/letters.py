"""Dead letters: how an event that cannot be applied or committed is written down, whatever is wrong with it."""

from uuid import UUID

import msgspec

from mistral_core.machine.event import Event
from mistral_persistence.dead_letters import Letter

NOBODY = UUID(int=0)
"""Stands for the execution of an event that names none."""

_MOST_ERROR = 2_000


def letter(execution_id: str, event: Event, error: Exception) -> Letter:
    """Return the letter of an event; never raises."""
    return (_known(execution_id), type(event).__name__, _text(execution_id, event), _said(error))


def unreadable(subject: str, data: bytes, error: Exception) -> Letter:
    """Return the letter of a message that is no envelope; its first bytes tell where it came from."""
    return (str(NOBODY), "unreadable", f"{subject} {data[:500].hex()}", _said(error))


def _text(execution_id: str, event: Event) -> str:
    try:
        text = msgspec.json.encode(event, enc_hook=str).decode()
    except (ValueError, OverflowError, RecursionError):
        # What cannot be JSON is why it is here.
        text = f"{type(event).__name__} at {event.at} that is no JSON"
    return text if _known(execution_id) == execution_id else f"{execution_id!r}: {text}"


def _known(execution_id: str) -> str:
    try:
        return str(UUID(execution_id))
    except ValueError:
        return str(NOBODY)


def _said(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"[:_MOST_ERROR]
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()
