"""``mistralctl action-execution``: runs of actions."""

from enum import StrEnum
from typing import Annotated

import typer

from mistral_cli.connection import connected
from mistral_cli.given import object_text
from mistral_cli.group import Group
from mistral_cli.options import Format, Output, States, state_messages
from mistral_cli.resource import Extra, Resource, add_delete, add_get, add_list

app = Group(help="Show and complete runs of actions.")

ACTION_EXECUTION = Resource(
    name="action execution",
    service="actions",
    message="ActionExecution",
    key="id",
    label="id",
    columns=("id", "name", "task_name", "index", "state", "attempt", "accepted", "created_at", "updated_at"),
    namespaced=False,
    extras=(
        Extra(
            name="task_id",
            annotation=Annotated[str, typer.Option("--task", "-t", help="Only of this task id.", show_default=False)],
        ),
        Extra(name="states", annotation=States, default=None, read=state_messages),
    ),
)

Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the action execution.")]


class Settable(StrEnum):
    """States that an action can be put in from outside."""

    SUCCESS = "success"
    ERROR = "error"
    CANCELLED = "cancelled"
    PAUSED = "paused"
    RUNNING = "running"


add_list(
    app,
    ACTION_EXECUTION,
    examples=("mistralctl action-execution list -t TASK", "mistralctl action-execution list -s running"),
)
add_get(app, ACTION_EXECUTION, examples=("mistralctl action-execution get ID",))


@app.command(
    examples=(
        "mistralctl action-execution complete ID -r '{\"approved\": true}'",
        "mistralctl action-execution complete ID -s error -r reason='no answer'",
    )
)
def complete(
    id: Id,
    state: Annotated[Settable, typer.Option("--state", "-s", help="How it ended, or PAUSED or RUNNING.")] = (
        Settable.SUCCESS
    ),
    result: Annotated[
        list[str] | None,
        typer.Option(
            "--result",
            "-r",
            metavar="K=V|JSON|@FILE",
            help="Its result, or what went wrong: name=value, a JSON object, or @file.",
            show_default=False,
        ),
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Say how an asynchronous action ended, or pause and resume it."""
    text = object_text(result, "--result")
    with connected() as mesh:
        answer = mesh.actions.CompleteActionExecution(id=id, state=f"STATE_{state.value.upper()}", output=text)
    ACTION_EXECUTION.shown(answer.action_execution, output)


add_delete(
    app,
    ACTION_EXECUTION,
    "Remove runs of actions that were run on their own and are over, where the mesh allows it.",
    examples=("mistralctl action-execution delete ID",),
)
