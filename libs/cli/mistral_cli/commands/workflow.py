"""``mistralctl workflow``: stored definitions."""

from typing import Annotated

import typer

from mistral_cli.definition import send
from mistral_cli.definition import validate as judge
from mistral_cli.group import Group
from mistral_cli.options import Format, Namespace, Output, Scope, scope_message
from mistral_cli.resource import Resource, add_delete, add_get, add_list

app = Group(help="Store, show and check workflow definitions.")

WORKFLOW = Resource(
    name="workflow",
    service="workflows",
    message="Workflow",
    columns=("name", "namespace", "version", "input", "tags", "created_at", "updated_at"),
    omit=("definition", "interface"),
)

File = Annotated[
    str, typer.Argument(metavar="FILE", help="YAML file with one or more workflows; - reads standard input.")
]

add_list(
    app,
    WORKFLOW,
    examples=(
        "mistralctl workflow list --filter 'tags:nightly' --sort -created_at",
        "mistralctl workflow list --all -o name",
    ),
)
add_get(
    app,
    WORKFLOW,
    text="definition",
    examples=(
        "mistralctl workflow get trip",
        "mistralctl workflow get trip -o yaml > trip.yaml    # apply -f takes it again",
    ),
)


@app.command(examples=("mistralctl workflow create trip.yaml", "cat trip.yaml | mistralctl workflow create -"))
def create(file: File, scope: Scope = None, namespace: Namespace = "", output: Output = Format.TABLE) -> None:
    """Store the workflows of a file, all or none."""
    answer = send("workflows", "CreateWorkflows", file, namespace=namespace, scope=scope_message(scope))
    WORKFLOW.shown_all(answer.workflows, output)


@app.command(examples=("mistralctl workflow update trip.yaml",))
def update(file: File, scope: Scope = None, namespace: Namespace = "", output: Output = Format.TABLE) -> None:
    """Replace stored workflows by those of a file; running executions keep what they began with."""
    answer = send("workflows", "UpdateWorkflows", file, namespace=namespace, scope=scope_message(scope))
    WORKFLOW.shown_all(answer.workflows, output)


add_delete(
    app,
    WORKFLOW,
    "Remove workflows; their executions stay and run on.",
    examples=("mistralctl workflow delete trip", "mistralctl workflow delete --filter 'tags:old' --yes"),
)


@app.command(examples=("mistralctl workflow validate trip.yaml",))
def validate(file: File, output: Output = Format.TABLE) -> None:
    """Check the workflows of a file without storing them.

    Exit code 1 if something is wrong.
    """
    judge("workflows", "ValidateWorkflows", file, output)
