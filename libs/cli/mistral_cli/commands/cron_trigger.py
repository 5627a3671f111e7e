"""``mistralctl cron-trigger``: workflows that are started by the calendar."""

from typing import Annotated
from uuid import uuid4

import typer

from mistral_cli.commands.cron_control import add_control
from mistral_cli.commands.cron_options import (
    Count,
    EndAt,
    FirstTime,
    Jitter,
    Note,
    Overlap,
    Patterns,
    StartAt,
    Window,
    Zone,
    instant_message,
    overlap_message,
    span_message,
)
from mistral_cli.completion import names_of
from mistral_cli.connection import connected
from mistral_cli.errors import USAGE, CommandError
from mistral_cli.given import object_text
from mistral_cli.group import Group
from mistral_cli.options import Format, Input, Output, Params, Scope, scope_message
from mistral_cli.resource import Resource, add_delete, add_get, add_list

app = Group(help="Have workflows started by the calendar.")

CRON_TRIGGER = Resource(
    name="cron trigger",
    service="cron_triggers",
    message="CronTrigger",
    columns=(
        *("name", "status", "workflow_name", "patterns", "timezone", "next_execution_time", "last_execution_time"),
        *("fired", "missed", "skipped", "failed", "last_miss_reason"),
    ),
    namespaced=False,
)

Workflow = Annotated[
    str,
    typer.Argument(
        metavar="WORKFLOW",
        help="Id of the workflow, or its name in the default namespace.",
        autocompletion=names_of("workflows", "Workflow"),
    ),
]
Paused = Annotated[bool, typer.Option("--paused", help="It starts nothing until it is resumed.")]

add_list(
    app,
    CRON_TRIGGER,
    examples=(
        "mistralctl cron-trigger list --sort next_execution_time",
        "mistralctl cron-trigger list --filter 'missed > 0'",
    ),
)
add_get(app, CRON_TRIGGER, examples=("mistralctl cron-trigger get nightly",))


@app.command(
    examples=(
        "mistralctl cron-trigger create nightly backup --pattern '0 3 * * *' --input target=eu",
        "mistralctl cron-trigger create workdays report --pattern '30 8 * * 1-5' --timezone Europe/Rome --overlap skip",
        "mistralctl cron-trigger create once report --first-time '2030-01-31 10:00'",
    )
)
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the trigger.")],
    workflow: Workflow,
    pattern: Patterns = None,
    timezone: Zone = "",
    first_time: FirstTime = "",
    start_at: StartAt = "",
    end_at: EndAt = "",
    count: Count = None,
    jitter: Jitter = "",
    overlap: Overlap = None,
    catchup_window: Window = "",
    paused: Paused = False,
    note: Note = "",
    input: Input = None,
    params: Params = None,
    scope: Scope = None,
    output: Output = Format.TABLE,
) -> None:
    """Have a workflow started by the calendar; a pattern or a first time is needed."""
    if not pattern and not first_time:
        raise CommandError("say when: --pattern, or --first-time", USAGE)
    fields = {
        "patterns": pattern or (),
        "timezone": timezone,
        "first_execution_time": instant_message(first_time, "--first-time"),
        "start_at": instant_message(start_at, "--start-at", timezone),
        "end_at": instant_message(end_at, "--end-at", timezone),
        "remaining_executions": count,
        "jitter": span_message(jitter, "--jitter"),
        "overlap": overlap_message(overlap),
        "catchup_window": span_message(catchup_window, "--catchup-window"),
        "paused": paused,
        "note": note,
        "workflow_input": object_text(input, "--input"),
        "workflow_params": object_text(params, "--params"),
        "scope": scope_message(scope),
    }
    with connected() as mesh:
        stored = mesh.cron_triggers.CreateCronTrigger(name=name, workflow=workflow, request_id=str(uuid4()), **fields)
    CRON_TRIGGER.shown(stored.cron_trigger, output)


add_delete(
    app,
    CRON_TRIGGER,
    "Remove cron triggers; what they have started goes on.",
    examples=("mistralctl cron-trigger delete nightly",),
)
add_control(app, CRON_TRIGGER)
