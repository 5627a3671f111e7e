"""``mistralctl code-source``: Python modules for dynamic actions."""

from typing import Annotated

import typer

from mistral_cli.connection import connected, listed
from mistral_cli.definition import read_definition
from mistral_cli.options import Address, Format, Limit, Output
from mistral_cli.printing import show, show_all
from mistral_cli.record import record

app = typer.Typer(no_args_is_help=True, help="Store code for dynamic actions, where they are switched on.")

File = Annotated[str, typer.Argument(metavar="FILE", help="Python module; - reads standard input.")]
Identifier = Annotated[str, typer.Argument(metavar="NAME", help="Name or id of the code source.")]
Namespace = Annotated[str, typer.Option("--namespace", "-n", help="Namespace of the code.", show_default=False)]

_COLUMNS = ("name", "namespace", "version", "scope", "created_at", "updated_at")


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name to store it under.")],
    file: File,
    public: Annotated[bool, typer.Option("--public", help="For all projects.")] = False,
    namespace: Namespace = "",
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """Store the code of a file."""
    content = read_definition(file)
    scope = "SCOPE_PUBLIC" if public else "SCOPE_PRIVATE"
    with connected(grpc_address) as mesh:
        stored = mesh.code_sources.CreateCodeSource(name=name, content=content, namespace=namespace, scope=scope)
    show(record(stored.code_source), output, omit=("content",))


@app.command()
def update(
    name: Identifier, file: File, namespace: Namespace = "", output: Output = Format.TABLE, grpc_address: Address = None
) -> None:
    """Replace stored code by that of a file: its next version."""
    content = read_definition(file)
    with connected(grpc_address) as mesh:
        stored = mesh.code_sources.UpdateCodeSource(identifier=name, content=content, namespace=namespace)
    show(record(stored.code_source), output, omit=("content",))


@app.command()
def get(
    name: Identifier,
    content: Annotated[bool, typer.Option("--content", "-c", help="Print the code alone.")] = False,
    namespace: Namespace = "",
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """Show a code source, or its code."""
    with connected(grpc_address) as mesh:
        found = mesh.code_sources.GetCodeSource(identifier=name, namespace=namespace).code_source
    if content:
        typer.echo(found.content, nl=not found.content.endswith("\n"))
    else:
        show(record(found), output, omit=("content",))


@app.command("list")
def list_(limit: Limit = 100, output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """List code sources, oldest first."""
    with connected(grpc_address) as mesh:
        found = listed(mesh.code_sources.ListCodeSources, "code_sources", limit=limit)
        show_all([record(source) for source in found], output, _COLUMNS)


@app.command()
def delete(name: Identifier, namespace: Namespace = "", grpc_address: Address = None) -> None:
    """Remove code and all dynamic actions of it."""
    with connected(grpc_address) as mesh:
        mesh.code_sources.DeleteCodeSource(identifier=name, namespace=namespace)
    typer.echo(f"removed code source {name} and its actions")
