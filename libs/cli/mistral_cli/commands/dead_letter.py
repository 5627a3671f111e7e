"""``mistralctl dead-letter``: what could not be told to somebody outside."""

from typing import Annotated, Any

import typer

from mistral_cli.bulk import confirmed
from mistral_cli.connection import Mesh, connected
from mistral_cli.errors import USAGE, CommandError
from mistral_cli.group import Group
from mistral_cli.options import Yes
from mistral_cli.resource import Resource, add_get, add_list

app = Group(help="Show deliveries that were given up, and try them anew.")

DEAD_LETTER = Resource(
    name="dead letter",
    service="dead_letters",
    message="DeadLetter",
    key="id",
    label="id",
    columns=("id", "event", "execution_id", "destination", "attempts", "error", "given_up_at"),
    namespaced=False,
)

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID", help="Id of each.", show_default=False)]
Subscription = Annotated[
    str,
    typer.Option("--subscription", metavar="NAME", help="All of this subscription, by name or id.", show_default=False),
]
Every = Annotated[bool, typer.Option("--all", help="All of the project.")]

add_list(app, DEAD_LETTER, examples=("mistralctl dead-letter list --filter 'event = WORKFLOW_FAILED'",))
add_get(app, DEAD_LETTER, examples=("mistralctl dead-letter get ID",))


@app.command(examples=("mistralctl dead-letter replay ID", "mistralctl dead-letter replay --subscription failures"))
def replay(ids: Ids = None, subscription: Subscription = "", all: Every = False) -> None:
    """Try dead letters anew, as if they had never been tried."""
    with connected() as mesh:
        answer = mesh.dead_letters.ReplayDeadLetters(**_which(mesh, ids, subscription, every=all))
    typer.echo(f"{answer.replayed} to be delivered again")


@app.command(examples=("mistralctl dead-letter delete ID", "mistralctl dead-letter delete --all --yes"))
def delete(ids: Ids = None, subscription: Subscription = "", all: Every = False, yes: Yes = False) -> None:
    """Forget dead letters."""
    with connected() as mesh:
        which = _which(mesh, ids, subscription, every=all)
        confirmed("delete dead letters of the project" if all else "delete dead letters", yes or bool(ids))
        answer = mesh.dead_letters.DeleteDeadLetters(**which)
    typer.echo(f"{answer.deleted} forgotten")


def _which(mesh: Mesh, ids: list[str] | None, subscription: str, *, every: bool) -> dict[str, Any]:
    if not ids and not subscription and not every:
        raise CommandError("say which dead letters: ids, --subscription, or --all", USAGE)
    found = mesh.subscriptions.GetSubscription(identifier=subscription).subscription.id if subscription else ""
    return {"ids": ids, "subscription_id": found, "all": every}
