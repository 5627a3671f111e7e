"""``mistralctl environment``: named variables to start executions with."""

from typing import Annotated

import typer

from mistral_cli.completion import names_of
from mistral_cli.connection import connected
from mistral_cli.given import object_text
from mistral_cli.group import Group
from mistral_cli.options import Format, Output, Scope, scope_message
from mistral_cli.resource import Resource, add_delete, add_get, add_list

app = Group(help="Store and show environments.")

ENVIRONMENT = Resource(
    name="environment",
    service="environments",
    message="Environment",
    key="name",
    columns=("name", "description", "scope", "created_at", "updated_at"),
    namespaced=False,
)

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Name of the environment.", autocompletion=names_of("environments", "Environment")
    ),
]
Variables = Annotated[
    list[str] | None,
    typer.Option(
        "--variables",
        "-v",
        metavar="K=V|JSON|@FILE",
        help="The variables: name=value, a JSON object, or @file; repeat to add.",
        show_default=False,
    ),
]

add_list(app, ENVIRONMENT, examples=("mistralctl environment list",))
add_get(app, ENVIRONMENT, examples=("mistralctl environment get staging -o yaml > staging.yaml",))


@app.command(examples=("mistralctl environment create staging -v region=eu -v replicas=3",))
def create(
    name: Name,
    variables: Variables = None,
    description: Annotated[str, typer.Option("--description", help="Free text.", show_default=False)] = "",
    scope: Scope = None,
    output: Output = Format.TABLE,
) -> None:
    """Store an environment; an execution takes it by `--params env=NAME`."""
    fields = {"variables": object_text(variables, "--variables"), "description": description}
    with connected() as mesh:
        stored = mesh.environments.CreateEnvironment(name=name, scope=scope_message(scope), **fields)
    ENVIRONMENT.shown(stored.environment, output)


@app.command(examples=("mistralctl environment update staging -v @staging.json",))
def update(
    name: Name,
    variables: Variables = None,
    description: Annotated[str | None, typer.Option("--description", help="New free text.", show_default=False)] = None,
    scope: Scope = None,
    output: Output = Format.TABLE,
) -> None:
    """Replace the variables of an environment, all of them, or its description."""
    fields = {"variables": object_text(variables, "--variables"), "description": description}
    with connected() as mesh, ENVIRONMENT.suggesting(mesh, name):
        stored = mesh.environments.UpdateEnvironment(name=name, scope=scope_message(scope), **fields)
    ENVIRONMENT.shown(stored.environment, output)


add_delete(
    app,
    ENVIRONMENT,
    "Remove environments; executions keep the variables that they began with.",
    examples=("mistralctl environment delete staging",),
)
