"""``mistralctl schema``: the language as JSON Schema, for editors."""

import json
from enum import StrEnum
from typing import Annotated

import typer


class Document(StrEnum):
    """The kinds of documents that have a schema."""

    WORKFLOW = "workflow"
    WORKBOOK = "workbook"
    ACTIONS = "actions"
    TEST = "test"


def schema(
    kind: Annotated[Document, typer.Argument(metavar="KIND", help="workflow, workbook, actions or test.")] = (
        Document.WORKFLOW
    ),
) -> None:
    """Print the language as JSON Schema.

    Editors complete and check workflows, workbooks, ad-hoc actions and test files with it; docs/tools.md says how.
    """
    from mistral_core.schema import schema_of

    typer.echo(json.dumps(schema_of(kind.value), indent=2, ensure_ascii=False))
