"""Workflow definitions on their way into the mesh: from a file, stored anew or over what is there."""

import sys
from pathlib import Path
from typing import Any

from mistral_cli.connection import Mesh
from mistral_cli.errors import CommandError


def read_definition(file: str) -> str:
    """Return the text of a file, or of standard input for ``-``."""
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not a text file in UTF-8") from None


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
