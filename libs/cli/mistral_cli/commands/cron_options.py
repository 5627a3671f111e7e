"""Options of ``mistralctl cron-trigger``, and what they are in messages."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from mistral_cli.completion import names_of
from mistral_cli.errors import USAGE, CommandError

_SPAN = re.compile(r"(\d{1,9})([smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class OverlapName(StrEnum):
    """What happens while an earlier run is open."""

    ALLOW = "allow"
    SKIP = "skip"
    BUFFER_ONE = "buffer-one"
    BUFFER_ALL = "buffer-all"
    CANCEL_OTHER = "cancel-other"
    TERMINATE_OTHER = "terminate-other"


Trigger = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Name or id of the cron trigger.",
        autocompletion=names_of("cron_triggers", "CronTrigger", "name"),
    ),
]
Patterns = Annotated[
    list[str] | None,
    typer.Option(
        "--pattern",
        metavar="FIELDS",
        help="When: five fields, a sixth for seconds, such as '0 3 * * *'; repeat for several.",
        show_default=False,
    ),
]
Zone = Annotated[
    str,
    typer.Option(
        "--timezone",
        metavar="ZONE",
        help="By whose clock the patterns are, such as Europe/Berlin. Default: UTC.",
        show_default=False,
    ),
]
FirstTime = Annotated[
    str,
    typer.Option(
        "--first-time",
        metavar="TIME",
        help="First start, such as '2030-01-31 10:00' in UTC; a minute ahead at least.",
        show_default=False,
    ),
]
StartAt = Annotated[
    str,
    typer.Option("--start-at", metavar="TIME", help="Not due before; by the clock of the zone.", show_default=False),
]
EndAt = Annotated[
    str,
    typer.Option("--end-at", metavar="TIME", help="Not due after; by the clock of the zone.", show_default=False),
]
Count = Annotated[
    int | None,
    typer.Option("--count", metavar="N", min=1, help="How often it fires. Default: for ever.", show_default=False),
]
Jitter = Annotated[
    str,
    typer.Option(
        "--jitter", metavar="SPAN", help="Spread starts over this time, such as 30s or 5m.", show_default=False
    ),
]
Overlap = Annotated[
    OverlapName | None,
    typer.Option("--overlap", help="What happens while an earlier run is open.", show_default=False),
]
Window = Annotated[
    str,
    typer.Option(
        "--catchup-window",
        metavar="SPAN",
        help="Make up for due times missed within this time, such as 2h. Default: one run for all that were missed.",
        show_default=False,
    ),
]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why it is paused.", show_default=False)]


def overlap_message(name: OverlapName | None) -> str:
    """Return the value for messages; that nothing is said for None."""
    return f"CRON_OVERLAP_{name.value.replace('-', '_').upper()}" if name else "CRON_OVERLAP_UNSPECIFIED"


def span_message(text: str, option: str) -> Any:
    """Return the message of a time span; None for no text. Raises CommandError as a usage error if it is none."""
    from google.protobuf.duration_pb2 import Duration

    if not text:
        return None
    found = _SPAN.fullmatch(text)
    if found is None:
        raise CommandError(f"{option} is not a time span such as 30s, 5m, 2h or 1d: {text}", USAGE)
    return Duration(seconds=int(found[1]) * _SECONDS[found[2]])


def instant_message(text: str, option: str, timezone: str = "") -> Any:
    """Return the message of a moment by the clock of a zone, UTC unless said; None for no text.

    Raises:
        CommandError: As a usage error, if it is none, or there is no such zone.
    """
    from google.protobuf.timestamp_pb2 import Timestamp

    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        place = ZoneInfo(timezone) if timezone else UTC
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=place)).astimezone(UTC)
    except (KeyError, OSError):
        raise CommandError(f"--timezone is none: {timezone}", USAGE) from None
    except (ValueError, OverflowError):
        raise CommandError(f"{option} is not a time such as '2030-01-31 10:00': {text}", USAGE) from None
    message = Timestamp()
    message.FromDatetime(moment)
    return message
