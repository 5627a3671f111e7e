"""A worker program as a process, behind a proxy of its own."""

from __future__ import annotations

import signal
import threading
from collections import deque

from tests.sdk.conformance import sealing
from tests.sdk.conformance.proxy import Proxy
from tests.sdk.languages import Program

READY_SECONDS = 60.0
EXIT_SECONDS = 60.0
_LAST_LINES = 200


class Hand:
    """One worker. It is ready when it has said so."""

    def __init__(self, program: Program, target: str, *, name: str, slots: int, labels: dict[str, str]) -> None:
        self.name = name
        self.proxy = Proxy(target)
        self.process = program.start(
            {
                "MISTRAL_GRPC": self.proxy.address,
                "MISTRAL_WORKER_ID": name,
                "MISTRAL_SLOTS": str(slots),
                "MISTRAL_LABELS": ",".join(f"{key}={value}" for key, value in labels.items()),
                **sealing.VARIABLES,
            }
        )
        self.said: deque[str] = deque(maxlen=_LAST_LINES)
        self._ready = threading.Event()
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def wait_until_ready(self) -> None:
        """Wait for its word; fails with what it said instead."""
        assert self._ready.wait(READY_SECONDS), f"{self.name} is not ready in time: {self}"
        assert "ready" in self.said, f"{self.name} has ended: {self}"

    def kill(self) -> None:
        """Crash it."""
        self.process.kill()
        self.process.wait(EXIT_SECONDS)

    def terminate(self) -> None:
        """Ask it to drain and leave."""
        self.process.send_signal(signal.SIGTERM)

    def exit_code(self) -> int:
        """Wait for its end."""
        return self.process.wait(EXIT_SECONDS)

    def close(self) -> None:
        """End whatever is left of it."""
        if self.process.poll() is None:
            self.kill()
        self.proxy.close()
        for reader in self._readers:
            reader.join(EXIT_SECONDS)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()

    def __str__(self) -> str:
        lines = "\n    ".join(self.said) or "nothing"
        return f"worker {self.name} (exit code {self.process.poll()}) said:\n    {lines}"

    def _read(self, stream: object) -> None:
        for raw in stream:  # type: ignore[attr-defined]
            line = raw.decode(errors="replace").rstrip()
            self.said.append(line)
            if line == "ready":
                self._ready.set()
        if stream is self.process.stdout:
            # Nobody need wait for the word of who is gone.
            self._ready.set()
