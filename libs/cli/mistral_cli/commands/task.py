"""``mistralctl task``: tasks of executions."""

import json
from typing import Annotated

import typer

from mistral_cli.connection import connected
from mistral_cli.errors import CommandError
from mistral_cli.given import object_text
from mistral_cli.group import Group
from mistral_cli.options import Env, Format, Output, States, state_messages
from mistral_cli.printing import dump
from mistral_cli.resource import Extra, Resource, add_get, add_list

app = Group(help="Show tasks; rerun, skip, replay, suspend and resume them.")

TASK = Resource(
    name="task",
    service="tasks",
    message="Task",
    key="id",
    label="id",
    columns=("id", "name", "type", "state", "state_info", "started_at", "finished_at", "execution_id"),
    namespaced=False,
    extras=(
        Extra(
            name="execution_id",
            annotation=Annotated[
                str, typer.Option("--execution", "-e", help="Only of this execution id.", show_default=False)
            ],
        ),
        Extra(
            name="name",
            annotation=Annotated[str, typer.Option("--name", help="Only of this name.", show_default=False)],
        ),
        Extra(name="states", annotation=States, default=None, read=state_messages),
    ),
)

Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the task.")]

add_list(app, TASK, examples=("mistralctl task list -e EXECUTION", "mistralctl task list -s error --all -o name"))
add_get(app, TASK, examples=("mistralctl task get ID",))


@app.command(examples=("mistralctl task result ID", "mistralctl task result ID | jq .status"))
def result(id: Id, output: Output = Format.JSON) -> None:
    """Print the result of a task alone, as JSON."""
    with connected() as mesh:
        found = TASK.get(mesh, id)
    if not found.result:
        raise CommandError(f"task {id} has no result")
    dump(json.loads(found.result), output)


@app.command(examples=("mistralctl task published ID",))
def published(id: Id, output: Output = Format.JSON) -> None:
    """Print what a task published, as JSON."""
    with connected() as mesh:
        found = TASK.get(mesh, id)
    dump(json.loads(found.published or "{}"), output)


@app.command(examples=("mistralctl task rerun ID", "mistralctl task rerun ID --failed-only --env region=eu"))
def rerun(
    id: Id,
    reset: Annotated[
        bool,
        typer.Option("--reset/--failed-only", help="Run all items of a with-items task again, or the failed ones."),
    ] = True,
    env: Env = None,
    output: Output = Format.TABLE,
) -> None:
    """Run a failed task again, and with it its execution."""
    text = object_text(env, "--env")
    with connected() as mesh:
        answer = mesh.tasks.RerunTask(id=id, reset=reset, env=text)
    TASK.shown(answer.task, output)


@app.command(examples=("mistralctl task skip ID",))
def skip(id: Id, output: Output = Format.TABLE) -> None:
    """Pass over a failed task and go on with what comes after it."""
    with connected() as mesh:
        answer = mesh.tasks.SkipTask(id=id)
    TASK.shown(answer.task, output)


@app.command(examples=("mistralctl task replay ID",))
def replay(id: Id, env: Env = None, output: Output = Format.TABLE) -> None:
    """Run a finished task once more, and anew what followed it; shows the new attempt."""
    text = object_text(env, "--env")
    with connected() as mesh:
        answer = mesh.tasks.ReplayTask(id=id, env=text)
    TASK.shown(answer.task, output)


@app.command(examples=("mistralctl task suspend ID",))
def suspend(id: Id, output: Output = Format.TABLE) -> None:
    """Suspend one task; the rest of its execution goes on."""
    with connected() as mesh:
        answer = mesh.tasks.SuspendTask(id=id)
    TASK.shown(answer.task, output)


@app.command(examples=("mistralctl task resume ID",))
def resume(id: Id, output: Output = Format.TABLE) -> None:
    """Let a suspended task go on."""
    with connected() as mesh:
        answer = mesh.tasks.ResumeTask(id=id)
    TASK.shown(answer.task, output)
