"""Definitions on their way into the mesh, from a file, and out of it again: shown, or judged without being stored."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from mistral_cli.connection import Mesh
from mistral_cli.errors import CommandError
from mistral_cli.options import Format
from mistral_cli.printing import dump, show
from mistral_cli.record import record

TextAlone = Annotated[bool, typer.Option("--definition", "-d", help="Print the text alone.")]


def read_definition(file: str) -> str:
    """Return the text of a file, or of standard input for ``-``."""
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not a text file in UTF-8") from None


def show_stored(stored: Any, output: Format, *, text_alone: bool) -> None:
    """Print a stored workflow, workbook or action; its text only when that is what was asked for."""
    if text_alone:
        typer.echo(stored.definition, nl=not stored.definition.endswith("\n"))
    else:
        show(record(stored), output, omit=("definition",))


def show_validity(file: str, answer: Any, output: Format) -> None:
    """Print what the mesh says of a document that it was to check.

    Raises:
        CommandError: If the document is not valid.
    """
    if output is not Format.TABLE:
        dump({"valid": answer.valid, "error": answer.error or None}, output)
    elif answer.valid:
        typer.echo(f"{file} is valid")
    if not answer.valid:
        raise CommandError(answer.error)


def store(mesh: Mesh, definition: str, *, namespace: str) -> list[Any]:
    """Create the workflows of a document, or replace those that exist; return them in the order of the document."""
    import grpc

    try:
        return list(mesh.workflows.CreateWorkflows(definition=definition, namespace=namespace).workflows)
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
            raise
    try:
        return list(mesh.workflows.UpdateWorkflows(definition=definition, namespace=namespace).workflows)
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.NOT_FOUND:
            raise
        several = _apart(definition)
        if len(several) < 2:
            raise
    # Some of the workflows exist and some do not.
    return [workflow for text in several for workflow in store(mesh, text, namespace=namespace)]


def _apart(definition: str) -> list[str]:
    from mistral_core.language import parse_workflows

    return [parsed.text for parsed in parse_workflows(definition)]
