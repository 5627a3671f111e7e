"""``mistralctl code-source``: Python modules for dynamic actions."""

from typing import Annotated

import typer

from mistral_cli.completion import names_of
from mistral_cli.connection import connected
from mistral_cli.definition import read_definition
from mistral_cli.group import Group
from mistral_cli.options import Format, Output, Scope, ScopeName, scope_message
from mistral_cli.resource import Resource, add_delete, add_list

app = Group(help="Store code for dynamic actions, where they are switched on.")

CODE_SOURCE = Resource(
    name="code source",
    service="code_sources",
    message="CodeSource",
    columns=("name", "namespace", "version", "scope", "created_at", "updated_at"),
    omit=("content",),
    namespaced=False,
)

File = Annotated[str, typer.Argument(metavar="FILE", help="Python module; - reads standard input.")]
Identifier = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Name or id of the code source.", autocompletion=names_of("code_sources", "CodeSource")
    ),
]
Namespace = Annotated[
    str, typer.Option("--namespace", "-n", metavar="NAME", help="Namespace of the code.", show_default=False)
]

add_list(app, CODE_SOURCE, examples=("mistralctl code-source list",))


@app.command(examples=("mistralctl code-source get greetings --content > greetings.py",))
def get(
    name: Identifier,
    content: Annotated[bool, typer.Option("--content", "-c", help="Print the code alone.")] = False,
    namespace: Namespace = "",
    output: Output = Format.TABLE,
) -> None:
    """Show a code source, or its code."""
    with connected() as mesh:
        found = CODE_SOURCE.get(mesh, name, namespace=namespace)
    if content:
        typer.echo(found.content, nl=not found.content.endswith("\n"))
    else:
        CODE_SOURCE.shown(found, output)


@app.command(examples=("mistralctl code-source create greetings greetings.py",))
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name to store it under.")],
    file: File,
    public: Annotated[bool, typer.Option("--public", help="For all projects; the same as --scope public.")] = False,
    scope: Scope = None,
    namespace: Namespace = "",
    output: Output = Format.TABLE,
) -> None:
    """Store the code of a file."""
    content = read_definition(file)
    who = scope_message(ScopeName.PUBLIC if public else scope or ScopeName.PRIVATE)
    with connected() as mesh:
        stored = mesh.code_sources.CreateCodeSource(name=name, content=content, namespace=namespace, scope=who)
    CODE_SOURCE.shown(stored.code_source, output)


@app.command(examples=("mistralctl code-source update greetings greetings.py",))
def update(
    name: Identifier, file: File, scope: Scope = None, namespace: Namespace = "", output: Output = Format.TABLE
) -> None:
    """Replace stored code by that of a file: its next version."""
    content = read_definition(file)
    fields = {"content": content, "namespace": namespace, "scope": scope_message(scope)}
    with connected() as mesh, CODE_SOURCE.suggesting(mesh, name):
        stored = mesh.code_sources.UpdateCodeSource(identifier=name, **fields)
    CODE_SOURCE.shown(stored.code_source, output)


add_delete(
    app,
    CODE_SOURCE,
    "Remove code and all dynamic actions of it.",
    namespaced=True,
    examples=("mistralctl code-source delete greetings",),
)
