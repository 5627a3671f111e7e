"""``mistralctl retention``: how long a project keeps its executions once they have ended."""

import re
from typing import Annotated, Any

import typer

from mistral_cli.bulk import confirmed
from mistral_cli.connection import connected
from mistral_cli.errors import USAGE, CommandError
from mistral_cli.group import Group
from mistral_cli.options import Format, Output, Yes
from mistral_cli.printing import done, show
from mistral_cli.record import record

_SPAN = re.compile(r"([1-9]\d{0,6})(m|h|d)")
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60}

app = Group(help="Say how long executions are kept once they have ended.")

OlderThan = Annotated[
    str,
    typer.Option("--older-than", metavar="TIME", help="What ended longer ago goes: 30m, 12h, 90d.", show_default=False),
]
Most = Annotated[
    int | None, typer.Option("--max-finished", metavar="N", min=0, help="So many are kept.", show_default=False)
]
Ignored = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore",
        metavar="STATE",
        help="Executions in this state stay: SUCCESS, ERROR or CANCELLED; again for more.",
        show_default=False,
    ),
]


@app.command(examples=("mistralctl retention get",))
def get(output: Output = Format.TABLE) -> None:
    """Show by what the executions of the project go."""
    with connected() as mesh:
        show(record(mesh.retention.GetRetention().retention), output, label="own")


@app.command(name="set", examples=("mistralctl retention set --older-than 90d --ignore ERROR",))
def put(
    older_than: OlderThan = "", max_finished: Most = None, ignore: Ignored = None, output: Output = Format.TABLE
) -> None:
    """Give the project a policy of its own; without limits nothing of it ever goes."""
    with connected() as mesh:
        stored = mesh.retention.UpdateRetention(**_limits(older_than, max_finished, ignore))
    show(record(stored.retention), output, label="own")


@app.command(examples=("mistralctl retention unset --yes",))
def unset(yes: Yes = False) -> None:
    """Take the project's own policy away, so that that of the mesh is for it."""
    confirmed("take the retention policy of the project away", yes)
    with connected() as mesh:
        mesh.retention.DeleteRetention()
    done("the policy of the mesh is in force")


@app.command(examples=("mistralctl retention preview", "mistralctl retention preview --older-than 30d"))
def preview(
    older_than: OlderThan = "", max_finished: Most = None, ignore: Ignored = None, output: Output = Format.TABLE
) -> None:
    """Show what would go now, by the policy of the project or by limits; nothing is changed."""
    limits = _limits(older_than, max_finished, ignore)
    if ignore and not (older_than or max_finished is not None):
        raise CommandError("--ignore needs a limit: --older-than or --max-finished", USAGE)
    with connected() as mesh:
        found = mesh.retention.PreviewRetention(**limits)
    show(record(found.preview), output, label="count")


def _limits(older_than: str, max_finished: int | None, ignore: list[str] | None) -> dict[str, Any]:
    return {
        "older_than_minutes": _minutes(older_than) if older_than else None,
        "max_finished": max_finished,
        "ignored_states": None if ignore is None else [state.upper() for state in ignore],
    }


def _minutes(text: str) -> int:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise CommandError(f"--older-than is no span of time such as 30m, 12h or 90d: {text}", USAGE)
    return int(found[1]) * _MINUTES[found[2]]
