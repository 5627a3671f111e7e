"""``mistralctl event-binding``: which events a logical name stands for."""

from typing import Annotated
from uuid import uuid4

import typer

from mistral_cli.completion import names_of
from mistral_cli.connection import connected
from mistral_cli.given import object_text
from mistral_cli.group import Group
from mistral_cli.options import Format, Output, Scope, scope_message
from mistral_cli.resource import Resource, add_delete, add_get, add_list

app = Group(help="Say what logical event names stand for.")

EVENT_BINDING = Resource(
    name="event binding",
    service="event_bindings",
    message="EventBinding",
    columns=("name", "enabled", "exchange", "topic", "event", "matching", "condition", "scope"),
    key="name",
    namespaced=False,
)

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="The logical name, or an id.", autocompletion=names_of("event_bindings", "EventBinding")
    ),
]
Matching = Annotated[
    str, typer.Option("--matching", help="How events are compared: exact or glob.", show_default=False)
]
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
        help="What the payload is made of; texts may hold expressions. Default: the payload as it is.",
        show_default=False,
    ),
]
Description = Annotated[str | None, typer.Option("--description", "-d", help="For people.", show_default=False)]
Enabled = Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it works.", show_default=False)]

add_list(app, EVENT_BINDING, examples=("mistralctl event-binding list",))
add_get(app, EVENT_BINDING, examples=("mistralctl event-binding get 'domain is down'",))


@app.command(
    examples=(
        "mistralctl event-binding create 'domain is down' alerts events alert.firing"
        " --if '<% $.payload.labels.alertname = DomainDown %>' --map domain='<% $.payload.labels.domain %>'",
    )
)
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The logical name.")],
    exchange: Annotated[str, typer.Argument(metavar="EXCHANGE", help="Where the events come from.")],
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="What is listened to there.")],
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Type of the events.")],
    matching: Matching = "",
    condition: Condition = None,
    map: Mapping = None,
    scope: Scope = None,
    description: Description = None,
    enable: Enabled = None,
    output: Output = Format.TABLE,
) -> None:
    """Give events a logical name."""
    with connected() as mesh:
        stored = mesh.event_bindings.CreateEventBinding(
            name=name,
            exchange=exchange,
            topic=topic,
            event=event,
            matching=matching,
            condition=condition,
            mapping=object_text(map, "--map"),
            scope=scope_message(scope),
            description=description,
            enabled=enable,
            request_id=str(uuid4()),
        )
    EVENT_BINDING.shown(stored.event_binding, output)


@app.command(examples=("mistralctl event-binding update 'domain is down' --exchange nagios --event service.critical",))
def update(
    name: Name,
    exchange: Annotated[str, typer.Option("--exchange", help="Where the events come from.", show_default=False)] = "",
    topic: Annotated[str, typer.Option("--topic", help="What is listened to there.", show_default=False)] = "",
    event: Annotated[str, typer.Option("--event", help="Type of the events.", show_default=False)] = "",
    matching: Matching = "",
    condition: Condition = None,
    map: Mapping = None,
    scope: Scope = None,
    description: Description = None,
    enable: Enabled = None,
    output: Output = Format.TABLE,
) -> None:
    """Have a logical name stand for something else; workflows that wait for it need no change."""
    with connected() as mesh:
        stored = mesh.event_bindings.UpdateEventBinding(
            name=name,
            exchange=exchange,
            topic=topic,
            event=event,
            matching=matching,
            condition=condition,
            mapping=object_text(map, "--map"),
            scope=scope_message(scope),
            description=description,
            enabled=enable,
        )
    EVENT_BINDING.shown(stored.event_binding, output)


add_delete(
    app,
    EVENT_BINDING,
    "Remove event bindings: nothing happens under their names any more.",
    examples=("mistralctl event-binding delete 'domain is down'",),
)
