"""``mistralctl cron-trigger``: workflows that are started by the calendar."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

import typer

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
    columns=("name", "workflow_name", "pattern", "next_execution_time", "remaining_executions", "scope"),
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
Pattern = Annotated[
    str,
    typer.Option(
        "--pattern",
        metavar="FIELDS",
        help="When: five fields, a sixth for seconds, in UTC, such as '0 3 * * *'.",
        show_default=False,
    ),
]
FirstTime = Annotated[
    str,
    typer.Option(
        "--first-time",
        metavar="TIME",
        help="First start, such as '2030-01-31 10:00' in UTC; a minute ahead at least.",
        show_default=False,
    ),
]
Count = Annotated[
    int | None,
    typer.Option("--count", metavar="N", min=1, help="How often it fires. Default: for ever.", show_default=False),
]

add_list(app, CRON_TRIGGER, examples=("mistralctl cron-trigger list --sort next_execution_time",))
add_get(app, CRON_TRIGGER, examples=("mistralctl cron-trigger get nightly",))


@app.command(
    examples=(
        "mistralctl cron-trigger create nightly backup --pattern '0 3 * * *' --input target=eu",
        "mistralctl cron-trigger create once report --first-time '2030-01-31 10:00'",
    )
)
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the trigger.")],
    workflow: Workflow,
    pattern: Pattern = "",
    first_time: FirstTime = "",
    count: Count = None,
    input: Input = None,
    params: Params = None,
    scope: Scope = None,
    output: Output = Format.TABLE,
) -> None:
    """Have a workflow started by the calendar; a pattern or a first time is needed."""
    if not pattern and not first_time:
        raise CommandError("say when: --pattern, or --first-time", USAGE)
    fields = {
        "workflow_input": object_text(input, "--input"),
        "workflow_params": object_text(params, "--params"),
        "first_execution_time": _instant(first_time) if first_time else None,
        "remaining_executions": count,
        "scope": scope_message(scope),
    }
    with connected() as mesh:
        stored = mesh.cron_triggers.CreateCronTrigger(
            name=name, workflow=workflow, pattern=pattern, request_id=str(uuid4()), **fields
        )
    CRON_TRIGGER.shown(stored.cron_trigger, output)


add_delete(
    app,
    CRON_TRIGGER,
    "Remove cron triggers; what they have started goes on.",
    examples=("mistralctl cron-trigger delete nightly",),
)


def _instant(text: str) -> Any:
    from google.protobuf.timestamp_pb2 import Timestamp

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--first-time is not a time such as '2030-01-31 10:00': {text}", USAGE) from None
    message = Timestamp()
    message.FromDatetime((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC))
    return message
