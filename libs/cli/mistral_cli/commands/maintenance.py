"""``mistralctl maintenance``: the mesh brought to a standstill, and let go again."""

import time
from typing import Annotated, Any

import typer

from mistral_cli.connection import connected
from mistral_cli.errors import TIMED_OUT, CommandError
from mistral_cli.group import Group
from mistral_cli.options import Format, Output
from mistral_cli.printing import note, show
from mistral_cli.record import record

app = Group(help="Bring the mesh to a standstill for maintenance, and let it work again.")

Wait = Annotated[
    float | None,
    typer.Option(
        "--wait", metavar="SECONDS", min=0, help="Answer only once that is done, but after so long at the latest."
    ),
]
_APART_SECONDS = 0.25


@app.command(examples=("mistralctl maintenance status",))
def status(output: Output = Format.TABLE) -> None:
    """Show whether the mesh works, and what a standstill still waits for."""
    with connected() as mesh:
        _show(mesh.maintenance.GetMaintenance(), output)


@app.command(examples=("mistralctl maintenance on --wait 600",))
def on(wait: Wait = None, output: Output = Format.TABLE) -> None:
    """Let nothing new begin, pause what runs, and wait for the tasks that run; reading stays possible."""
    with connected() as mesh:
        answer = mesh.maintenance.EnterMaintenance()
        if wait is not None:
            answer = _until(mesh, lambda now: now.status == _status("PAUSED"), wait)
    _show(answer, output)


@app.command(examples=("mistralctl maintenance off",))
def off(wait: Wait = None, output: Output = Format.TABLE) -> None:
    """Let the mesh work again; what was paused for maintenance goes on, what others had paused does not."""
    with connected() as mesh:
        answer = mesh.maintenance.LeaveMaintenance()
        if wait is not None:
            answer = _until(mesh, lambda now: not now.paused_executions, wait)
    _show(answer, output)


def _show(answer: Any, output: Format) -> None:
    show(record(answer.maintenance), output, label="status")


def _status(name: str) -> int:
    from mistral.v1.maintenance_pb2 import MaintenanceStatus

    return MaintenanceStatus.Value(f"MAINTENANCE_STATUS_{name}")


def _until(mesh: Any, is_done: Any, seconds: float) -> Any:
    deadline, told = time.monotonic() + seconds, 0
    while True:
        answer = mesh.maintenance.GetMaintenance()
        now = answer.maintenance
        if is_done(now):
            return answer
        if time.monotonic() >= deadline:
            raise CommandError(
                f"not done after {seconds:g} s, it goes on: see `mistralctl maintenance status`", TIMED_OUT
            )
        left = now.running or now.paused_executions
        if left != told:
            note(f"waiting: {now.running} running, {now.paused_executions} paused")
            told = left
        time.sleep(_APART_SECONDS)
