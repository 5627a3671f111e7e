"""``mistralctl dynamic-action``: names for classes in stored code."""

from typing import Annotated

import typer

from mistral_cli.completion import names_of
from mistral_cli.connection import connected
from mistral_cli.group import Group
from mistral_cli.options import Format, Output, Scope, ScopeName, scope_message
from mistral_cli.resource import Resource, add_delete, add_list

app = Group(help="Name classes of stored code as actions, where that is switched on.")

DYNAMIC_ACTION = Resource(
    name="dynamic action",
    service="dynamic_actions",
    message="DynamicAction",
    columns=("name", "namespace", "class_name", "code_source_name", "scope", "created_at", "updated_at"),
    namespaced=False,
)

Identifier = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Name or id of the dynamic action.",
        autocompletion=names_of("dynamic_actions", "DynamicAction"),
    ),
]
Namespace = Annotated[
    str, typer.Option("--namespace", "-n", metavar="NAME", help="Namespace of action and code.", show_default=False)
]

add_list(app, DYNAMIC_ACTION, examples=("mistralctl dynamic-action list",))


@app.command(examples=("mistralctl dynamic-action get greet",))
def get(name: Identifier, namespace: Namespace = "", output: Output = Format.TABLE) -> None:
    """Show a dynamic action."""
    with connected() as mesh:
        found = DYNAMIC_ACTION.get(mesh, name, namespace=namespace)
    DYNAMIC_ACTION.shown(found, output)


@app.command(examples=("mistralctl dynamic-action create greet Greeting greetings",))
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name that workflows use.")],
    class_name: Annotated[str, typer.Argument(metavar="CLASS", help="Class in the code.")],
    code_source: Annotated[str, typer.Argument(metavar="SOURCE", help="Name or id of the code source.")],
    public: Annotated[bool, typer.Option("--public", help="For all projects; the same as --scope public.")] = False,
    scope: Scope = None,
    namespace: Namespace = "",
    output: Output = Format.TABLE,
) -> None:
    """Store a dynamic action."""
    who = scope_message(ScopeName.PUBLIC if public else scope or ScopeName.PRIVATE)
    fields = {"name": name, "class_name": class_name, "code_source": code_source}
    with connected() as mesh:
        stored = mesh.dynamic_actions.CreateDynamicAction(**fields, namespace=namespace, scope=who)
    DYNAMIC_ACTION.shown(stored.dynamic_action, output)


@app.command(examples=("mistralctl dynamic-action update greet --class Farewell",))
def update(
    name: Identifier,
    class_name: Annotated[str, typer.Option("--class", help="New class.", show_default=False)] = "",
    code_source: Annotated[str, typer.Option("--source", help="New code source.", show_default=False)] = "",
    scope: Scope = None,
    namespace: Namespace = "",
    output: Output = Format.TABLE,
) -> None:
    """Have a dynamic action run another class, or one of other code."""
    fields = {"class_name": class_name, "code_source": code_source, "scope": scope_message(scope)}
    with connected() as mesh, DYNAMIC_ACTION.suggesting(mesh, name):
        stored = mesh.dynamic_actions.UpdateDynamicAction(identifier=name, **fields, namespace=namespace)
    DYNAMIC_ACTION.shown(stored.dynamic_action, output)


add_delete(
    app,
    DYNAMIC_ACTION,
    "Remove dynamic actions, but not their code.",
    namespaced=True,
    examples=("mistralctl dynamic-action delete greet",),
)
