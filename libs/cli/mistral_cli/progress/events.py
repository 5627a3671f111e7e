"""Events: what happened to one execution, or happens to all of a project, one line each and each with its position."""

import json
import queue
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc

from mistral_cli.connection import Mesh
from mistral_cli.errors import INTERRUPTED, TIMED_OUT, CommandError, code_name
from mistral_cli.options import Format
from mistral_cli.printing import STATE_STYLES, dump, note
from mistral_cli.record import record
from mistral_cli.surroundings import current
from mistral_cli.terminal import columns as terminal_columns
from mistral_cli.terminal import cut, harmless, padded, styled
from mistral_cli.when import clock

# The mesh sends at once what it has: what comes later than this happened later.
_QUIET_SECONDS = 1.0
_FIRST_SECONDS = 30.0
_AGAIN_SECONDS = 0.5
_NAME_WIDTH = 24
_WORKFLOW_WIDTH = 20


def show_events(mesh: Mesh, execution_id: str, output: Format, *, follow: bool, after: int) -> None:
    """Print the events of an execution after a position; ``follow`` goes on until it is final.

    Raises:
        CommandError: If it was interrupted or took too long; says how to go on from the last position.
    """
    position = after
    try:
        for event in _followed(mesh, execution_id, after) if follow else _past(mesh, execution_id, after):
            print_event(event, output)
            position = event.position
    except KeyboardInterrupt:
        raise CommandError(_on_from(execution_id, position), INTERRUPTED) from None
    except TimeoutError:
        raise CommandError("it is not over yet", TIMED_OUT, hint=_on_from(execution_id, position)) from None
    if not follow and not _is_final(mesh, execution_id):
        note(f"it goes on; {_on_from(execution_id, position)}")


def print_event(event: Any, output: Format, *, workflow: str | None = None) -> None:
    """Print an event: a line of a table, a line of JSON, a document of YAML, or the id of its execution."""
    fields = record(event) | ({} if workflow is None else {"workflow_name": workflow})
    match output:
        case Format.JSON:
            print(json.dumps(fields, ensure_ascii=False))
        case Format.YAML:
            print("---")
            dump(fields, output)
        case Format.NAME:
            print(fields["execution_id"])
        case _:
            print(_line(fields))
    sys.stdout.flush()


def _line(fields: dict[str, Any]) -> str:
    if "workflow_name" in fields:
        first = f"{fields['execution_id']}  {_column(fields['workflow_name'], _WORKFLOW_WIDTH)}"
    else:
        first = f"{fields['position']:>6}"
    name = fields["task_name"] or ("" if "workflow_name" in fields else "(execution)")
    state = fields["state"]
    info = " ".join(harmless(fields["state_info"]).split())
    start = f"{clock(fields['at'])}  {first}  "
    middle = f"{_column(name, _NAME_WIDTH)}  " if name or "workflow_name" not in fields else ""
    room = terminal_columns()
    plain = f"{start}{middle}{state.ljust(9)}  {info}".rstrip()
    shown = plain if room is None else cut(plain, room)
    return shown.replace(f"  {state}", f"  {styled(state, STATE_STYLES.get(state, ''))}", 1)


def _column(text: str, most: int) -> str:
    return padded(cut(harmless(text), most), most)


def _followed(mesh: Mesh, execution_id: str, after: int) -> Iterator[Any]:
    """Yield events until the execution is final, over restarts of gateways; TimeoutError if that takes too long."""
    deadline = None if (seconds := current().timeout) is None else time.monotonic() + seconds
    position, failed_at = after, 0.0
    while True:
        try:
            for event in _stream(mesh, execution_id, position, deadline):
                position, failed_at = event.position, 0.0
                yield event
            return
        except grpc.RpcError as error:
            failed_at = failed_at or time.monotonic()
            if code_name(error) != "UNAVAILABLE" or time.monotonic() - failed_at > _FIRST_SECONDS:
                raise
        time.sleep(_AGAIN_SECONDS)


def _past(mesh: Mesh, execution_id: str, after: int) -> Iterator[Any]:
    """Yield what has happened by now."""
    final = _is_final(mesh, execution_id)
    patience = None if final else time.monotonic() + (_QUIET_SECONDS if after else _FIRST_SECONDS)
    try:
        yield from _stream(mesh, execution_id, after, patience, quiet=None if final else _QUIET_SECONDS)
    except TimeoutError:
        return


def _stream(
    mesh: Mesh, execution_id: str, after: int, deadline: float | None, *, quiet: float | None = None
) -> Iterator[Any]:
    """Yield events as they come.

    Args:
        deadline: When to give up, on the monotonic clock.
        quiet: After each event, how many seconds to wait for the next one at most.

    Raises:
        TimeoutError: If the time is over.
    """
    stream = mesh.executions.WatchExecution(id=execution_id, after_position=after)
    read: queue.Queue[Any] = queue.Queue()
    thread = threading.Thread(target=_read, args=(stream, read), daemon=True)
    thread.start()
    try:
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                item = read.get(timeout=left)
            except queue.Empty:
                raise TimeoutError from None
            if isinstance(item, Exception):
                raise item
            if item is None:
                return
            yield item.event
            deadline = deadline if quiet is None else time.monotonic() + quiet
    finally:
        stream.cancel()
        thread.join()


def _read(stream: Any, read: "queue.Queue[Any]") -> None:
    try:
        for item in stream:
            read.put(item)
        read.put(None)
    except grpc.RpcError as error:
        read.put(error)


def _is_final(mesh: Mesh, execution_id: str) -> bool:
    return bool(mesh.executions.GetExecution(id=execution_id).execution.HasField("finished_at"))


def _on_from(execution_id: str, position: int) -> str:
    return f"`mistralctl execution events {execution_id} --follow --after {position}` goes on from here"
