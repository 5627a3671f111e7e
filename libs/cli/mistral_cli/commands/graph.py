"""``mistralctl graph``: a workflow, or an execution of one, as a picture."""

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mistral_cli.errors import USAGE, CommandError
from mistral_cli.group import single
from mistral_cli.options import Namespace

if TYPE_CHECKING:
    from mistral_core.graph import Drawing


class Picture(StrEnum):
    """How a drawing is written."""

    SVG = "svg"
    MERMAID = "mermaid"


@single("mistralctl graph trip.yaml -o trip.svg", "mistralctl graph --execution ID -o run.svg")
def graph(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE", help="YAML file with workflows or a workbook; - reads standard input.", show_default=False
        ),
    ] = None,
    workflow: Annotated[
        str,
        typer.Option("--workflow", "-w", help="Which workflow of the file. Default: its first.", show_default=False),
    ] = "",
    execution: Annotated[
        str,
        typer.Option("--execution", "-e", help="Id of an execution to draw, with what it did.", show_default=False),
    ] = "",
    stored: Annotated[
        str, typer.Option("--stored", "-s", help="Name or id of a stored workflow to draw.", show_default=False)
    ] = "",
    format: Annotated[
        Picture | None,
        typer.Option("--format", "-f", help="Default: svg for an OUT that ends so, else mermaid.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write. Default: standard output.", show_default=False)
    ] = None,
    namespace: Namespace = "",
) -> None:
    """Draw a workflow or an execution.

    Tasks, what leads to what and under which condition, joins, sub-workflows, commands, as SVG or Mermaid.

    With --execution it shows the states of the tasks, how long they took, and the critical path, the chain of tasks
    that took longest. A file needs no server; an execution and a stored workflow are read from the mesh.
    """
    if sum(map(bool, (file, execution, stored))) != 1:
        raise CommandError("say what to draw: one of FILE, --stored NAME, --execution ID", USAGE)
    if file:
        drawing = _of_file(file, workflow)
    else:
        drawing = _of_execution(execution) if execution else _of_stored(stored, namespace)
    _write(drawing, format or (Picture.SVG if out and out.suffix == ".svg" else Picture.MERMAID), out)


def _of_file(file: str, wanted: str) -> "Drawing":
    from mistral_cli.authored import read
    from mistral_core.errors import NotFound
    from mistral_core.graph import drawing_of
    from mistral_core.stubrun import Library

    library = Library([read(file)])
    try:
        name = library.chosen(wanted or None)
    except NotFound as error:
        raise CommandError(f"{file}: {error}", USAGE) from None
    return drawing_of(library.workflows[name], name)


def _of_stored(name: str, namespace: str) -> "Drawing":
    from mistral_cli.connection import connected
    from mistral_core.graph import drawing_of
    from mistral_core.language import workflow_from_text

    with connected() as mesh:
        found = mesh.workflows.GetWorkflow(identifier=name, namespace=namespace).workflow
    return drawing_of(workflow_from_text(found.definition, found.name), found.name)


def _of_execution(execution_id: str) -> "Drawing":
    from mistral_cli.connection import connected
    from mistral_cli.drawn import read_run
    from mistral_core.graph import drawing_of, with_run
    from mistral_core.language import workflow_from_text

    with connected() as mesh:
        run = read_run(mesh, execution_id, now=time.time())
    if run.outdated:
        print("note: the workflow was changed since; the drawing is of what is stored now", file=sys.stderr)
    workflow = workflow_from_text(run.definition, run.workflow)
    return with_run(drawing_of(workflow, run.workflow), run.tasks, state=run.state, took=run.took)


def _write(drawing: "Drawing", format: Picture, out: Path | None) -> None:
    from mistral_core.graph import mermaid, svg

    text = svg(drawing) if format is Picture.SVG else mermaid(drawing)
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")
