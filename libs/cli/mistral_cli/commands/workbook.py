"""``mistralctl workbook``: workflows and ad-hoc actions in one text."""

from typing import Annotated

import typer

from mistral_cli.connection import connected, listed
from mistral_cli.definition import TextAlone, read_definition, show_stored, show_validity
from mistral_cli.options import Address, Format, Limit, Namespace, Output
from mistral_cli.printing import show_all
from mistral_cli.record import record

app = typer.Typer(no_args_is_help=True, help="Store, show and check workbooks.")

File = Annotated[str, typer.Argument(metavar="FILE", help="YAML file with one workbook; - reads standard input.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the workbook.")]

_COLUMNS = ("id", "name", "namespace", "tags", "scope", "created_at", "updated_at")


@app.command()
def create(file: File, namespace: Namespace = "", output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Store a workbook with all that it holds."""
    definition = read_definition(file)
    with connected(grpc_address) as mesh:
        stored = mesh.workbooks.CreateWorkbook(definition=definition, namespace=namespace).workbook
    show_all([record(stored)], output, _COLUMNS)


@app.command()
def update(file: File, namespace: Namespace = "", output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Replace a stored workbook with all that it holds."""
    definition = read_definition(file)
    with connected(grpc_address) as mesh:
        stored = mesh.workbooks.UpdateWorkbook(definition=definition, namespace=namespace).workbook
    show_all([record(stored)], output, _COLUMNS)


@app.command()
def get(
    name: Name,
    definition: TextAlone = False,
    namespace: Namespace = "",
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """Show a workbook, or its text."""
    with connected(grpc_address) as mesh:
        found = mesh.workbooks.GetWorkbook(name=name, namespace=namespace).workbook
    show_stored(found, output, text_alone=definition)


@app.command("list")
def list_(
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="Only of this namespace.")] = None,
    limit: Limit = 100,
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """List workbooks, oldest first."""
    with connected(grpc_address) as mesh:
        found = listed(mesh.workbooks.ListWorkbooks, "workbooks", limit=limit, namespace=namespace)
        show_all([record(workbook) for workbook in found], output, _COLUMNS)


@app.command()
def delete(name: Name, namespace: Namespace = "", grpc_address: Address = None) -> None:
    """Remove a workbook; the workflows and actions that were in it stay."""
    with connected(grpc_address) as mesh:
        mesh.workbooks.DeleteWorkbook(name=name, namespace=namespace)
    typer.echo(f"removed workbook {name}")


@app.command()
def validate(file: File, output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Check a workbook without storing it.

    Exit code 1 if something is wrong.
    """
    definition = read_definition(file)
    with connected(grpc_address) as mesh:
        answer = mesh.workbooks.ValidateWorkbook(definition=definition)
    show_validity(file, answer, output)
