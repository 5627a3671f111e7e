"""The audit log: one line for every call that changes something, with who, what and how it ended.

Never what was sent: no inputs, no texts of definitions, no secrets.
"""

import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from mistral_api_gateway.operations.caller import Caller
from mistral_runtime import telemetry
from mistral_runtime.settings import SettingError

LOGGER: Final = "mistral.audit"
MOST_IDS: Final = 100
"""Most ids of one line; a call may make a thousand things."""

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_LONGEST: Final = 255
_TRACE: Final = slice(3, 35)
_LOOK_SECONDS: Final = 1.0

_log = logging.getLogger(LOGGER)


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line.

    Attributes:
        time: UTC, ISO 8601.
        door: ``rest`` or ``grpc``.
        call: Such as ``DELETE /v2/workflows/{id}`` or ``mistral.v1.WorkflowService/DeleteWorkflow``.
        ids: Ids, or names, of what was meant or made; at most 100.
        code: Status of HTTP, or of gRPC by its name.
    """

    time: str
    user: str
    project: str
    roles: list[str]
    admin: bool
    door: str
    call: str
    rule: str
    resource: str
    ids: list[str]
    code: str
    request_id: str
    trace_id: str


class Audit:
    """Writes the lines."""

    def record(
        self, caller: Caller, *, door: str, call: str, rule: str, ids: list[str], code: str, request_id: str
    ) -> None:
        """Write a line about a call that has ended."""
        line = AuditLine(
            time=datetime.now(UTC).isoformat(timespec="milliseconds"),
            user=caller.user,
            project=caller.project,
            roles=sorted(caller.roles),
            admin=caller.admin,
            door=door,
            call=call,
            rule=rule,
            resource=rule.partition(":")[0],
            ids=[each[:_LONGEST] for each in ids[:MOST_IDS]],
            code=code,
            request_id=request_id,
            trace_id=(telemetry.current_traceparent() or "")[_TRACE],
        )
        # Not by ``info``, which would look for where it was called.
        record = logging.LogRecord(LOGGER, logging.INFO, "", 0, f"{call} {code}", None, None)
        record.audit = line
        _log.handle(record)


def request_id_of(sent: str | None) -> str:
    """Return the request id that a client sent, if it is fit for a log, or a new one."""
    return sent if sent and _REQUEST_ID.fullmatch(sent) else f"req-{os.urandom(16).hex()}"


class _Lines(logging.Handler):
    """Appends each line by one write, so that processes may share the file; looks now and then whether it was moved."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._looked = time.monotonic()
        self._file = self._opened()

    def emit(self, record: logging.LogRecord) -> None:
        line: Any = getattr(record, "audit", None)
        if line is None:
            return
        try:
            self._reopen()
            os.write(self._file, msgspec.json.encode(line) + b"\n")
        except OSError:
            self.handleError(record)

    def close(self) -> None:
        os.close(self._file)
        super().close()

    def _opened(self) -> int:
        return os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def _reopen(self) -> None:
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        try:
            same = os.path.samestat(os.stat(self._path), os.fstat(self._file))
        except FileNotFoundError:
            same = False
        if not same:
            fresh = self._opened()
            os.close(self._file)
            self._file = fresh


@contextmanager
def audit_file(path: str) -> Iterator[None]:
    """Have the lines in a file of their own inside the block; none is named: in the log of the service.

    The file is made for its owner alone; one that was moved away is made anew.

    Raises:
        SettingError: If it cannot be written.
    """
    if not path:
        yield
        return
    try:
        handler = _Lines(path)
    except OSError as error:
        raise SettingError("MISTRAL_AUDIT_FILE", path, f"a file that can be written ({error.strerror})") from None
    _log.addHandler(handler)
    _log.propagate = False
    try:
        yield
    finally:
        _log.propagate = True
        _log.removeHandler(handler)
        handler.close()
