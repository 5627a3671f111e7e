"""Watching all executions of a project: each event a line, over restarts of gateways, until Ctrl-C."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import grpc

from mistral_cli.connection import Mesh
from mistral_cli.errors import INTERRUPTED, TIMED_OUT, CommandError, code_name
from mistral_cli.options import Format
from mistral_cli.printing import note
from mistral_cli.progress.events import print_event
from mistral_cli.surroundings import current

_PATIENCE_SECONDS = 30.0
_AGAIN_SECONDS = 0.5


def watch_project(
    mesh: Mesh, condition: str, states: Sequence[str], output: Format, *, tasks: bool, token: str
) -> None:
    """Print what happens until Ctrl-C or ``--timeout``.

    Raises:
        CommandError: Always in the end; says how to go on.
    """
    wanted = {"filter": condition, "states": states, "include_tasks": tasks}
    reached = token
    try:
        for answer in _answers(mesh, wanted, token):
            if not reached and not answer.HasField("event"):
                note("watching; Ctrl-C ends it")
            reached = answer.resume_token or reached
            if answer.HasField("event"):
                print_event(answer.event, output, workflow=answer.workflow_name)
    except KeyboardInterrupt:
        raise CommandError("stopped", INTERRUPTED, hint=_on_from(reached)) from None
    except TimeoutError:
        raise CommandError("the time of --timeout is over", TIMED_OUT, hint=_on_from(reached)) from None


def _answers(mesh: Mesh, wanted: dict[str, Any], token: str) -> Iterator[Any]:
    deadline = None if (seconds := current().timeout) is None else time.monotonic() + seconds
    failed_at = 0.0
    while True:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError
        try:
            for answer in mesh.executions.WatchExecutions.lasting(left, {**wanted, "resume_token": token}):
                token, failed_at = answer.resume_token or token, 0.0
                yield answer
        except grpc.RpcError as error:
            if code_name(error) == "DEADLINE_EXCEEDED":
                raise TimeoutError from None
            failed_at = failed_at or time.monotonic()
            # Before anything came it is told at once that nobody is there.
            if code_name(error) != "UNAVAILABLE" or not token or time.monotonic() - failed_at > _PATIENCE_SECONDS:
                raise
        time.sleep(_AGAIN_SECONDS)


def _on_from(token: str) -> str:
    return f"the same command with --resume {token} goes on from here" if token else ""
