"""``mistralctl dynamic-action``: names for classes in stored code."""

from typing import Annotated

import typer

from mistral_cli.connection import connected, listed
from mistral_cli.options import Address, Format, Limit, Output
from mistral_cli.printing import show, show_all
from mistral_cli.record import record

app = typer.Typer(no_args_is_help=True, help="Name classes of stored code as actions, where that is switched on.")

Identifier = Annotated[str, typer.Argument(metavar="NAME", help="Name or id of the dynamic action.")]
Namespace = Annotated[str, typer.Option("--namespace", "-n", help="Namespace of action and code.", show_default=False)]

_COLUMNS = ("name", "namespace", "class_name", "code_source_name", "scope", "created_at", "updated_at")


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name that workflows use.")],
    class_name: Annotated[str, typer.Argument(metavar="CLASS", help="Class in the code.")],
    code_source: Annotated[str, typer.Argument(metavar="SOURCE", help="Name or id of the code source.")],
    public: Annotated[bool, typer.Option("--public", help="For all projects.")] = False,
    namespace: Namespace = "",
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """Store a dynamic action."""
    scope = "SCOPE_PUBLIC" if public else "SCOPE_PRIVATE"
    fields = {"name": name, "class_name": class_name, "code_source": code_source}
    with connected(grpc_address) as mesh:
        stored = mesh.dynamic_actions.CreateDynamicAction(**fields, namespace=namespace, scope=scope)
    show(record(stored.dynamic_action), output)


@app.command()
def update(
    name: Identifier,
    class_name: Annotated[str, typer.Option("--class", help="New class.", show_default=False)] = "",
    code_source: Annotated[str, typer.Option("--source", help="New code source.", show_default=False)] = "",
    namespace: Namespace = "",
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """Have a dynamic action run another class, or one of other code."""
    fields = {"identifier": name, "class_name": class_name, "code_source": code_source}
    with connected(grpc_address) as mesh:
        stored = mesh.dynamic_actions.UpdateDynamicAction(**fields, namespace=namespace)
    show(record(stored.dynamic_action), output)


@app.command()
def get(
    name: Identifier, namespace: Namespace = "", output: Output = Format.TABLE, grpc_address: Address = None
) -> None:
    """Show a dynamic action."""
    with connected(grpc_address) as mesh:
        found = mesh.dynamic_actions.GetDynamicAction(identifier=name, namespace=namespace).dynamic_action
    show(record(found), output)


@app.command("list")
def list_(limit: Limit = 100, output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """List dynamic actions, oldest first."""
    with connected(grpc_address) as mesh:
        found = listed(mesh.dynamic_actions.ListDynamicActions, "dynamic_actions", limit=limit)
        show_all([record(action) for action in found], output, _COLUMNS)


@app.command()
def delete(name: Identifier, namespace: Namespace = "", grpc_address: Address = None) -> None:
    """Remove a dynamic action, but not its code."""
    with connected(grpc_address) as mesh:
        mesh.dynamic_actions.DeleteDynamicAction(identifier=name, namespace=namespace)
    typer.echo(f"removed dynamic action {name}")
