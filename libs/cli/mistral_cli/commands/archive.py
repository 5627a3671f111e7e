"""``mistralctl archive``: executions that retention has written to files. Works without a mesh."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from mistral_cli.errors import CommandError
from mistral_cli.group import Group
from mistral_cli.options import Format, Output
from mistral_cli.printing import show, show_pages

app = Group(help="Read executions that went into the archive.")

_COLUMNS = ("id", "workflow_name", "state", "project_id", "created_at", "updated_at", "tasks")
_SUFFIX = ".jsonl.gz"


@app.command(
    name="show",
    examples=(
        "mistralctl archive show /var/archive/2026-11-22",
        "mistralctl archive show /var/archive --id ID -o json",
    ),
)
def show_archive(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file of the archive, or a folder of them.")],
    id: Annotated[str, typer.Option("--id", metavar="ID", help="All of this execution.", show_default=False)] = "",
    workflow: Annotated[
        str, typer.Option("--workflow", "-w", metavar="NAME", help="Only of this workflow.", show_default=False)
    ] = "",
    output: Output = Format.TABLE,
) -> None:
    """List the executions in files of the archive, or show one with its tasks, actions and history."""
    if id:
        for each in _read(path):
            if each["execution"]["id"] == id:
                show(each, output, label="id")
                return
        raise CommandError(f"no execution {id} in {path}")
    fitting = (_brief(each) for each in _read(path) if workflow in ("", each["execution"]["workflow_name"]))
    show_pages([list(fitting)], output, _COLUMNS, label="id")


def _read(path: Path) -> Iterator[dict[str, Any]]:
    files = sorted(path.rglob(f"*{_SUFFIX}")) if path.is_dir() else [path]
    if not path.exists():
        raise CommandError(f"there is no {path}")
    if not files:
        raise CommandError(f"there is no file of an archive below {path}; their names end in {_SUFFIX}")
    for file in files:
        try:
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                yield from map(json.loads, lines)
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise CommandError(f"{file} is no file of an archive: {error}") from None


def _brief(each: dict[str, Any]) -> dict[str, Any]:
    execution = each["execution"]
    return {**{name: execution.get(name) for name in _COLUMNS[:-1]}, "tasks": len(each["tasks"])}
