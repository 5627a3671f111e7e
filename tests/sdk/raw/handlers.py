"""The actions of the conformance suite, for the worker without an SDK."""

import asyncio
import base64
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mistral.v1 import worker_pb2 as worker
from mistral.v1 import worker_service_pb2 as service

Handler = Callable[["Run", dict[str, Any]], Awaitable[Any]]

WORKER = os.environ.get("MISTRAL_WORKER_ID", "")
KEYS = {
    kid: base64.b64decode(key)
    for kid, key in (pair.split("=", 1) for pair in os.environ.get("MISTRAL_CODEC_KEYS", "").split(",") if pair)
}
MARK = "$mistral.encrypted"
DEFERRED = object()


class Failure(Exception):
    """What a handler says went wrong."""

    def __init__(self, type: str, message: str, details: object, permanent: bool) -> None:
        super().__init__(message)
        self.message = worker.AssignmentFailure(type=type, message=message, permanent=permanent)
        if details is not None:
            self.message.details = dumped(details)


class Run:
    """One assignment in hand."""

    def __init__(self, assignment: worker.Assignment, say: Callable[..., None]) -> None:
        self.assignment = assignment
        self.token = assignment.token
        self.say = say
        self.input: dict[str, Any] = decrypted(json.loads(assignment.input))
        self.task: asyncio.Task[None] | None = None

    def note(self, event: str) -> None:
        """Append a line to the file of the input, if it names one."""
        if file := self.input.get("file"):
            line = f"{event} {WORKER} {self.assignment.idempotency_key} {self.assignment.attempt}\n"
            descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            os.write(descriptor, line.encode())
            os.close(descriptor)

    def before_ack(self) -> None:
        if self.crashes("before-ack"):
            self.die()

    async def after_result(self) -> None:
        if self.crashes("after-result"):
            # The library has taken the message; give the kernel the moment to take it too.
            await asyncio.sleep(0.05)
            self.die()

    def crashes(self, when: str) -> bool:
        return (
            self.assignment.action == "conf.crash"
            and self.input["when"] == when
            and not Path(self.input["once_file"]).exists()
        )

    def die(self) -> None:
        Path(self.input["once_file"]).touch()
        os.kill(os.getpid(), signal.SIGKILL)


def dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def decrypted(value: Any) -> Any:
    """Replace what is marked as encrypted, anywhere."""
    match value:
        case {"$mistral.encrypted": dict(sealed)}:
            iv, data = base64.b64decode(sealed["iv"]), base64.b64decode(sealed["data"])
            return json.loads(AESGCM(KEYS[sealed["kid"]]).decrypt(iv, data, sealed["kid"].encode()))
        case dict():
            return {key: decrypted(item) for key, item in value.items()}
        case list():
            return [decrypted(item) for item in value]
    return value


def encrypted(value: object) -> dict[str, Any]:
    kid = os.environ["MISTRAL_CODEC_KID"]
    iv = os.urandom(12)
    data = AESGCM(KEYS[kid]).encrypt(iv, dumped(value), kid.encode())
    sealed = {
        "alg": "A256GCM",
        "kid": kid,
        "iv": base64.b64encode(iv).decode(),
        "data": base64.b64encode(data).decode(),
    }
    return {MARK: sealed}


async def outcome(run: Run) -> worker.AssignmentResult:
    """Run the handler, and say what came of it."""
    result = worker.AssignmentResult(token=run.token)
    try:
        value = await HANDLERS[run.assignment.action](run, run.input)
    except Failure as failure:
        result.failure.CopyFrom(failure.message)
    except asyncio.CancelledError:
        result.cancellation.SetInParent()
    except Exception as error:
        result.failure.type, result.failure.message = type(error).__name__, str(error)
    else:
        if value is DEFERRED:
            result.deferral.SetInParent()
        else:
            result.success.output = dumped(value)
    return result


async def echo(run: Run, given: dict[str, Any]) -> object:
    return given


async def fail(run: Run, given: dict[str, Any]) -> object:
    run.note("begin")
    raise Failure(
        given.get("type", ""), given.get("message", ""), given.get("details"), bool(given.get("permanent", False))
    )


async def odd(run: Run, given: dict[str, Any]) -> object:
    raise ZeroDivisionError("odd")


async def sleep(run: Run, given: dict[str, Any]) -> object:
    run.note("begin")
    try:
        await asyncio.sleep(given["seconds"])
    except asyncio.CancelledError:
        run.note("cancelled")
        raise
    run.note("end")
    return {"slept": given["seconds"]}


async def progress(run: Run, given: dict[str, Any]) -> object:
    details = run.assignment.progress_details
    first = (json.loads(details)["step"] if details else 0) + 1
    steps = given["steps"]
    for step in range(first, steps + 1):
        await asyncio.sleep(given.get("seconds", 0.05))
        said = worker.AssignmentProgress(token=run.token, percent=100 * step / steps, details=dumped({"step": step}))
        line = said.lines.add(level=worker.LOG_LEVEL_INFO, message=f"step {step}")
        line.time.GetCurrentTime()
        run.say(progress=service.WorkerProgress(progress=[said]))
        run.note("step")
    return {"from": first, "steps": steps}


async def crash(run: Run, given: dict[str, Any]) -> object:
    run.note("begin")
    if run.crashes("running"):
        run.die()
    return "survived"


async def defer(run: Run, given: dict[str, Any]) -> object:
    run.note("begin")
    return DEFERRED


async def secret(run: Run, given: dict[str, Any]) -> object:
    return {"secret": encrypted(given["secret"]), "length": len(given["secret"])}


async def blob(run: Run, given: dict[str, Any]) -> object:
    return chr(given.get("letter", 120)) * given["size"]


HANDLERS: dict[str, Handler] = {
    f"conf.{handler.__name__}": handler for handler in (echo, fail, odd, sleep, progress, crash, defer, secret, blob)
}
_TEXT, _NUMBER, _COUNT = {"type": "string"}, {"type": "number"}, {"type": "integer"}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "conf.sleep": {"properties": {"seconds": _NUMBER, "file": _TEXT}, "required": ["seconds"]},
    "conf.progress": {"properties": {"steps": _COUNT, "seconds": _NUMBER, "file": _TEXT}, "required": ["steps"]},
    "conf.crash": {
        "properties": {"when": _TEXT, "once_file": _TEXT, "file": _TEXT},
        "required": ["when", "once_file"],
    },
    "conf.blob": {"properties": {"size": _COUNT, "letter": _COUNT}, "required": ["size"]},
}
OFFERS = [
    worker.ActionOffer(
        name=name,
        description=f"Conformance: {name}.",
        input_schema=json.dumps({"type": "object", **_SCHEMAS[name]}) if name in _SCHEMAS else "",
    )
    for name in HANDLERS
]
