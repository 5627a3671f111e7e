"""One endpoint: how it is reached, how it is documented, and what happens around every request to it."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mistral_api_gateway.access.gate import Gate
from mistral_api_gateway.access.rules import rule_of_path
from mistral_api_gateway.rest.faults import Shape, answer, plain
from mistral_api_gateway.rest.passing import record, wants_all
from mistral_runtime import telemetry
from mistral_runtime.metrics import histogram

_SECONDS = histogram("http_server_seconds", "Duration of answered requests", ("method", "route", "code"))

Handler = Callable[[Request], Awaitable[Response]]

Admit = Callable[[Scope], Awaitable[None]]
"""Called before a request is looked at; raises to refuse it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An endpoint and its documentation.

    Attributes:
        path: Such as ``/v2/executions/{id}``.
        handler: Answers a request; errors of the core may be raised.
        summary: One line for the OpenAPI document.
        query: Names of the query arguments it takes.
        takes: Schema of the JSON body it takes; ``"text"`` for a definition; empty for none.
        gives: Schema of what it answers; empty for no body.
        status: What it answers when all is well.
        shape: How its errors are worded.
        always: Whether it is asked during maintenance too although it changes something; it then sees to that itself.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    query: tuple[str, ...] = ()
    takes: str = ""
    gives: str = ""
    status: int = 200
    shape: Shape = Shape.DATA
    always: bool = False

    @property
    def rule(self) -> str:
        """The rule of the policy that its callers need; empty if it is open to all."""
        return rule_of_path(self.method, self.path)


class Endpoint:
    """The ASGI application of one operation: trace, metrics, and errors turned into answers."""

    def __init__(self, operation: Operation, admit: Admit | None = None, gate: Gate | None = None) -> None:
        self._admit = admit
        call = f"{operation.method} {operation.path}"
        self._passage = gate.passage("rest", call, operation.rule) if gate is not None else None
        self._handler = operation.handler
        self._shape = operation.shape
        self._name = f"{operation.method} {operation.path}"
        self._labels = operation.method, operation.path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        begun = time.perf_counter()
        request = Request(scope, receive)
        code = "499"
        try:
            with telemetry.span(self._name, parent_traceparent=_traceparent(scope), kind=telemetry.SERVER):
                response = await self._answer(request)
                code = str(response.status_code)
                await response(scope, receive, send)
        except ClientDisconnect:
            return
        finally:
            _SECONDS.labels(*self._labels, code).observe(time.perf_counter() - begun)

    async def _answer(self, request: Request) -> Response:
        try:
            if self._admit is not None:
                await self._admit(request.scope)
        except Exception as error:
            return answer(error, self._shape)
        response = await self._answered(request)
        if self._passage is not None and self._passage.records:
            record(self._passage, request, response)
        return response

    async def _answered(self, request: Request) -> Response:
        try:
            if self._passage is not None:
                self._passage.admit(wants_all=wants_all(request.scope))
            if b"xml" in _content_type(request.scope).lower():
                return plain(415, "XML is not supported")
            return await self._handler(request)
        except ClientDisconnect:
            raise
        except Exception as error:
            return answer(error, self._shape)


def _traceparent(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return str(value, "latin-1")
    return None


def _content_type(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"content-type":
            return bytes(value)
    return b""
