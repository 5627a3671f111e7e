"""Options that many commands have, each with one meaning. What they were given is read in ``given.py``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


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


class ScopeName(StrEnum):
    """Who may see a definition."""

    PRIVATE = "private"
    PUBLIC = "public"


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
Namespace = Annotated[
    str, typer.Option("--namespace", "-n", metavar="NAME", help="Namespace of the workflow.", show_default=False)
]
Input = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        metavar="K=V|JSON|@FILE",
        help="Input: name=value, a JSON object, @file.json, @file.yaml, or @- for standard input; repeat to add.",
        show_default=False,
    ),
]
Params = Annotated[
    list[str] | None,
    typer.Option(
        "--params",
        "-p",
        metavar="K=V|JSON|@FILE",
        help="Start parameters (env, notify, ...), given like --input.",
        show_default=False,
    ),
]
Env = Annotated[
    list[str] | None,
    typer.Option(
        "--env", metavar="K=V|JSON|@FILE", help="Merged into the environment; given like --input.", show_default=False
    ),
]
Limit = Annotated[int, typer.Option("--limit", "-l", metavar="N", min=1, help="Most entries to list.")]
All = Annotated[bool, typer.Option("--all", "-a", help="All entries, however many; they come page by page.")]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        "-f",
        metavar="CONDITION",
        help="Only what fits, such as 'name:deploy' or 'created_at > 2026-05-04'; repeat for further conditions.",
        show_default=False,
    ),
]
AllProjects = Annotated[
    bool, typer.Option("--all-projects", help="Of all projects, for administrators; see also --project.")
]
Sort = Annotated[
    str,
    typer.Option(
        "--sort",
        metavar="FIELDS",
        help="Order, such as name or -created_at (descending), several with commas.",
        show_default=False,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
States = Annotated[
    list[StateName] | None,
    typer.Option(
        "--state",
        "-s",
        metavar="STATE",
        help=f"Only in this state: {', '.join(StateName)}; may be repeated.",
        show_default=False,
    ),
]
Scope = Annotated[
    ScopeName | None,
    typer.Option("--scope", help="Who may see and use it. Default: private, or as it was.", show_default=False),
]


def state_messages(states: list[StateName] | None) -> list[str]:
    return [state.message for state in states or ()]


def scope_message(scope: ScopeName | None) -> str:
    return f"SCOPE_{scope.value.upper()}" if scope else "SCOPE_UNSPECIFIED"
