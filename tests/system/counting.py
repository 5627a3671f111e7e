"""The outside world of the crash tests: an HTTP server on loopback that counts what reaches it.

``POST /once/KEY`` and ``/again/KEY`` answer 200 after a moment; ``/flaky/KEY`` answers 503 twice before; ``/told/KEY``
takes notices.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FAILURES = 2
_SLOW_SECONDS = 0.25


class World(ThreadingHTTPServer):
    """Counts requests by path; the counts of finished runs stay."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = threading.Lock()
        self.counts: Counter[str] = Counter()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def count(self, path: str) -> int:
        with self.lock:
            return self.counts[path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: World

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        with self.server.lock:
            self.server.counts[self.path] += 1
            number = self.server.counts[self.path]
        if self.path.startswith(("/once/", "/again/")):
            time.sleep(_SLOW_SECONDS)
        flaky = self.path.startswith("/flaky/") and number <= FAILURES
        self._answer(503 if flaky else 200)

    def _answer(self, status: int) -> None:
        try:
            self.send_response(status)
            self.send_header("content-length", "2")
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(b"{}")
        except OSError:
            # Whoever asked was killed meanwhile; that it asked is counted.
            self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def world() -> Iterator[World]:
    """Serve inside the ``with`` block."""
    server = World()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
