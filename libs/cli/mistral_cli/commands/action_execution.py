"""``mistralctl action-execution``: runs of actions."""

from enum import StrEnum
from typing import Annotated

import typer

from mistral_cli.connection import connected, listed
from mistral_cli.options import Address, Format, Limit, Output, States, object_text, state_messages
from mistral_cli.printing import show, show_all
from mistral_cli.record import record

app = typer.Typer(no_args_is_help=True, help="Show and complete runs of actions.")

Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the action execution.")]

_COLUMNS = ("id", "name", "task_name", "index", "state", "attempt", "accepted", "created_at", "updated_at")


class Settable(StrEnum):
    """States that an action can be put in from outside."""

    SUCCESS = "success"
    ERROR = "error"
    CANCELLED = "cancelled"
    PAUSED = "paused"
    RUNNING = "running"


@app.command("list")
def list_(
    task: Annotated[str, typer.Option("--task", "-t", help="Only of this task id.")] = "",
    state: States = None,
    limit: Limit = 100,
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """List action executions, oldest first."""
    wanted = {"task_id": task, "states": state_messages(state)}
    with connected(grpc_address) as mesh:
        found = listed(mesh.actions.ListActionExecutions, "action_executions", limit=limit, **wanted)
        show_all([record(action) for action in found], output, _COLUMNS)


@app.command()
def get(id: Id, output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Show an action execution with its output."""
    with connected(grpc_address) as mesh:
        found = mesh.actions.GetActionExecution(id=id)
    show(record(found.action_execution), output)


@app.command()
def complete(
    id: Id,
    state: Annotated[Settable, typer.Option("--state", "-s", help="How it ended, or PAUSED or RUNNING.")] = (
        Settable.SUCCESS
    ),
    result: Annotated[
        str, typer.Option("--result", "-r", help="Its result, or what went wrong: a JSON object, or @file.")
    ] = "",
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """Say how an asynchronous action ended, or pause and resume it."""
    text = object_text(result, "--result")
    with connected(grpc_address) as mesh:
        answer = mesh.actions.CompleteActionExecution(id=id, state=f"STATE_{state.value.upper()}", output=text)
    show(record(answer.action_execution), output)
