"""A small server that gives out and validates tokens as Keystone's documentation says, and can be made ill."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import msgspec


@dataclass
class Server:
    """What it knows, to be changed by tests while it runs."""

    url: str
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    own_seconds: float = 3600.0
    signed_in: int = 0
    validated: int = 0
    ill: bool = False

    def give(
        self,
        *,
        project: str | None = "p-1",
        user: str = "u-1",
        roles: tuple[str, ...] = ("member",),
        seconds: float = 3600.0,
    ) -> str:
        """Give out a token."""
        token = f"gAAAA{uuid4().hex}"
        scope = {} if project is None else {"project": {"id": project, "name": project, "domain": {"id": "default"}}}
        self.tokens[token] = {
            "user": {"id": user, "name": "Ada", "domain": {"id": "default"}},
            "roles": [{"id": uuid4().hex, "name": role} for role in roles],
            "expires_at": _moment(seconds),
            **scope,
        }
        return token

    def sign_in(self, asked: Any) -> tuple[int, dict[str, str], Any]:
        user = asked["auth"]["identity"]["password"]["user"]
        if (user["name"], user["password"]) != ("mistral", "hunter2"):
            return 401, {}, {"error": {"code": 401, "title": "Unauthorized"}}
        self.signed_in += 1
        token = uuid4().hex
        self.own.add(token)
        body = {"token": {"user": {"id": "service"}, "expires_at": _moment(self.own_seconds)}}
        return 201, {"X-Subject-Token": token}, body

    def validate(self, own: str, token: str) -> tuple[int, dict[str, str], Any]:
        if own not in self.own:
            return 401, {}, {"error": {"code": 401, "title": "Unauthorized"}}
        self.validated += 1
        found = self.tokens.get(token)
        return (404, {}, {"error": {"code": 404}}) if found is None else (200, {}, {"token": found})


@contextmanager
def serving() -> Iterator[Server]:
    """Serve one inside the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(*found.validate(self.headers["X-Auth-Token"], self.headers["X-Subject-Token"]))

        def do_POST(self) -> None:
            self._answer(*found.sign_in(msgspec.json.decode(self.rfile.read(int(self.headers["Content-Length"])))))

        def _answer(self, status: int, headers: dict[str, str], body: Any) -> None:
            text = msgspec.json.encode(body)
            self.send_response(503 if found.ill else status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Server(f"http://127.0.0.1:{server.server_port}/v3")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


def _moment(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
