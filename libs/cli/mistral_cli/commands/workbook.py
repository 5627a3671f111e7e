"""``mistralctl workbook``: workflows and ad-hoc actions in one text."""

from typing import Annotated

import typer

from mistral_cli.definition import send
from mistral_cli.definition import validate as judge
from mistral_cli.group import Group
from mistral_cli.options import Format, Namespace, Output, Scope, scope_message
from mistral_cli.resource import Resource, add_delete, add_get, add_list

app = Group(help="Store, show and check workbooks.")

WORKBOOK = Resource(
    name="workbook",
    service="workbooks",
    message="Workbook",
    key="name",
    columns=("name", "namespace", "scope", "tags", "created_at", "updated_at"),
    omit=("definition",),
)

File = Annotated[str, typer.Argument(metavar="FILE", help="YAML file with one workbook; - reads standard input.")]

add_list(app, WORKBOOK, examples=("mistralctl workbook list --filter 'name:deploy' -o name",))
add_get(app, WORKBOOK, text="definition", examples=("mistralctl workbook get deploy --definition > deploy.yaml",))


@app.command(examples=("mistralctl workbook create deploy.yaml",))
def create(file: File, scope: Scope = None, namespace: Namespace = "", output: Output = Format.TABLE) -> None:
    """Store a workbook with all that it holds."""
    answer = send("workbooks", "CreateWorkbook", file, namespace=namespace, scope=scope_message(scope))
    WORKBOOK.shown_all([answer.workbook], output)


@app.command(examples=("mistralctl workbook update deploy.yaml",))
def update(file: File, scope: Scope = None, namespace: Namespace = "", output: Output = Format.TABLE) -> None:
    """Replace a stored workbook with all that it holds."""
    answer = send("workbooks", "UpdateWorkbook", file, namespace=namespace, scope=scope_message(scope))
    WORKBOOK.shown_all([answer.workbook], output)


add_delete(
    app,
    WORKBOOK,
    "Remove workbooks; the workflows and actions that were in them stay.",
    examples=("mistralctl workbook delete deploy", "mistralctl workbook delete --filter 'name:old' --yes"),
)


@app.command(examples=("mistralctl workbook validate deploy.yaml",))
def validate(file: File, output: Output = Format.TABLE) -> None:
    """Check a workbook without storing it.

    Exit code 1 if something is wrong.
    """
    judge("workbooks", "ValidateWorkbook", file, output)
