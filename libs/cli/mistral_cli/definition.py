"""Definitions on their way into the mesh, from a file, and out of it again: stored, or judged without being stored."""

import sys
from pathlib import Path
from typing import Any

import typer

from mistral_cli.connection import Mesh, connected
from mistral_cli.errors import CommandError, code_name
from mistral_cli.faults import faulty, line_at, located
from mistral_cli.options import Format
from mistral_cli.printing import dump


def read_definition(file: str) -> str:
    """Return the text of a file, or of standard input for ``-``."""
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not a text file in UTF-8") from None


def send(service: str, call: str, file: str, **fields: Any) -> Any:
    """Send the text of a file; a fault in it is told with the file, the line and what stands there."""
    definition = read_definition(file)
    with connected() as mesh, faulty(file, definition):
        return getattr(getattr(mesh, service), call)(definition=definition, **fields)


def validate(service: str, call: str, file: str, output: Format) -> None:
    """Have the mesh check a file, and print what it says.

    Raises:
        CommandError: If the document is not valid.
    """
    definition = read_definition(file)
    with connected() as mesh:
        answer = getattr(getattr(mesh, service), call)(definition=definition)
    if output is not Format.TABLE:
        dump({"valid": answer.valid, "error": answer.error or None}, output)
    elif answer.valid:
        typer.echo(f"{file} is valid")
    if not answer.valid:
        error = located(answer.error, file)
        raise CommandError(error.text, hint=line_at(definition, error.line))


def store(mesh: Mesh, definition: str, *, namespace: str, file: str = "") -> list[Any]:
    """Create the workflows of a document, or replace those that exist; return them in the order of the document."""
    with faulty(file, definition):
        return _stored(mesh, definition, namespace=namespace)


def _stored(mesh: Mesh, definition: str, *, namespace: str) -> list[Any]:
    import grpc

    try:
        return list(mesh.workflows.CreateWorkflows(definition=definition, namespace=namespace).workflows)
    except grpc.RpcError as error:
        if code_name(error) != "ALREADY_EXISTS":
            raise
    try:
        return list(mesh.workflows.UpdateWorkflows(definition=definition, namespace=namespace).workflows)
    except grpc.RpcError as error:
        if code_name(error) != "NOT_FOUND":
            raise
        several = _apart(definition)
        if len(several) < 2:
            raise
    # Some of the workflows exist and some do not.
    return [workflow for text in several for workflow in _stored(mesh, text, namespace=namespace)]


def _apart(definition: str) -> list[str]:
    from mistral_core.language import parse_workflows

    return [parsed.text for parsed in parse_workflows(definition)]
