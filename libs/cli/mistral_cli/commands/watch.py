"""``mistralctl watch``: an execution, or everything that happens in a project."""

from typing import Annotated

import typer

from mistral_cli.completion import names_of
from mistral_cli.connection import connected
from mistral_cli.group import single
from mistral_cli.options import Format, Output, States, state_messages


@single(
    "mistralctl watch ID",
    "mistralctl watch                              # all executions of the project, until Ctrl-C",
    "mistralctl watch -w trip -s error -o json     # failures of one workflow, a line of JSON each",
)
def watch(
    id: Annotated[
        str, typer.Argument(metavar="ID", help="Id of the execution; all of them without.", show_default=False)
    ] = "",
    workflow: Annotated[
        str,
        typer.Option(
            "--workflow",
            "-w",
            metavar="NAME",
            help="Only executions of this workflow.",
            autocompletion=names_of("workflows", "Workflow"),
            show_default=False,
        ),
    ] = "",
    filter: Annotated[
        list[str] | None,
        typer.Option("--filter", "-f", metavar="CONDITION", help="Only executions that fit.", show_default=False),
    ] = None,
    state: States = None,
    tasks: Annotated[bool, typer.Option("--tasks", "-t", help="Events of tasks, too.")] = False,
    resume: Annotated[
        str, typer.Option("--resume", metavar="TOKEN", help="Go on where a watch was left.", show_default=False)
    ] = "",
    output: Output = Format.TABLE,
) -> None:
    """Follow an execution to its end, or tell what happens to all executions of the project.

    With an id: exit code 0 if it ended in SUCCESS, 1 if not.
    """
    with connected() as mesh:
        if id:
            from mistral_cli.progress.follow import follow

            raise typer.Exit(follow(mesh, id, output))
        from mistral_cli.progress.project import watch_project

        conditions = [f'workflow_name = "{workflow}"'] if workflow else []
        condition = " AND ".join([*conditions, *(filter or ())])
        watch_project(mesh, condition, state_messages(state), output, tasks=tasks, token=resume)
