"""Following an execution to its end: when to look again, how to show it, and what to print in the end."""

import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc

from mistral_cli.connection import Mesh
from mistral_cli.errors import FAILED, INTERRUPTED, TIMED_OUT, CommandError
from mistral_cli.options import Format
from mistral_cli.printing import STATE_STYLES, console, dump, show
from mistral_cli.progress.lines import Lines, Silence
from mistral_cli.progress.snapshot import ExecutionView, Snapshots
from mistral_cli.progress.tree import LiveTree
from mistral_cli.progress.words import time_taken
from mistral_cli.record import record
from mistral_cli.surroundings import current

# Sub-workflows send no events to the stream of their parent, so look without being told as well.
_LOOK_SECONDS = 0.3
_APART_SECONDS = 0.05
_PATIENCE_SECONDS = 30.0


def follow(mesh: Mesh, execution_id: str, output: Format, *, hint: str = "") -> int:
    """Show an execution until it is final, print what it gave, and return the exit code.

    With a table as output the progress goes to standard output, else to the error output.

    Args:
        hint: What to say when the user has seen enough before it is final.
    """
    view: ExecutionView | None = None
    goes_on = hint or f"it goes on; `mistralctl watch {execution_id}` shows it again"
    try:
        with _display(output) as display:
            for view in _views(mesh, execution_id):
                display.show(view)
    except KeyboardInterrupt:
        raise CommandError(goes_on, INTERRUPTED) from None
    except TimeoutError:
        raise CommandError(goes_on, TIMED_OUT) from None
    assert view is not None
    _conclude(view, output)
    return 0 if view.state == "SUCCESS" else FAILED


def _display(output: Format) -> LiveTree | Lines | Silence:
    if current().quiet:
        return Silence()
    stderr = output is not Format.TABLE
    stream = sys.stderr if stderr else sys.stdout
    return LiveTree(console(stderr=stderr)) if stream.isatty() else Lines(stream)


def _views(mesh: Mesh, execution_id: str) -> Iterator[ExecutionView]:
    snapshots = Snapshots(mesh)
    view = snapshots.take(execution_id)
    yield view
    if view.is_final:
        return
    deadline = None if (seconds := current().timeout) is None else time.monotonic() + seconds
    with _Changes(mesh, execution_id) as changes:
        took = 0.0
        while not view.is_final:
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError
            changes.wait(_LOOK_SECONDS)
            # Looking at something large shall not keep the mesh busy.
            time.sleep(max(_APART_SECONDS, took))
            begun = time.monotonic()
            view = _taken(snapshots, execution_id)
            took = time.monotonic() - begun
            yield view


def _taken(snapshots: Snapshots, execution_id: str) -> ExecutionView:
    """Look, and have some patience with a mesh of which something is being restarted."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return snapshots.take(execution_id)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE or time.monotonic() > deadline:
                raise
        time.sleep(_LOOK_SECONDS)


class _Changes:
    """Tells when something happened to an execution, by its event stream, read in a thread."""

    def __init__(self, mesh: Mesh, execution_id: str) -> None:
        self._stream: Any = mesh.executions.WatchExecution(id=execution_id)
        self._changed = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> "_Changes":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.cancel()
        self._thread.join()

    def wait(self, seconds: float) -> None:
        self._changed.wait(seconds)
        self._changed.clear()

    def _read(self) -> None:
        try:
            for _ in self._stream:
                self._changed.set()
        except grpc.RpcError:
            # Cancelled by us, or broken: then looking now and then has to do.
            return


def _conclude(view: ExecutionView, output: Format) -> None:
    result = record(view.message)
    if output is not Format.TABLE:
        show(result, output, label="id")
        return
    out = console()
    if not current().quiet:
        out.print()
    out.print(f"{view.state} in {time_taken(view, time.time())}", style=STATE_STYLES.get(view.state, ""))
    if view.state != "SUCCESS" and view.info:
        out.print(view.info, markup=False)
    if result["output"]:
        dump(result["output"], Format.JSON)
