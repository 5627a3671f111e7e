"""``mistralctl fleet``: temporary workers, how they are started and which there are."""

from enum import StrEnum
from typing import Annotated

import typer

from mistral_cli.completion import names_of
from mistral_cli.connection import connected
from mistral_cli.given import object_text
from mistral_cli.group import Group
from mistral_cli.options import Format, Output, Scope, scope_message
from mistral_cli.printing import show_all
from mistral_cli.record import record
from mistral_cli.resource import Resource, add_delete, add_get, add_list

app = Group(help="Keep fleets: temporary workers for executions that ask for them.")

FLEET = Resource(
    name="fleet",
    service="fleets",
    message="Fleet",
    key="name",
    columns=("name", "driver", "most_workers", "slots", "idle_seconds", "scope", "created_at"),
    namespaced=False,
)


class Driver(StrEnum):
    """What starts the workers."""

    PROCESS = "process"
    KUBERNETES = "kubernetes"


Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="Name of the fleet.", autocompletion=names_of("fleets", "Fleet")),
]
Template = Annotated[
    list[str] | None,
    typer.Option(
        "--template",
        "-t",
        metavar="K=V|JSON|@FILE",
        help="How to start one: command, env and what the driver needs beside; a JSON object, or @file.",
        show_default=False,
    ),
]
Description = Annotated[str | None, typer.Option("--description", help="Free text.", show_default=False)]
MostWorkers = Annotated[
    int, typer.Option("--most-workers", min=1, max=1000, help="Most workers for one execution.", show_default=False)
]
Slots = Annotated[
    int, typer.Option("--slots", min=1, max=1000, help="Runs that a worker takes at once.", show_default=False)
]
IdleSeconds = Annotated[
    int,
    typer.Option(
        "--idle-seconds", min=1, max=86400, help="A worker ends after so long without work.", show_default=False
    ),
]

add_list(app, FLEET, examples=("mistralctl fleet list",))
add_get(app, FLEET, examples=("mistralctl fleet get segmenters -o yaml",))


@app.command(
    examples=(
        'mistralctl fleet create segmenters -t \'{"command": ["python", "segmenter.py"]}\' --most-workers 100',
        "mistralctl fleet create renderers --driver kubernetes -t @renderers.json",
    )
)
def create(
    name: Name,
    template: Template = None,
    driver: Annotated[Driver, typer.Option("--driver", help="What starts the workers.")] = Driver.PROCESS,
    description: Description = None,
    most_workers: MostWorkers = 0,
    slots: Slots = 0,
    idle_seconds: IdleSeconds = 0,
    scope: Scope = None,
    output: Output = Format.TABLE,
) -> None:
    """Store a fleet; a task asks for its workers by `worker: {fleet: NAME}`."""
    with connected() as mesh:
        stored = mesh.fleets.CreateFleet(
            name=name,
            driver=f"FLEET_DRIVER_{driver.upper()}",
            template=object_text(template, "--template"),
            description=description or "",
            most_workers=most_workers,
            slots=slots,
            idle_seconds=idle_seconds,
            scope=scope_message(scope),
        )
    FLEET.shown(stored.fleet, output)


@app.command(examples=("mistralctl fleet update segmenters --most-workers 20",))
def update(
    name: Name,
    template: Template = None,
    driver: Annotated[Driver | None, typer.Option("--driver", help="What starts the workers.")] = None,
    description: Description = None,
    most_workers: MostWorkers = 0,
    slots: Slots = 0,
    idle_seconds: IdleSeconds = 0,
    scope: Scope = None,
    output: Output = Format.TABLE,
) -> None:
    """Change a fleet; workers that live stay as they were started."""
    with connected() as mesh, FLEET.suggesting(mesh, name):
        stored = mesh.fleets.UpdateFleet(
            name=name,
            driver=f"FLEET_DRIVER_{driver.upper()}" if driver else None,
            template=object_text(template, "--template"),
            description=description,
            most_workers=most_workers,
            slots=slots,
            idle_seconds=idle_seconds,
            scope=scope_message(scope),
        )
    FLEET.shown(stored.fleet, output)


@app.command(examples=("mistralctl fleet workers segmenters", "mistralctl fleet workers segmenters --ended"))
def workers(
    name: Name,
    execution: Annotated[
        str, typer.Option("--execution", metavar="ID", help="Only those of this root execution.", show_default=False)
    ] = "",
    ended: Annotated[bool, typer.Option("--ended", help="Also those that have ended, for a day.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """List the workers of a fleet, newest first."""
    with connected() as mesh, FLEET.suggesting(mesh, name):
        found = mesh.fleets.ListFleetWorkers(name=name, execution_id=execution, ended=ended).workers
    columns = ("worker_id", "execution_id", "state", "handle", "reason", "created_at", "ended_at")
    show_all([record(each) for each in found], output, columns)


add_delete(
    app,
    FLEET,
    "Remove fleets; their workers are asked to leave.",
    examples=("mistralctl fleet delete segmenters",),
)
