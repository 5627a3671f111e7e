"""Options that many commands share, and how their texts are read."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from mistral_cli.errors import USAGE, CommandError


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


class StateName(StrEnum):
    """States to filter by."""

    IDLE = "idle"
    WAITING = "waiting"
    RUNNING = "running"
    DELAYED = "delayed"
    PAUSED = "paused"
    SUCCESS = "success"
    ERROR = "error"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def message(self) -> str:
        """The name of the state in messages."""
        return f"STATE_{self.value.upper()}"


Output = Annotated[Format, typer.Option("--output", "-o", help="How to print what comes back.")]
Address = Annotated[
    str | None,
    typer.Option(
        "--grpc-address",
        envvar="MISTRAL_GRPC_ADDRESS",
        help="Where the mesh answers, host:port. Default: the mesh of MISTRAL_HOME if one runs, else 127.0.0.1:50051.",
        show_default=False,
    ),
]
Home = Annotated[
    Path | None,
    typer.Option(
        "--home", envvar="MISTRAL_HOME", help="Folder of data and logs. Default: .mistral", show_default=False
    ),
]
Namespace = Annotated[str, typer.Option("--namespace", "-n", help="Namespace of the workflow.", show_default=False)]
Input = Annotated[
    str, typer.Option("--input", "-i", help="Workflow input: a JSON object, or @file.", show_default=False)
]
Params = Annotated[
    str,
    typer.Option(
        "--params", "-p", help="Start parameters (env, notify, ...): a JSON object, or @file.", show_default=False
    ),
]
Env = Annotated[
    str, typer.Option("--env", help="Merged into the environment: a JSON object, or @file.", show_default=False)
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Most entries to list.")]
States = Annotated[
    list[StateName] | None,
    typer.Option("--state", "-s", help="Only in this state; may be given more than once.", show_default=False),
]


def json_value(text: str, option: str) -> Any:
    """Read a JSON value given as text or as ``@file``.

    Raises:
        CommandError: As a usage error, if it is no JSON.
    """
    source = Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text
    try:
        return json.loads(source)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise CommandError(f"{option} is not valid JSON: {error.msg} ({place})", USAGE) from None


def json_object(text: str, option: str) -> dict[str, Any]:
    """Read a JSON object given as text or as ``@file``; empty text is an empty object.

    Raises:
        CommandError: As a usage error, if it is none.
    """
    value = json_value(text, option) if text.strip() else {}
    if not isinstance(value, dict):
        raise CommandError(f'{option} must be a JSON object such as \'{{"name": "value"}}\'', USAGE)
    return value


def object_text(text: str, option: str) -> str:
    """Check a JSON object and return it as text for a message; empty stays empty."""
    return json.dumps(json_object(text, option)) if text.strip() else ""


def state_messages(states: list[StateName] | None) -> list[str]:
    return [state.message for state in states or ()]
