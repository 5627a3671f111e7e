"""``mistralctl task``: tasks of executions."""

from typing import Annotated

import typer

from mistral_cli.connection import connected, listed
from mistral_cli.options import Address, Env, Format, Limit, Output, States, object_text, state_messages
from mistral_cli.printing import show, show_all
from mistral_cli.record import record

app = typer.Typer(
    no_args_is_help=True,
    help="Show tasks; rerun, skip, replay, suspend and resume them.",
)

Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the task.")]

_COLUMNS = ("id", "name", "type", "state", "state_info", "execution_id", "started_at", "finished_at")


@app.command("list")
def list_(
    execution: Annotated[str, typer.Option("--execution", "-e", help="Only of this execution id.")] = "",
    name: Annotated[str, typer.Option("--name", help="Only of this name.")] = "",
    state: States = None,
    limit: Limit = 100,
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """List tasks, oldest first."""
    wanted = {"execution_id": execution, "name": name, "states": state_messages(state)}
    with connected(grpc_address) as mesh:
        found = listed(mesh.tasks.ListTasks, "tasks", limit=limit, **wanted)
        show_all([record(task) for task in found], output, _COLUMNS)


@app.command()
def get(id: Id, output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Show a task with its result."""
    with connected(grpc_address) as mesh:
        found = mesh.tasks.GetTask(id=id)
    show(record(found.task), output)


@app.command()
def rerun(
    id: Id,
    reset: Annotated[
        bool,
        typer.Option("--reset/--failed-only", help="Run all items of a with-items task again, or the failed ones."),
    ] = True,
    env: Env = "",
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """Run a failed task again, and with it its execution."""
    text = object_text(env, "--env")
    with connected(grpc_address) as mesh:
        answer = mesh.tasks.RerunTask(id=id, reset=reset, env=text)
    show(record(answer.task), output)


@app.command()
def skip(id: Id, output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Pass over a failed task and go on with what comes after it."""
    with connected(grpc_address) as mesh:
        answer = mesh.tasks.SkipTask(id=id)
    show(record(answer.task), output)


@app.command()
def replay(id: Id, env: Env = "", output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Run a finished task once more, and anew what followed it; shows the new attempt."""
    text = object_text(env, "--env")
    with connected(grpc_address) as mesh:
        answer = mesh.tasks.ReplayTask(id=id, env=text)
    show(record(answer.task), output)


@app.command()
def suspend(id: Id, output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Suspend one task; the rest of its execution goes on."""
    with connected(grpc_address) as mesh:
        answer = mesh.tasks.SuspendTask(id=id)
    show(record(answer.task), output)


@app.command()
def resume(id: Id, output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Let a suspended task go on."""
    with connected(grpc_address) as mesh:
        answer = mesh.tasks.ResumeTask(id=id)
    show(record(answer.task), output)
