"""``mistralctl event``: what came from elsewhere, and why a trigger did or did not fire."""

import json
from typing import Annotated
from uuid import uuid4

import typer

from mistral_cli.connection import connected
from mistral_cli.given import json_value
from mistral_cli.group import Group
from mistral_cli.options import Format, Output, Scope, scope_message
from mistral_cli.printing import show_pages
from mistral_cli.record import record
from mistral_cli.resource import Resource, add_get, add_list

app = Group(help="Show received events and why triggers fired or did not; make events by hand.")

EVENT = Resource(
    name="event",
    service="received_events",
    message="ReceivedEvent",
    columns=("id", "created_at", "source", "exchange", "topic", "event", "state", "fired", "duplicates"),
    key="id",
    label="id",
    namespaced=False,
    order="newest first",
)
_VERDICT = ("kind", "name", "trigger_id", "verdict", "reason", "execution_id", "at")

add_list(app, EVENT, examples=("mistralctl event list --filter 'fired = 0'",))
add_get(app, EVENT, examples=("mistralctl event get ID",))


@app.command(examples=("mistralctl event explain ID", "mistralctl event explain ID --all"))
def explain(
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of the event.")],
    all: Annotated[bool, typer.Option("--all", "-a", help="Also triggers that wait for something else.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Tell of each trigger and binding what it made of an event, and why."""
    with connected() as mesh:
        found = mesh.received_events.GetEventExplanation(id=id, all=all)
    show_pages([[record(each) for each in found.verdicts]], output, _VERDICT, label="trigger_id")


@app.command(
    examples=(
        "mistralctl event fire 'domain is down' --payload '{\"domain\": \"example.org\"}'",
        "mistralctl event fire order.paid --exchange shop --topic orders --payload @order.json",
    )
)
def fire(
    event: Annotated[
        str, typer.Argument(metavar="NAME", help="Logical name, or the type with --exchange and --topic.")
    ],
    payload: Annotated[
        str, typer.Option("--payload", metavar="JSON|@FILE", help="What it says.", show_default=False)
    ] = "null",
    exchange: Annotated[str, typer.Option("--exchange", help="Where it comes from.", show_default=False)] = "",
    topic: Annotated[str, typer.Option("--topic", help="What is listened to there.", show_default=False)] = "",
    id: Annotated[
        str, typer.Option("--id", help="Key of your own: a repeat is the same event.", show_default=False)
    ] = "",
    scope: Scope = None,
    output: Output = Format.TABLE,
) -> None:
    """Make an event by hand, as if a source had told of it."""
    text = json.dumps(json_value(payload, "--payload"))
    with connected() as mesh:
        made = mesh.received_events.FireEvent(
            event=event,
            payload=text,
            exchange=exchange,
            topic=topic,
            scope=scope_message(scope),
            request_id=id or str(uuid4()),
        )
    EVENT.shown(made.received_event, output)
