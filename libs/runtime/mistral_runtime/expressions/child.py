"""The process that evaluates: ``python -m mistral_runtime.expressions.child FD SETTINGS``, started by a service.

It has none of the service's secrets and no right to much memory. It ends with the service, by itself when an
evaluation takes too long, and after one that took much memory.
"""

from __future__ import annotations

import json
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
        most = _limited(settings.memory)
        line.send(frames.READY)
        while True:
            kind, body = line.receive()
            if kind == frames.EVALUATE:
                _evaluated(line, body, settings.seconds + _GRACE_SECONDS)
            # What was taken once is not given back for sure.
            if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > most:
                return


def _limited(memory: int) -> int:
    """Bound what the process may take from now on; return at which size it is to be replaced, in bytes."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with open("/proc/self/statm", "rb") as pages:
        size, resident, *_ = (int(count) * resource.getpagesize() for count in pages.read().split())
    resource.setrlimit(resource.RLIMIT_AS, (size + memory * _MEBIBYTE,) * 2)
    return resident + memory * _MEBIBYTE // 2


def _evaluated(line: Line, body: bytes, seconds: float) -> None:
    # Nobody handles this signal, so nothing can hold it up either.
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        text, root = frames.unpacked(body)
        line.send(frames.VALUE, evaluate(text, _Root(root, _RemoteFacts(line))))
    except ExpressionFailed as failure:
        line.send(frames.FAULT, [failure.language, failure.expression, failure.error])
    except _Dropped:
        pass
    except (MemoryError, RecursionError):
        line.send(frames.FAULT, None)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=ExpressionSettings))
