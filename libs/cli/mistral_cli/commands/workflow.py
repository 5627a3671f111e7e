"""``mistralctl workflow``: stored definitions."""

from typing import Annotated

import typer

from mistral_cli.connection import connected, listed
from mistral_cli.definition import TextAlone, read_definition, show_stored, show_validity
from mistral_cli.options import Address, Format, Limit, Namespace, Output
from mistral_cli.printing import show_all
from mistral_cli.record import record

app = typer.Typer(no_args_is_help=True, help="Store, show and check workflow definitions.")

File = Annotated[
    str, typer.Argument(metavar="FILE", help="YAML file with one or more workflows; - reads standard input.")
]
Identifier = Annotated[str, typer.Argument(metavar="NAME", help="Name or id of the workflow.")]

_COLUMNS = ("id", "name", "namespace", "version", "input", "tags", "created_at", "updated_at")


@app.command()
def create(file: File, namespace: Namespace = "", output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Store the workflows of a file, all or none."""
    definition = read_definition(file)
    with connected(grpc_address) as mesh:
        stored = mesh.workflows.CreateWorkflows(definition=definition, namespace=namespace).workflows
    show_all([record(workflow) for workflow in stored], output, _COLUMNS)


@app.command()
def update(file: File, namespace: Namespace = "", output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Replace stored workflows by those of a file; running executions keep what they began with."""
    definition = read_definition(file)
    with connected(grpc_address) as mesh:
        stored = mesh.workflows.UpdateWorkflows(definition=definition, namespace=namespace).workflows
    show_all([record(workflow) for workflow in stored], output, _COLUMNS)


@app.command()
def get(
    name: Identifier,
    definition: TextAlone = False,
    namespace: Namespace = "",
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """Show a workflow, or its text."""
    with connected(grpc_address) as mesh:
        found = mesh.workflows.GetWorkflow(identifier=name, namespace=namespace).workflow
    show_stored(found, output, text_alone=definition)


@app.command("list")
def list_(
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="Only of this namespace.")] = None,
    limit: Limit = 100,
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """List workflows, oldest first."""
    with connected(grpc_address) as mesh:
        found = listed(mesh.workflows.ListWorkflows, "workflows", limit=limit, namespace=namespace)
        show_all([record(workflow) for workflow in found], output, _COLUMNS)


@app.command()
def delete(name: Identifier, namespace: Namespace = "", grpc_address: Address = None) -> None:
    """Remove a workflow; its executions stay and run on."""
    with connected(grpc_address) as mesh:
        mesh.workflows.DeleteWorkflow(identifier=name, namespace=namespace)
    typer.echo(f"removed workflow {name}")


@app.command()
def validate(file: File, output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Check the workflows of a file without storing them.

    Exit code 1 if something is wrong.
    """
    definition = read_definition(file)
    with connected(grpc_address) as mesh:
        answer = mesh.workflows.ValidateWorkflows(definition=definition)
    show_validity(file, answer, output)
