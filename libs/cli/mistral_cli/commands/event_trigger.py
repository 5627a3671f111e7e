"""``mistralctl event-trigger``: workflows that are started by what happens elsewhere."""

from typing import Annotated
from uuid import uuid4

import typer

from mistral_cli.connection import connected
from mistral_cli.given import object_text
from mistral_cli.group import Group
from mistral_cli.options import Format, Input, Output, Params, Scope, scope_message
from mistral_cli.resource import Resource, add_delete, add_get, add_list

app = Group(help="Start workflows, or wake up what waits, by events from elsewhere.")

EVENT_TRIGGER = Resource(
    name="event trigger",
    service="event_triggers",
    message="EventTrigger",
    columns=("id", "name", "enabled", "exchange", "topic", "event", "workflow_id", "fired", "refused", "last_fired_at"),
    key="id",
    label="id",
    namespaced=False,
)

Name = Annotated[str | None, typer.Option("--name", help="Name for people.", show_default=False)]
Condition = Annotated[
    str | None,
    typer.Option("--if", metavar="EXPRESSION", help="Expression over the event that must be true.", show_default=False),
]
Mapping = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        "-m",
        metavar="K=V|JSON|@FILE",
        help="Input that is made of the event, such as host='<% $.payload.host %>'; given like --input.",
        show_default=False,
    ),
]
Correlation = Annotated[
    list[str] | None,
    typer.Option(
        "--correlate",
        metavar="K=V|JSON|@FILE",
        help="How that which waits is found: execution_id, task, workflow, key, equals, result, wait_seconds, ...",
        show_default=False,
    ),
]
Enabled = Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it reacts.", show_default=False)]
Matching = Annotated[
    str, typer.Option("--matching", help="How events are compared: exact or glob.", show_default=False)
]
Reaction = Annotated[
    str, typer.Option("--reaction", help="start, resume or complete. Default: start.", show_default=False)
]

add_list(app, EVENT_TRIGGER, examples=("mistralctl event-trigger list --filter 'exchange = nova'",))
add_get(app, EVENT_TRIGGER, examples=("mistralctl event-trigger get ID",))


@app.command(
    examples=(
        "mistralctl event-trigger create tidy_up nova notifications compute.instance.delete.end --input k=v",
        "mistralctl event-trigger create fix mistral named 'domain is down' --map domain='<% $.payload.domain %>'",
        "mistralctl event-trigger create '' shop events order.paid --reaction complete"
        " --correlate task=paid --correlate key='<% $.payload.order %>'"
        " --correlate equals='<% $.execution_input.order %>'",
    )
)
def create(
    workflow: Annotated[str, typer.Argument(metavar="WORKFLOW", help="Name or id; '' if nothing is started.")],
    exchange: Annotated[str, typer.Argument(metavar="EXCHANGE", help="Where the event comes from.")],
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="What is listened to there.")],
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Type of the event.")],
    name: Name = None,
    input: Input = None,
    params: Params = None,
    map: Mapping = None,
    condition: Condition = None,
    matching: Matching = "",
    reaction: Reaction = "",
    correlate: Correlation = None,
    enable: Enabled = None,
    scope: Scope = None,
    output: Output = Format.TABLE,
) -> None:
    """Have a workflow started by events, or what waits woken up."""
    fields = {
        "input_mapping": object_text(map, "--map"),
        "correlation": object_text(correlate, "--correlate"),
        "condition": condition,
        "enabled": enable,
        "workflow_input": object_text(input, "--input"),
        "workflow_params": object_text(params, "--params"),
        "scope": scope_message(scope),
    }
    with connected() as mesh:
        started = mesh.workflows.GetWorkflow(identifier=workflow).workflow.id if workflow else ""
        stored = mesh.event_triggers.CreateEventTrigger(
            name=name,
            workflow_id=started,
            matching=matching,
            reaction=reaction,
            exchange=exchange,
            topic=topic,
            event=event,
            request_id=str(uuid4()),
            **fields,
        )
    EVENT_TRIGGER.shown(stored.event_trigger, output)


@app.command(
    examples=("mistralctl event-trigger update ID --input k=v", "mistralctl event-trigger update ID --disable")
)
def update(
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of the event trigger.")],
    workflow: Annotated[
        str, typer.Option("--workflow", help="Name or id of another workflow.", show_default=False)
    ] = "",
    name: Name = None,
    input: Input = None,
    params: Params = None,
    map: Mapping = None,
    condition: Condition = None,
    correlate: Correlation = None,
    enable: Enabled = None,
    scope: Scope = None,
    output: Output = Format.TABLE,
) -> None:
    """Change an event trigger, but not what it waits for; input, params and mappings are replaced as a whole."""
    fields = {
        "input_mapping": object_text(map, "--map"),
        "correlation": object_text(correlate, "--correlate"),
        "condition": condition,
        "enabled": enable,
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
