"""The process that evaluates: ``python -m mistral_runtime.expressions.child FD SETTINGS``, started by a service.

It has none of the service's secrets and no right to much memory. It ends with the service, by itself when an
evaluation takes too long, and after one that took much memory.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from mistral_core.errors import ExpressionFailed
from mistral_core.expressions import Scope, check, evaluate
from mistral_runtime.expressions import frames
from mistral_runtime.expressions.settings import ExpressionSettings, applied

_PIECE = 1 << 20
_MEBIBYTE = 1 << 20
# The service ends an evaluation before; this is for when it cannot.
_GRACE_SECONDS = 2.0


class _Dropped(BaseException):
    """The service no longer wants to know."""


class _Refused(Exception):
    """The service could not answer a question."""


class Line:
    """The connection to the service."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = frames.Reader()

    def receive(self) -> tuple[bytes, bytes]:
        while (found := self._reader.take()) is None:
            piece = self._connection.recv(_PIECE)
            if not piece:
                raise SystemExit
            self._reader.feed(piece)
        return found

    def send(self, kind: bytes, value: Any = None) -> None:
        self._connection.sendall(frames.frame(kind, json.dumps(value).encode()))

    def ask(self, name: str, *args: Any, **named: Any) -> Any:
        self.send(frames.ASK, [name, args, named])
        kind, body = self.receive()
        if kind == frames.DROP:
            raise _Dropped
        if kind == frames.REFUSE:
            raise _Refused(frames.unpacked(body))
        return frames.unpacked(body)


class _RemoteFacts:
    """Facts that the service is asked for."""

    def __init__(self, line: Line) -> None:
        self._ask = line.ask

    def env(self) -> Mapping[str, Any]:
        return self._ask("env")  # type: ignore[no-any-return]

    def execution(self) -> Mapping[str, Any]:
        return self._ask("execution")  # type: ignore[no-any-return]

    def task(self, name: str | None) -> Mapping[str, Any] | None:
        return self._ask("task", name)  # type: ignore[no-any-return]

    def tasks(
        self, execution_id: str | None, recursive: bool, state: str | None, flat: bool
    ) -> Sequence[Mapping[str, Any]]:
        return self._ask("tasks", execution_id, recursive, state, flat)  # type: ignore[no-any-return]

    def executions(self, **filters: Any) -> Sequence[Mapping[str, Any]]:
        return self._ask("executions", **filters)  # type: ignore[no-any-return]

    def global_(self, name: str) -> Any:
        return self._ask("global_", name)

    def uuid(self) -> str:
        return self._ask("uuid")  # type: ignore[no-any-return]

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._ask("now") / 1_000_000, UTC)


class _Root(Scope):
    """A scope whose root came as one value."""

    __slots__ = ("_root",)

    def __init__(self, root: Any, facts: _RemoteFacts) -> None:
        super().__init__((root,) if isinstance(root, dict) else (), facts)
        self._root = root

    def flatten(self) -> Any:
        return self._root


def main(descriptor: int, settings: ExpressionSettings) -> None:
    applied(settings)
    # Builds what the first expression would wait for otherwise.
    check("<% $ %>")
    check("{{ _ }}")
    with socket.socket(fileno=descriptor) as connection:
        line = Line(connection)
        size = _Size()
        size.limit(settings.memory * _MEBIBYTE)
        line.send(frames.READY)
        while True:
            kind, body = line.receive()
            if kind == frames.EVALUATE:
                _evaluated(line, body, settings.seconds + _GRACE_SECONDS, size)


class _Size:
    """How large the process is."""

    def __init__(self) -> None:
        self._pages = os.open("/proc/self/statm", os.O_RDONLY)
        _, self._most = self._bytes()

    def limit(self, memory: int) -> None:
        """Bound what the process may take from now on, in bytes."""
        size, resident = self._bytes()
        self._most = resident + memory // 2
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (size + memory, size + memory))

    def is_large(self) -> bool:
        """Tell whether so much was kept that the process had better be replaced."""
        return self._bytes()[1] > self._most

    def _bytes(self) -> tuple[int, int]:
        size, resident, *_ = os.pread(self._pages, 100, 0).split()
        return int(size) * resource.getpagesize(), int(resident) * resource.getpagesize()


def _evaluated(line: Line, body: bytes, seconds: float, size: _Size) -> None:
    # Nobody handles this signal, so nothing can hold it up either.
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        kind, said = _outcome(line, body)
    except _Dropped:
        return
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    leaving = size.is_large()
    if leaving:
        line.send(frames.LEAVING)
    line.send(kind, said)
    if leaving:
        raise SystemExit


def _outcome(line: Line, body: bytes) -> tuple[bytes, Any]:
    try:
        text, root = frames.unpacked(body)
        return frames.VALUE, evaluate(text, _Root(root, _RemoteFacts(line)))
    except ExpressionFailed as failure:
        return frames.FAULT, [failure.language, failure.expression, failure.error]
    except (MemoryError, RecursionError):
        return frames.FAULT, None


if __name__ == "__main__":
    main(int(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=ExpressionSettings))
