"""``mistralctl up``, ``down`` and ``status``: the mesh on this machine."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from mistral_cli.errors import CommandError
from mistral_cli.options import Format, Home, Output
from mistral_cli.printing import console, dump, show_all

if TYPE_CHECKING:
    from mistral_mesh import MeshStatus

_COLUMNS = ("name", "state", "pid", "restarts", "address")

_Mtls = Annotated[bool, typer.Option("--mtls", help="Services know each other by certificates, made in the home.")]


def up(
    gateways: Annotated[int | None, typer.Option(min=1, help="How many gateways.", show_default="1")] = None,
    engines: Annotated[int | None, typer.Option(min=1, help="How many engines.", show_default="1")] = None,
    executors: Annotated[int | None, typer.Option(min=1, help="How many executors.", show_default="1")] = None,
    schedulers: Annotated[int | None, typer.Option(min=1, help="How many schedulers.", show_default="1")] = None,
    notifiers: Annotated[int | None, typer.Option(min=1, help="How many notifiers.", show_default="1")] = None,
    http_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port of the REST API; 0 picks a free one.", show_default="8989"),
    ] = None,
    grpc_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port of the gRPC API; 0 picks a free one.", show_default="50051"),
    ] = None,
    mtls: _Mtls = False,
    home: Home = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Return once it is well, and leave it in the background.")
    ] = False,
) -> None:
    """Run the mesh on this machine.

    In the foreground until Ctrl-C, or with --wait in the background.

    Without MISTRAL_DATABASE_URL and MISTRAL_NATS_URL it brings its own Postgres and NATS. Data is kept in the home.
    """
    from mistral_mesh import Plan, up_in_background
    from mistral_mesh import up as run

    plan = Plan.read(
        os.environ,
        home=home,
        gateways=gateways,
        engines=engines,
        executors=executors,
        schedulers=schedulers,
        notifiers=notifiers,
        http_port=http_port,
        grpc_port=grpc_port,
        mtls=mtls,
    )
    if wait:
        _announce(up_in_background(plan))
        return
    console(stderr=True).print(f"starting the mesh in {plan.home}; Ctrl-C stops it", style="dim")
    run(plan, on_ready=_announce)


def down(home: Home = None) -> None:
    """Stop the mesh of a home."""
    from mistral_mesh import Plan
    from mistral_mesh import down as stop

    folder = Plan.read(os.environ, home=home).home
    typer.echo(f"stopped the mesh in {folder}" if stop(folder) else f"no mesh ran in {folder}")


def status(home: Home = None, output: Output = Format.TABLE) -> None:
    """Show the processes of a mesh.

    Exit code 1 if none runs or something is not well.
    """
    from mistral_mesh import Plan
    from mistral_mesh import status as look

    folder = Plan.read(os.environ, home=home).home
    found = look(folder)
    if found is None:
        raise CommandError(f"no mesh runs in {folder}; start one with `mistralctl up`")
    programs = [
        {name: getattr(program, name) for name in _COLUMNS} | {"state": str(program.state).upper()}
        for program in found.programs
    ]
    if output is Format.TABLE:
        _announce(found)
        show_all(programs, output, _COLUMNS)
    elif output is Format.NAME:
        show_all(programs, output, _COLUMNS, label="name")
    else:
        whole = {"home": str(found.home), "ready": found.ready, "http_url": found.http_url}
        dump(whole | {"grpc_address": found.grpc_address, "pid": found.pid, "programs": programs}, output)
    if any(program["state"] != "WELL" for program in programs):
        raise typer.Exit(1)


def _announce(mesh: "MeshStatus") -> None:
    out = console()
    out.print(
        "the mesh is well" if mesh.ready else "the mesh is not well", style="bold green" if mesh.ready else "yellow"
    )
    for name, value in (("REST", mesh.http_url), ("gRPC", mesh.grpc_address), ("home", mesh.home)):
        out.print(f"  {name:5} {value}")
