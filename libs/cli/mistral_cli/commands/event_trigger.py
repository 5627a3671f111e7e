"""``mistralctl event-trigger``: workflows that are started by what happens elsewhere."""

from typing import Annotated
from uuid import uuid4

import typer

from mistral_cli.connection import connected
from mistral_cli.given import object_text
from mistral_cli.group import Group
from mistral_cli.options import Format, Input, Output, Params, Scope, scope_message
from mistral_cli.resource import Resource, add_delete, add_get, add_list

app = Group(help="Keep triggers for events from elsewhere; nothing fires them yet.")

EVENT_TRIGGER = Resource(
    name="event trigger",
    service="event_triggers",
    message="EventTrigger",
    columns=("id", "name", "exchange", "topic", "event", "workflow_id", "scope"),
    key="id",
    label="id",
    namespaced=False,
)

Name = Annotated[str | None, typer.Option("--name", help="Name for people.", show_default=False)]

add_list(app, EVENT_TRIGGER, examples=("mistralctl event-trigger list --filter 'exchange = nova'",))
add_get(app, EVENT_TRIGGER, examples=("mistralctl event-trigger get ID",))


@app.command(
    examples=("mistralctl event-trigger create tidy_up nova notifications compute.instance.delete.end --input k=v",)
)
def create(
    workflow: Annotated[str, typer.Argument(metavar="WORKFLOW", help="Name or id of the workflow.")],
    exchange: Annotated[str, typer.Argument(metavar="EXCHANGE", help="Where the event comes from.")],
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="What is listened to there.")],
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Type of the event, compared as it is.")],
    name: Name = None,
    input: Input = None,
    params: Params = None,
    scope: Scope = None,
    output: Output = Format.TABLE,
) -> None:
    """Have a workflow started by events of one type."""
    fields = {
        "workflow_input": object_text(input, "--input"),
        "workflow_params": object_text(params, "--params"),
        "scope": scope_message(scope),
    }
    with connected() as mesh:
        found = mesh.workflows.GetWorkflow(identifier=workflow).workflow
        stored = mesh.event_triggers.CreateEventTrigger(
            name=name,
            workflow_id=found.id,
            exchange=exchange,
            topic=topic,
            event=event,
            request_id=str(uuid4()),
            **fields,
        )
    EVENT_TRIGGER.shown(stored.event_trigger, output)


@app.command(examples=("mistralctl event-trigger update ID --input k=v",))
def update(
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of the event trigger.")],
    workflow: Annotated[
        str, typer.Option("--workflow", help="Name or id of another workflow.", show_default=False)
    ] = "",
    name: Name = None,
    input: Input = None,
    params: Params = None,
    scope: Scope = None,
    output: Output = Format.TABLE,
) -> None:
    """Change an event trigger, but not what it waits for; input and params are replaced as a whole."""
    fields = {
        "workflow_input": object_text(input, "--input"),
        "workflow_params": object_text(params, "--params"),
        "scope": scope_message(scope),
    }
    with connected() as mesh:
        other = mesh.workflows.GetWorkflow(identifier=workflow).workflow.id if workflow else ""
        stored = mesh.event_triggers.UpdateEventTrigger(id=id, name=name, workflow_id=other, **fields)
    EVENT_TRIGGER.shown(stored.event_trigger, output)


add_delete(
    app,
    EVENT_TRIGGER,
    "Remove event triggers; what they have started goes on.",
    examples=("mistralctl event-trigger delete ID",),
)
