"""``mistralctl event-source``: where events come from."""

from typing import Annotated
from uuid import uuid4

import typer

from mistral_cli.completion import names_of
from mistral_cli.connection import connected
from mistral_cli.given import object_text, text_given
from mistral_cli.group import Group
from mistral_cli.options import Format, Output
from mistral_cli.resource import Resource, add_delete, add_get, add_list

app = Group(help="Have events heard: the bus, queues, webhooks, Alertmanager, mailboxes.")

EVENT_SOURCE = Resource(
    name="event source",
    service="event_sources",
    message="EventSource",
    columns=("name", "kind", "enabled", "exchange", "topic", "received", "refused", "last_event_at", "last_error"),
    key="name",
    namespaced=False,
)

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Name or id of the source.", autocompletion=names_of("event_sources", "EventSource")
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="K=V|JSON|@FILE",
        help="What its kind needs, such as proof=github or url=amqp://user@host/; again for more.",
        show_default=False,
    ),
]
Secret = Annotated[
    str | None,
    typer.Option(
        "--secret",
        metavar="TEXT|@FILE",
        help="Signing secret, token or password; @- reads standard input. It is never shown again.",
        show_default=False,
    ),
]
Exchange = Annotated[str, typer.Option("--exchange", help="Exchange of its events.", show_default=False)]
Topic = Annotated[str, typer.Option("--topic", help="Topic of its events.", show_default=False)]
Tenancy = Annotated[
    str,
    typer.Option(
        "--tenancy", help="Whose its events are: source, or event if each says so itself.", show_default=False
    ),
]
Rate = Annotated[int, typer.Option("--rate", help="Most events of a minute.", show_default=False)]
MaxBytes = Annotated[int, typer.Option("--max-bytes", help="Largest payload.", show_default=False)]
Description = Annotated[str | None, typer.Option("--description", "-d", help="For people.", show_default=False)]
Enabled = Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it is heard.", show_default=False)]

add_list(app, EVENT_SOURCE, examples=("mistralctl event-source list --filter 'kind = webhook'",))
add_get(app, EVENT_SOURCE, examples=("mistralctl event-source get github",))


@app.command(
    examples=(
        "mistralctl event-source create github webhook --set proof=github --secret @secret.txt",
        "mistralctl event-source create alerts alertmanager --secret @token.txt",
        "mistralctl event-source create nova amqp --set url=amqp://mesh@rabbit/ --topic notifications --secret @-",
        "mistralctl event-source create bus nats --exchange shop --topic orders",
    )
)
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name, unique among all projects.")],
    kind: Annotated[str, typer.Argument(metavar="KIND", help="nats, amqp, webhook, alertmanager or imap.")],
    set: Settings = None,
    secret: Secret = None,
    exchange: Exchange = "",
    topic: Topic = "",
    tenancy: Tenancy = "",
    rate: Rate = 0,
    max_bytes: MaxBytes = 0,
    description: Description = None,
    enable: Enabled = None,
    output: Output = Format.TABLE,
) -> None:
    """Have a source of events heard; the exchange is the name of the source unless said."""
    with connected() as mesh:
        stored = mesh.event_sources.CreateEventSource(
            name=name,
            kind=kind,
            settings=object_text(set, "--set"),
            secret=text_given(secret, "--secret"),
            exchange=exchange,
            topic=topic,
            tenancy=tenancy,
            rate_per_minute=rate,
            max_bytes=max_bytes,
            description=description,
            enabled=enable,
            request_id=str(uuid4()),
        )
    EVENT_SOURCE.shown(stored.event_source, output)


@app.command(
    examples=("mistralctl event-source update github --disable", "mistralctl event-source update github --secret @-")
)
def update(
    name: Name,
    set: Settings = None,
    secret: Secret = None,
    exchange: Exchange = "",
    topic: Topic = "",
    tenancy: Tenancy = "",
    rate: Rate = 0,
    max_bytes: MaxBytes = 0,
    description: Description = None,
    enable: Enabled = None,
    output: Output = Format.TABLE,
) -> None:
    """Change an event source; settings are replaced as a whole, name and kind never."""
    with connected() as mesh:
        stored = mesh.event_sources.UpdateEventSource(
            name=name,
            settings=object_text(set, "--set"),
            secret=text_given(secret, "--secret"),
            exchange=exchange,
            topic=topic,
            tenancy=tenancy,
            rate_per_minute=rate,
            max_bytes=max_bytes,
            description=description,
            enabled=enable,
        )
    EVENT_SOURCE.shown(stored.event_source, output)


add_delete(
    app,
    EVENT_SOURCE,
    "Remove event sources; the events that they brought stay.",
    examples=("mistralctl event-source delete github",),
)
