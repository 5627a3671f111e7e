"""The worker program of the conformance suite; tests/sdk/README.md says what its actions must do."""

import asyncio
import json
import logging
import os
import signal
from pathlib import Path
from typing import Any

from mistral_sdk import Context, Deferred, Failure, Observer, Worker, action
from mistral_sdk.stubs import worker_pb2


def main() -> None:
    """Work until SIGTERM."""
    logging.basicConfig(level=os.environ.get("MISTRAL_LOG_LEVEL", "WARNING"))
    actions = (echo, fail, odd, sleep, progress, crash, defer, secret, blob)
    Worker(actions=actions, observer=Program()).run()


class Program(Observer):
    """Says when it is ready, and dies when it is told to."""

    def connected(self, session: str, executor: str) -> None:
        print("ready", flush=True)

    def received(self, assignment: worker_pb2.Assignment) -> None:
        if assignment.action == "conf.crash":
            given = json.loads(assignment.input)
            if given.get("when") == "before-ack":
                die_once(given["once_file"])
            elif given.get("when") == "after-result" and not Path(given["once_file"]).exists():
                DOOMED[assignment.token] = given["once_file"]

    def sent(self, result: worker_pb2.AssignmentResult) -> None:
        if result.token in DOOMED:
            die_once(DOOMED[result.token])


DOOMED: dict[str, str] = {}
"""Files of the runs after whose results the program dies, by token."""


def die_once(once_file: str) -> None:
    """End as by a power cut, unless that was done already."""
    if not Path(once_file).exists():
        Path(once_file).touch()
        os.kill(os.getpid(), signal.SIGKILL)


def note(context: Context, file: str, event: str) -> None:
    """Append a line to the file of the scenario, if there is one."""
    if file:
        line = f"{event} {os.environ.get('MISTRAL_WORKER_ID', '')} {context.idempotency_key} {context.attempt}\n"
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(descriptor, line.encode())
        os.close(descriptor)


@action("conf.echo")
def echo(**given: Any) -> dict[str, Any]:
    """Returns its input."""
    return given


@action("conf.fail")
def fail(
    context: Context, type: str = "", message: str = "", details: Any = None, permanent: bool = False, file: str = ""
) -> None:
    """Fails as it is told."""
    note(context, file, "begin")
    raise Failure(message, type=type, details=details, permanent=permanent)


@action("conf.odd")
async def odd() -> None:
    """Throws what is no error of the SDK."""

    class Odd(BaseException):
        pass

    raise Odd("odd")


@action("conf.sleep")
async def sleep(context: Context, seconds: float, file: str = "") -> dict[str, float]:
    """Sleeps."""
    note(context, file, "begin")
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        note(context, file, "cancelled")
        raise
    note(context, file, "end")
    return {"slept": int(seconds) if seconds == int(seconds) else seconds}


@action("conf.progress")
def progress(context: Context, steps: int, seconds: float = 0.05, file: str = "") -> dict[str, int]:
    """Goes step by step, and tells each."""
    last = context.last_progress
    first = (last["step"] if last else 0) + 1
    for step in range(first, steps + 1):
        context.sleep(seconds)
        context.progress(percent=100 * step / steps, details={"step": step})
        context.log.info("step %d", step)
        note(context, file, "step")
    return {"from": first, "steps": steps}


@action("conf.crash")
async def crash(context: Context, when: str, once_file: str, file: str = "") -> str:
    """Kills its process, once."""
    note(context, file, "begin")
    if when == "running":
        die_once(once_file)
    return "survived"


@action("conf.defer")
def defer(context: Context, file: str = "") -> Deferred:
    """Is completed later."""
    note(context, file, "begin")
    return context.defer()


@action("conf.secret", encrypt=["secret"])
def secret(secret: str) -> dict[str, Any]:
    """Returns a secret, encrypted."""
    return {"secret": secret, "length": len(secret)}


@action("conf.blob")
def blob(size: int, letter: int = 120) -> str:
    """Returns a long text."""
    return chr(letter) * size


if __name__ == "__main__":
    main()
