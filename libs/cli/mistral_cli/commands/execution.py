"""``mistralctl execution``: runs of workflows. What steers them is in ``steering.py``."""

from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any
from uuid import uuid4

import typer

from mistral_cli.commands.workflow import WORKFLOW
from mistral_cli.completion import names_of
from mistral_cli.connection import connected
from mistral_cli.errors import TIMED_OUT, CommandError
from mistral_cli.given import object_text
from mistral_cli.group import Group
from mistral_cli.options import Env, Format, Input, Namespace, Output, Params, States, state_messages
from mistral_cli.progress.bar import waiting
from mistral_cli.resource import Extra, Resource, add_list

app = Group(help="Start, follow and steer executions.")

EXECUTION = Resource(
    name="execution",
    service="executions",
    message="Execution",
    key="id",
    label="id",
    columns=("id", "workflow_name", "state", "state_info", "created_at", "updated_at"),
    order="newest first",
    namespaced=False,
    limit=50,
    extras=(
        Extra(
            name="workflow_name",
            annotation=Annotated[
                str,
                typer.Option(
                    "--workflow",
                    "-w",
                    metavar="NAME",
                    help="Only of this workflow name.",
                    autocompletion=names_of("workflows", "Workflow"),
                    show_default=False,
                ),
            ],
        ),
        Extra(name="states", annotation=States, default=None, read=state_messages),
        Extra(
            name="task_execution_id",
            annotation=Annotated[
                str,
                typer.Option("--task", help="Only sub-workflow executions of this task id.", show_default=False),
            ],
        ),
    ),
)

Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the execution.")]
Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Name or id of the workflow; none is needed with --from.",
        autocompletion=names_of("workflows", "Workflow"),
    ),
]
Source = Annotated[
    str,
    typer.Option(
        "--from", metavar="ID", help="Execution whose workflow, input and params are taken.", show_default=False
    ),
]
Wait = Annotated[
    float | None,
    typer.Option(
        "--wait", metavar="SECONDS", min=0, help="Wait for its end, so long at most. It goes on; exit code 3 then."
    ),
]


@app.command(
    examples=(
        "mistralctl execution start trip -i city=Lima",
        "mistralctl execution start trip -i @input.json -p env=staging --wait 30",
    )
)
def start(
    workflow: Name = "",
    input: Input = None,
    params: Params = None,
    description: Annotated[
        str, typer.Option("--description", help="Free text, shown with the execution.", show_default=False)
    ] = "",
    source: Source = "",
    id: Annotated[
        str, typer.Option("--id", help="UUID that it shall have; a repeat starts nothing new.", show_default=False)
    ] = "",
    wait: Wait = None,
    namespace: Namespace = "",
    output: Output = Format.TABLE,
) -> None:
    """Start a stored workflow; `mistralctl run` does the same and follows it."""
    if not (workflow or source):
        raise typer.BadParameter("say which workflow, or --from which execution", param_hint="NAME")
    fields = {"input": object_text(input, "--input"), "params": object_text(params, "--params")}
    fields |= {"source_execution_id": source} if source else {}
    with connected() as mesh, WORKFLOW.suggesting(mesh, workflow), _shown_as_waiting(wait):
        started = mesh.executions.StartExecution(
            workflow=workflow,
            namespace=namespace,
            description=description,
            id=id,
            request_id=str(uuid4()),
            wait=duration(wait),
            **fields,
        )
    _show(started.execution, output, wait)


@app.command(
    examples=("mistralctl execution get ID", "mistralctl execution get ID --wait 60 --fields state,output -o json")
)
def get(id: Id, wait: Wait = None, output: Output = Format.TABLE) -> None:
    """Show an execution with its output."""
    with connected() as mesh, _shown_as_waiting(wait):
        found = EXECUTION.get(mesh, id, wait=duration(wait))
    _show(found, output, wait)


add_list(
    app,
    EXECUTION,
    examples=(
        "mistralctl execution list -s error -w trip",
        "mistralctl execution list --all --filter 'created_at > 2026-05-04' -o name",
    ),
)


@app.command(examples=("mistralctl execution watch ID", "mistralctl execution watch ID --timeout 60"))
def watch(id: Id, output: Output = Format.TABLE) -> None:
    """Follow an execution until it is final.

    Exit code 0 if it ended in SUCCESS, 1 if not, 3 if --timeout came first.
    """
    from mistral_cli.progress.follow import follow

    with connected() as mesh:
        raise typer.Exit(follow(mesh, id, output))


@app.command(examples=("mistralctl execution tree ID",))
def tree(id: Id, output: Output = Format.TABLE) -> None:
    """Show an execution with its tasks and sub-workflows as they stand."""
    from mistral_cli.progress.standing import show_tree

    with connected() as mesh:
        show_tree(mesh, id, output)


@app.command(examples=("mistralctl execution report ID", "mistralctl execution report ID --errors-only -o yaml"))
def report(
    id: Id,
    errors_only: Annotated[bool, typer.Option("--errors-only", help="Only what failed, and what is above it.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Count the tasks of an execution by state; as JSON or YAML with all of its tasks, actions and sub-workflows."""
    from mistral_cli.progress.standing import show_report

    with connected() as mesh:
        show_report(mesh, id, output, errors_only=errors_only)


Follow = Annotated[bool, typer.Option("--follow", "-F", help="Go on until it is final.")]
After = Annotated[int, typer.Option("--after", metavar="POSITION", min=0, help="Only what came after this position.")]


@app.command(examples=("mistralctl execution events ID", "mistralctl execution events ID --follow --after 12"))
def events(id: Id, follow: Follow = False, after: After = 0, output: Output = Format.TABLE) -> None:
    """Show what happened to an execution, each event with its position; `--after` goes on from one."""
    from mistral_cli.progress.events import show_events

    with connected() as mesh:
        show_events(mesh, id, output, follow=follow, after=after)


@app.command(examples=("mistralctl execution logs ID --follow",))
def logs(id: Id, follow: Follow = False, after: After = 0, output: Output = Format.TABLE) -> None:
    """The same as `events`."""
    events(id, follow, after, output)


@app.command(examples=("mistralctl execution update ID --description 'the second try'",))
def update(
    id: Id,
    description: Annotated[str | None, typer.Option("--description", help="New free text.", show_default=False)] = None,
    env: Env = None,
    output: Output = Format.TABLE,
) -> None:
    """Change the description, or the environment of one that does not run."""
    with connected() as mesh:
        answer = mesh.executions.UpdateExecution(id=id, description=description, env=object_text(env, "--env"))
    EXECUTION.shown(answer.execution, output)


def duration(seconds: float | None) -> Any:
    """Return a message for so many seconds, None for None."""
    if seconds is None:
        return None
    from google.protobuf.duration_pb2 import Duration

    message = Duration()
    message.FromNanoseconds(int(seconds * 1e9))
    return message


def _shown_as_waiting(wait: float | None) -> AbstractContextManager[None]:
    return waiting(f"waiting up to {wait:g} s for its end") if wait else nullcontext()


def _show(execution: Any, output: Format, waited: float | None) -> None:
    EXECUTION.shown(execution, output)
    if waited and not execution.HasField("finished_at"):
        hint = f"`mistralctl execution watch {execution.id}` follows it"
        raise CommandError(f"it is not over after {waited:g} s, and goes on", TIMED_OUT, hint=hint)


from mistral_cli.commands import steering  # noqa: E402, F401 - its commands belong to this group
