"""``mistralctl subscription``: who outside is told of what happens in a project."""

from typing import Annotated
from uuid import uuid4

import typer

from mistral_cli.completion import names_of
from mistral_cli.connection import connected
from mistral_cli.errors import CommandError
from mistral_cli.given import object_text
from mistral_cli.group import Group
from mistral_cli.listing import Wanted, pages
from mistral_cli.options import All, Filters, Format, Limit, Output, Sort
from mistral_cli.printing import show_pages
from mistral_cli.record import record
from mistral_cli.resource import Resource, add_delete, add_get, add_list

app = Group(help="Have others told of what happens: webhooks, queues, mail.")

SUBSCRIPTION = Resource(
    name="subscription",
    service="subscriptions",
    message="Subscription",
    columns=("name", "enabled", "event_types", "workflow_names", "pending", "dead", "disabled_reason"),
    namespaced=False,
)
_ATTEMPT = ("created_at", "event", "execution_id", "attempt", "delivered", "milliseconds", "error")

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Name or id of the subscription.", autocompletion=names_of("subscriptions", "Subscription")
    ),
]
Events = Annotated[
    list[str] | None,
    typer.Option(
        "--event",
        "-e",
        metavar="GLOB",
        help="Types of events, such as 'WORKFLOW_*'; again for more. Default: all of workflows and tasks.",
        show_default=False,
    ),
]
Workflows = Annotated[
    list[str] | None,
    typer.Option("--workflow", "-w", metavar="GLOB", help="Names of workflows; again for more.", show_default=False),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="TAG", help="Tag that the execution must have; again for more.", show_default=False),
]
States = Annotated[
    list[str] | None,
    typer.Option("--state", "-s", metavar="STATE", help="State that it leads to; again for more.", show_default=False),
]
Condition = Annotated[
    str | None,
    typer.Option(
        "--if", metavar="EXPRESSION", help="Condition over the payload, in YAQL or Jinja.", show_default=False
    ),
]
Publisher = Annotated[
    list[str] | None,
    typer.Option(
        "--publisher",
        "-p",
        metavar="K=V|JSON|@FILE",
        help="Type and settings, such as -p type=webhook -p url=https://...; also a JSON object, or @file.",
        show_default=False,
    ),
]
Secrets = Annotated[
    list[str] | None,
    typer.Option(
        "--secret",
        metavar="K=V|JSON|@FILE",
        help="Settings that are never shown again, such as secret=... which signs; given like --publisher.",
        show_default=False,
    ),
]
Description = Annotated[str | None, typer.Option("--description", "-d", help="For people.", show_default=False)]
Webhook = Annotated[
    str, typer.Option("--webhook", metavar="URL", help="Short for -p type=webhook -p url=URL.", show_default=False)
]

add_list(app, SUBSCRIPTION, examples=("mistralctl subscription list --filter 'enabled = false'",))
add_get(app, SUBSCRIPTION, examples=("mistralctl subscription get failures",))


@app.command(
    examples=(
        "mistralctl subscription create failures -e WORKFLOW_FAILED --webhook https://hooks.example/failed",
        "mistralctl subscription create nightly -w 'backup_*' -p type=nats -p subject=backups",
    )
)
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the subscription.")],
    webhook: Webhook = "",
    publisher: Publisher = None,
    secret: Secrets = None,
    event: Events = None,
    workflow: Workflows = None,
    tag: Tags = None,
    state: States = None,
    condition: Condition = None,
    description: Description = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Begin switched off.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Have somebody told from now on."""
    with connected() as mesh:
        stored = mesh.subscriptions.CreateSubscription(
            name=name,
            description=description,
            disabled=disabled,
            event_types=event,
            workflow_names=workflow,
            tags=tag,
            states=_upper(state),
            condition=condition,
            publisher=_publisher(publisher, webhook),
            secrets=object_text(secret, "--secret"),
            request_id=str(uuid4()),
        )
    SUBSCRIPTION.shown(stored.subscription, output)


@app.command(examples=("mistralctl subscription update failures -e 'WORKFLOW_*'",))
def update(
    name: Name,
    rename: Annotated[str, typer.Option("--name", help="New name.", show_default=False)] = "",
    webhook: Webhook = "",
    publisher: Publisher = None,
    secret: Secrets = None,
    event: Events = None,
    workflow: Workflows = None,
    tag: Tags = None,
    state: States = None,
    condition: Condition = None,
    description: Description = None,
    output: Output = Format.TABLE,
) -> None:
    """Change what is named; publisher, secrets and lists are replaced as a whole."""
    with connected() as mesh:
        stored = mesh.subscriptions.UpdateSubscription(
            identifier=name,
            name=rename,
            description=description,
            event_types=event,
            workflow_names=workflow,
            tags=tag,
            states=_upper(state),
            condition=condition,
            publisher=_publisher(publisher, webhook),
            secrets=object_text(secret, "--secret"),
        )
    SUBSCRIPTION.shown(stored.subscription, output)


@app.command(examples=("mistralctl subscription enable failures",))
def enable(name: Name, output: Output = Format.TABLE) -> None:
    """Switch a subscription on; what is pending is delivered now."""
    _switch(name, True, output)


@app.command(examples=("mistralctl subscription disable failures",))
def disable(name: Name, output: Output = Format.TABLE) -> None:
    """Switch a subscription off; what is pending waits, what happens meanwhile is not told."""
    _switch(name, False, output)


@app.command(examples=("mistralctl subscription test failures",))
def test(name: Name) -> None:
    """Tell it something that happened nowhere, and say how that went."""
    with connected() as mesh:
        trial = mesh.subscriptions.TestSubscription(identifier=name)
    if not trial.delivered:
        raise CommandError(f"not delivered: {trial.error} (after {trial.milliseconds} ms)")
    typer.echo(f"delivered in {trial.milliseconds} ms")


@app.command(examples=("mistralctl subscription log failures --filter 'delivered = false'",))
def log(
    name: Name,
    filter: Filters = None,
    sort: Sort = "-created_at",
    limit: Limit = 20,
    all: All = False,
    output: Output = Format.TABLE,
) -> None:
    """Show the last attempts at deliveries, newest first."""
    wanted = Wanted(limit=None if all else limit, filters=filter or (), sort=sort, fields={"identifier": name})
    with connected() as mesh:
        found = pages(mesh.subscriptions.ListDeliveryAttempts, "delivery_attempts", wanted)
        show_pages(([record(each) for each in page] for page in found), output, _ATTEMPT, label="id")


add_delete(
    app,
    SUBSCRIPTION,
    "Remove subscriptions with what is pending of them, their dead letters and logs.",
    examples=("mistralctl subscription delete failures",),
)


def _switch(name: str, on: bool, output: Format) -> None:
    with connected() as mesh:
        stored = mesh.subscriptions.UpdateSubscription(identifier=name, enabled=on)
    SUBSCRIPTION.shown(stored.subscription, output)


def _publisher(given: list[str] | None, webhook: str) -> str:
    short = [f"url={webhook}", "type=webhook"] if webhook else []
    return object_text([*short, *(given or ())], "--publisher")


def _upper(states: list[str] | None) -> list[str] | None:
    return None if states is None else [state.upper() for state in states]
