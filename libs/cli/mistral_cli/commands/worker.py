"""``mistralctl worker``: which workers are connected, what they offer and what they have in hand."""

from typing import Annotated, Any

import typer

from mistral_cli.connection import connected
from mistral_cli.group import Group
from mistral_cli.options import AllProjects, Format, Output
from mistral_cli.printing import show, show_all
from mistral_cli.record import record

app = Group(help="Show the workers that are connected.")

_COLUMNS = ("id", "sdk", "actions", "queues", "running", "credits", "finished", "transport", "executor", "connected_at")


@app.command("list", examples=("mistralctl worker list", "mistralctl worker list --action images.resize"))
def list_(
    action: Annotated[
        str, typer.Option("--action", metavar="NAME", help="Only those that offer this action.", show_default=False)
    ] = "",
    queue: Annotated[
        str, typer.Option("--queue", metavar="NAME", help="Only those that serve this queue.", show_default=False)
    ] = "",
    all_projects: AllProjects = False,
    output: Output = Format.TABLE,
) -> None:
    """List workers, by id."""
    with connected() as mesh:
        found = mesh.workers.ListWorkers(action=action, queue=queue, all_projects=all_projects).workers
    columns = (*_COLUMNS, "project_id") if all_projects else _COLUMNS
    whole = output is not Format.TABLE
    show_all([_flat(record(each), whole=whole) for each in found], output, columns)


@app.command(examples=("mistralctl worker get resizer-3", "mistralctl worker get resizer-3 -o yaml"))
def get(
    worker: Annotated[str, typer.Argument(metavar="ID", help="Id of the worker.")],
    output: Output = Format.TABLE,
) -> None:
    """Show a worker."""
    with connected() as mesh:
        found = mesh.workers.GetWorker(id=worker).worker
    show(_flat(record(found), whole=output is not Format.TABLE), output)


def _flat(worker: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    """Return a worker as one record; a table has the names of actions alone."""
    described = worker.pop("description")
    if not whole:
        described["actions"] = ", ".join(offer["name"] for offer in described["actions"])
        described["queues"] = ", ".join(described["queues"]) or "default"
    return {**described, **worker}
