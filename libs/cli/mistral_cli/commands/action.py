"""``mistralctl action``: what actions there are, ad-hoc ones, and running one on its own."""

from typing import Annotated

import typer

from mistral_cli.connection import connected, listed
from mistral_cli.definition import TextAlone, read_definition, show_stored, show_validity
from mistral_cli.options import Address, Format, Limit, Namespace, Output, object_text
from mistral_cli.printing import show, show_all
from mistral_cli.record import record

app = typer.Typer(no_args_is_help=True, help="List and run actions; store, show and check ad-hoc ones.")

File = Annotated[
    str, typer.Argument(metavar="FILE", help="YAML file with one or more ad-hoc actions; - reads standard input.")
]
Identifier = Annotated[str, typer.Argument(metavar="NAME", help="Name or id of the action.")]

_COLUMNS = ("name", "namespace", "input", "description", "tags", "created_at")


@app.command()
def create(file: File, namespace: Namespace = "", output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Store the ad-hoc actions of a file, all or none."""
    definition = read_definition(file)
    with connected(grpc_address) as mesh:
        stored = mesh.action_definitions.CreateActions(definition=definition, namespace=namespace).actions
    show_all([record(action) for action in stored], output, _COLUMNS)


@app.command()
def update(file: File, namespace: Namespace = "", output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Replace stored ad-hoc actions by those of a file."""
    definition = read_definition(file)
    with connected(grpc_address) as mesh:
        stored = mesh.action_definitions.UpdateActions(definition=definition, namespace=namespace).actions
    show_all([record(action) for action in stored], output, _COLUMNS)


@app.command()
def get(
    name: Identifier,
    definition: TextAlone = False,
    namespace: Namespace = "",
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """Show an action, or the text of an ad-hoc one."""
    with connected(grpc_address) as mesh:
        found = mesh.action_definitions.GetAction(identifier=name, namespace=namespace).action
    show_stored(found, output, text_alone=definition)


@app.command("list")
def list_(
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="Only of this namespace.")] = None,
    limit: Limit = 100,
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """List actions by name, built-in and ad-hoc ones."""
    with connected(grpc_address) as mesh:
        found = listed(mesh.action_definitions.ListActions, "actions", limit=limit, namespace=namespace)
        show_all([record(action) for action in found], output, _COLUMNS)


@app.command()
def delete(name: Identifier, namespace: Namespace = "", grpc_address: Address = None) -> None:
    """Remove an ad-hoc action."""
    with connected(grpc_address) as mesh:
        mesh.action_definitions.DeleteAction(identifier=name, namespace=namespace)
    typer.echo(f"removed action {name}")


@app.command()
def validate(file: File, output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Check the ad-hoc actions of a file without storing them.

    Exit code 1 if something is wrong.
    """
    definition = read_definition(file)
    with connected(grpc_address) as mesh:
        answer = mesh.action_definitions.ValidateActions(definition=definition)
    show_validity(file, answer, output)


@app.command()
def run(
    name: Identifier,
    input: Annotated[str, typer.Option("--input", "-i", help="Action input: a JSON object, or @file.")] = "",
    save: Annotated[bool, typer.Option("--save", help="Keep the run, and do not wait for its end.")] = False,
    target: Annotated[str, typer.Option("--target", help="Group of executors to run it.")] = "",
    namespace: Namespace = "",
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """Run an action on its own and show its result."""
    fields = {"input": object_text(input, "--input"), "save_result": save, "target": target}
    with connected(grpc_address) as mesh:
        ran = mesh.actions.RunAction(name=name, namespace=namespace, **fields).action_execution
    show(record(ran), output)
