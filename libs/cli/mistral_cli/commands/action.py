"""``mistralctl action``: what actions there are, ad-hoc ones, and running one on its own."""

from typing import Annotated

import typer

from mistral_cli.completion import names_of
from mistral_cli.connection import connected
from mistral_cli.definition import send
from mistral_cli.definition import validate as judge
from mistral_cli.given import object_text
from mistral_cli.group import Group
from mistral_cli.options import Format, Input, Namespace, Output, Scope, scope_message
from mistral_cli.printing import show
from mistral_cli.record import record
from mistral_cli.resource import Resource, add_delete, add_get, add_list

app = Group(help="List and run actions; store, show and check ad-hoc ones.")

ACTION = Resource(
    name="action",
    service="action_definitions",
    message="Action",
    columns=("name", "namespace", "input", "description", "tags", "created_at"),
    order="by name, built-in and ad-hoc ones",
    omit=("definition",),
)

File = Annotated[
    str, typer.Argument(metavar="FILE", help="YAML file with one or more ad-hoc actions; - reads standard input.")
]

add_list(app, ACTION, examples=("mistralctl action list --filter 'name:std.'",))
add_get(app, ACTION, text="definition", examples=("mistralctl action get std.http",))


@app.command(examples=("mistralctl action create greet.yaml",))
def create(file: File, scope: Scope = None, namespace: Namespace = "", output: Output = Format.TABLE) -> None:
    """Store the ad-hoc actions of a file, all or none."""
    answer = send("action_definitions", "CreateActions", file, namespace=namespace, scope=scope_message(scope))
    ACTION.shown_all(answer.actions, output)


@app.command(examples=("mistralctl action update greet.yaml",))
def update(file: File, scope: Scope = None, namespace: Namespace = "", output: Output = Format.TABLE) -> None:
    """Replace stored ad-hoc actions by those of a file."""
    answer = send("action_definitions", "UpdateActions", file, namespace=namespace, scope=scope_message(scope))
    ACTION.shown_all(answer.actions, output)


add_delete(app, ACTION, "Remove ad-hoc actions.", examples=("mistralctl action delete greet",))


@app.command(examples=("mistralctl action validate greet.yaml",))
def validate(file: File, output: Output = Format.TABLE) -> None:
    """Check the ad-hoc actions of a file without storing them.

    Exit code 1 if something is wrong.
    """
    judge("action_definitions", "ValidateActions", file, output)


@app.command(
    examples=("mistralctl action run std.echo -i output=hello", "mistralctl action run std.http -i @request.json")
)
def run(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Name of the action.", autocompletion=names_of("action_definitions", "Action")
        ),
    ],
    input: Input = None,
    save: Annotated[bool, typer.Option("--save", help="Keep the run, and do not wait for its end.")] = False,
    target: Annotated[str, typer.Option("--target", help="Group of executors to run it.", show_default=False)] = "",
    namespace: Namespace = "",
    output: Output = Format.TABLE,
) -> None:
    """Run an action on its own and show its result."""
    fields = {"input": object_text(input, "--input"), "save_result": save, "target": target}
    with connected() as mesh:
        ran = mesh.actions.RunAction(name=name, namespace=namespace, **fields).action_execution
    show(record(ran), output, label="id")
