"""``mistralctl environment``: named variables to start executions with."""

from typing import Annotated

import typer

from mistral_cli.connection import connected, listed
from mistral_cli.options import Address, Format, Limit, Output, object_text
from mistral_cli.printing import show, show_all
from mistral_cli.record import record

app = typer.Typer(no_args_is_help=True, help="Store and show environments.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the environment.")]
Variables = Annotated[str, typer.Option("--variables", "-v", help="The variables: a JSON object, or @file.")]

_COLUMNS = ("name", "description", "scope", "created_at", "updated_at")


@app.command()
def create(
    name: Name,
    variables: Variables = "",
    description: Annotated[str, typer.Option("--description", help="Free text.")] = "",
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """Store an environment; an execution takes it by `--params '{"env": "NAME"}'`."""
    text = object_text(variables, "--variables")
    with connected(grpc_address) as mesh:
        stored = mesh.environments.CreateEnvironment(name=name, variables=text, description=description)
    show(record(stored.environment), output)


@app.command()
def update(
    name: Name,
    variables: Variables = "",
    description: Annotated[str | None, typer.Option("--description", help="New free text.")] = None,
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """Replace the variables of an environment, all of them, or its description."""
    text = object_text(variables, "--variables")
    with connected(grpc_address) as mesh:
        stored = mesh.environments.UpdateEnvironment(name=name, variables=text, description=description)
    show(record(stored.environment), output)


@app.command()
def get(name: Name, output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Show an environment."""
    with connected(grpc_address) as mesh:
        found = mesh.environments.GetEnvironment(name=name).environment
    show(record(found), output)


@app.command("list")
def list_(limit: Limit = 100, output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """List environments, oldest first."""
    with connected(grpc_address) as mesh:
        found = listed(mesh.environments.ListEnvironments, "environments", limit=limit)
        show_all([record(environment) for environment in found], output, _COLUMNS)


@app.command()
def delete(name: Name, grpc_address: Address = None) -> None:
    """Remove an environment; executions keep the variables that they began with."""
    with connected(grpc_address) as mesh:
        mesh.environments.DeleteEnvironment(name=name)
    typer.echo(f"removed environment {name}")
