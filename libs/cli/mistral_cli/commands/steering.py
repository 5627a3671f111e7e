"""Commands that steer executions: one by its id, several, or all that fit a filter."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer

from mistral_cli.bulk import Outcome, performed
from mistral_cli.commands.execution import EXECUTION, app
from mistral_cli.completion import names_of
from mistral_cli.connection import Mesh, connected
from mistral_cli.errors import USAGE, CommandError
from mistral_cli.given import object_text
from mistral_cli.listing import listed
from mistral_cli.options import Env, Filters, Format, Output, Yes
from mistral_cli.printing import done

_MOST_TASKS = 1000

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID", help="Ids of the executions.", show_default=False)]
Workflow = Annotated[
    str,
    typer.Option(
        "--workflow",
        "-w",
        metavar="NAME",
        help="Those of this workflow.",
        autocompletion=names_of("workflows", "Workflow"),
        show_default=False,
    ),
]
All = Annotated[bool, typer.Option("--all", "-a", help="All that it can be done to.")]


class End(StrEnum):
    """How an execution may be made to end."""

    SUCCESS = "success"
    ERROR = "error"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Steering:
    """What is done, to one execution or by a call such as ``BulkPauseExecutions`` to many.

    Attributes:
        verb: As in ``pause 3 executions?``; ``past`` as in ``paused 3 executions``.
        operation: As in the name of that call; ``fields`` are what it is told.
        one: Does it to one; the answer has the execution, if there still is one.
    """

    verb: str
    past: str
    operation: str
    fields: Mapping[str, Any]
    one: Callable[[Mesh, str], Any]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which executions: some by their ids, or all that fit."""

    ids: Sequence[str] | None
    workflow: str
    filters: Sequence[str] | None
    all: bool

    def filter(self) -> str:
        """Return the filter to fit; empty if ids were given.

        Raises:
            CommandError: As a usage error, if neither or both were given.
        """
        conditions = [f'workflow_name = "{self.workflow}"'] if self.workflow else []
        conditions += self.filters or ()
        if bool(self.ids) == bool(conditions or self.all):
            raise CommandError("say which executions: ids, or --workflow, --filter or --all", USAGE)
        return "" if self.ids else " AND ".join(conditions) or "*"


@app.command(examples=("mistralctl execution pause ID", "mistralctl execution pause -w trip --yes"))
def pause(
    ids: Ids = None,
    workflow: Workflow = "",
    filter: Filters = None,
    all: All = False,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Let running tasks finish and start no more until resumed."""
    steering = Steering("pause", "paused", "pause", {}, lambda mesh, id: mesh.executions.PauseExecution(id=id))
    _steer(steering, Chosen(ids, workflow, filter, all), yes, output)


@app.command(examples=("mistralctl execution resume ID", "mistralctl execution resume ID --env region=eu"))
def resume(
    ids: Ids = None,
    env: Env = None,
    workflow: Workflow = "",
    filter: Filters = None,
    all: All = False,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Go on with paused executions."""
    fields = {"env": object_text(env, "--env")}
    steering = Steering(
        "resume", "resumed", "resume", fields, lambda mesh, id: mesh.executions.ResumeExecution(id=id, **fields)
    )
    _steer(steering, Chosen(ids, workflow, filter, all), yes, output)


Message = Annotated[str, typer.Option("--message", "-m", help="Why; shown as state_info.", show_default=False)]


@app.command(
    examples=("mistralctl execution cancel ID ID", "mistralctl execution cancel --filter 'created_at < 2026-05-04'")
)
def cancel(
    ids: Ids = None,
    message: Message = "",
    workflow: Workflow = "",
    filter: Filters = None,
    all: All = False,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """End executions now, as CANCELLED."""
    _steer(_stopping(End.CANCELLED, message), Chosen(ids, workflow, filter, all), yes, output)


@app.command(examples=("mistralctl execution stop ID --state error -m 'the disk is full'",))
def stop(
    ids: Ids = None,
    state: Annotated[End, typer.Option("--state", "-s", help="Final state to end in.")] = End.CANCELLED,
    message: Message = "",
    workflow: Workflow = "",
    filter: Filters = None,
    all: All = False,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """End executions now, in the state that you say."""
    _steer(_stopping(state, message), Chosen(ids, workflow, filter, all), yes, output)


@app.command(examples=("mistralctl execution rerun ID", "mistralctl execution rerun -w trip --failed-only --yes"))
def rerun(
    ids: Ids = None,
    reset: Annotated[
        bool,
        typer.Option("--reset/--failed-only", help="Run all items of with-items tasks again, or the failed ones."),
    ] = True,
    env: Env = None,
    workflow: Workflow = "",
    filter: Filters = None,
    all: All = False,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Run the failed tasks of executions again."""
    fields = {"reset": reset, "env": object_text(env, "--env")}
    steering = Steering("rerun", "rerun", "rerun", fields, lambda mesh, id: _rerun(mesh, id, fields))
    _steer(steering, Chosen(ids, workflow, filter, all), yes, output)


@app.command(
    examples=("mistralctl execution delete ID", "mistralctl execution delete --filter 'state = SUCCESS' --yes")
)
def delete(
    ids: Ids = None,
    force: Annotated[bool, typer.Option("--force", help="Also what is not final.")] = False,
    workflow: Workflow = "",
    filter: Filters = None,
    all: All = False,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Remove executions with their tasks, actions and sub-workflow executions."""
    fields = {"force": force}
    steering = Steering(
        "delete", "removed", "delete", fields, lambda mesh, id: mesh.executions.DeleteExecution(id=id, **fields)
    )
    _steer(steering, Chosen(ids, workflow, filter, all), yes, output)


def _stopping(state: End, message: str) -> Steering:
    fields = {"state": f"STATE_{state.value.upper()}", "message": message}
    past = "cancelled" if state is End.CANCELLED else "stopped"
    return Steering("stop", past, "stop", fields, lambda mesh, id: mesh.executions.StopExecution(id=id, **fields))


def _rerun(mesh: Mesh, id: str, fields: Mapping[str, Any]) -> Any:
    """Run each failed task of one execution again; the answer has the execution as it stands."""
    mesh.executions.GetExecution(id=id)
    failed = list(listed(mesh.tasks.ListTasks, "tasks", limit=_MOST_TASKS, execution_id=id, states=["STATE_ERROR"]))
    if not failed:
        raise CommandError(f"execution {id} has no failed task")
    for task in failed:
        mesh.tasks.RerunTask(id=task.id, **fields)
        # Only the first may change the environment: from then on the execution runs.
        fields = {**fields, "env": ""}
    return mesh.executions.GetExecution(id=id)


def _steer(steering: Steering, chosen: Chosen, yes: bool, output: Format) -> None:
    condition = chosen.filter()
    with connected() as mesh:
        if condition:
            from mistral_cli.fitting import change_fitting

            change_fitting(mesh, steering, condition, yes, output)
        elif len(chosen.ids or ()) == 1:
            _one(mesh, steering, (chosen.ids or ("",))[0], output)
        else:

            def each(id: str) -> Outcome:
                steering.one(mesh, id)
                return Outcome(steering.past)

            performed("execution {}", chosen.ids or (), each)


def _one(mesh: Mesh, steering: Steering, id: str, output: Format) -> None:
    answer = steering.one(mesh, id)
    if hasattr(answer, "execution"):
        EXECUTION.shown(answer.execution, output)
    else:
        done(f"{steering.past} execution {id}")
