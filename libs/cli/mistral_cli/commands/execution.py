"""``mistralctl execution``: runs of workflows."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import uuid4

import typer

from mistral_cli.connection import connected, listed
from mistral_cli.options import (
    Address,
    Env,
    Format,
    Input,
    Limit,
    Namespace,
    Output,
    Params,
    States,
    object_text,
    state_messages,
)
from mistral_cli.printing import show, show_all
from mistral_cli.record import record

app = typer.Typer(no_args_is_help=True, help="Start, follow and steer executions.")

Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the execution.")]
Wait = Annotated[
    float | None,
    typer.Option("--wait", min=0, help="Answer only once it is final, but after so many seconds at the latest."),
]

_COLUMNS = ("id", "workflow_name", "state", "state_info", "created_at", "updated_at")


class End(StrEnum):
    """How an execution may be made to end."""

    SUCCESS = "success"
    ERROR = "error"
    CANCELLED = "cancelled"


@app.command()
def start(
    workflow: Annotated[str, typer.Argument(metavar="NAME", help="Name or id of the workflow.")],
    input: Input = "",
    params: Params = "",
    description: Annotated[str, typer.Option("--description", help="Free text, shown with the execution.")] = "",
    id: Annotated[str, typer.Option("--id", help="UUID the execution shall have; a repeat starts nothing new.")] = "",
    wait: Wait = None,
    namespace: Namespace = "",
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """Start a stored workflow; `mistralctl run` does the same and follows it."""
    fields = {"input": object_text(input, "--input"), "params": object_text(params, "--params")}
    with connected(grpc_address) as mesh:
        started = mesh.executions.StartExecution(
            workflow=workflow,
            namespace=namespace,
            description=description,
            id=id,
            request_id=str(uuid4()),
            wait=duration(wait),
            **fields,
        )
    show(record(started.execution), output)


@app.command()
def get(id: Id, wait: Wait = None, output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Show an execution with its output."""
    with connected(grpc_address) as mesh:
        found = mesh.executions.GetExecution(id=id, wait=duration(wait))
    show(record(found.execution), output)


@app.command("list")
def list_(
    workflow: Annotated[str, typer.Option("--workflow", "-w", help="Only of this workflow name.")] = "",
    state: States = None,
    task: Annotated[str, typer.Option("--task", help="Only sub-workflow executions of this task id.")] = "",
    limit: Limit = 50,
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """List executions, newest first."""
    wanted = {"workflow_name": workflow, "states": state_messages(state), "task_execution_id": task}
    with connected(grpc_address) as mesh:
        found = listed(mesh.executions.ListExecutions, "executions", limit=limit, **wanted)
        show_all([record(execution) for execution in found], output, _COLUMNS)


@app.command()
def watch(id: Id, output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Follow an execution until it is final; exit code 0 if it ended in SUCCESS."""
    from mistral_cli.progress.follow import follow

    with connected(grpc_address) as mesh:
        raise typer.Exit(follow(mesh, id, output))


@app.command()
def pause(id: Id, output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Let running tasks finish and start no more until resumed."""
    with connected(grpc_address) as mesh:
        answer = mesh.executions.PauseExecution(id=id)
    show(record(answer.execution), output)


@app.command()
def resume(id: Id, env: Env = "", output: Output = Format.TABLE, grpc_address: Address = None) -> None:
    """Go on with a paused execution."""
    text = object_text(env, "--env")
    with connected(grpc_address) as mesh:
        answer = mesh.executions.ResumeExecution(id=id, env=text)
    show(record(answer.execution), output)


@app.command()
def stop(
    id: Id,
    state: Annotated[End, typer.Option("--state", "-s", help="Final state to end in.")] = End.CANCELLED,
    message: Annotated[str, typer.Option("--message", "-m", help="Why; shown as its state_info.")] = "",
    output: Output = Format.TABLE,
    grpc_address: Address = None,
) -> None:
    """End an execution now."""
    with connected(grpc_address) as mesh:
        answer = mesh.executions.StopExecution(id=id, state=f"STATE_{state.value.upper()}", message=message)
    show(record(answer.execution), output)


@app.command()
def delete(
    id: Id,
    force: Annotated[bool, typer.Option("--force", help="Also when it is not final.")] = False,
    grpc_address: Address = None,
) -> None:
    """Remove an execution with its tasks, actions and sub-workflow executions."""
    with connected(grpc_address) as mesh:
        mesh.executions.DeleteExecution(id=id, force=force)
    typer.echo(f"removed execution {id}")


def duration(seconds: float | None) -> Any:
    """Return a message for so many seconds, None for None."""
    if seconds is None:
        return None
    from google.protobuf.duration_pb2 import Duration

    message = Duration()
    message.FromNanoseconds(int(seconds * 1e9))
    return message
