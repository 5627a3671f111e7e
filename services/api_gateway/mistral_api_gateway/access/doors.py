"""What stands at the two doors, REST and gRPC: finds out who asks before anything else is done."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Final

from starlette.types import Scope

from mistral_api_gateway.access.authenticator import Authenticator, presented
from mistral_api_gateway.operations.caller import CALLER, PROOF, Caller
from mistral_core.errors import Forbidden, InvalidInput

OPEN_PATHS: Final = frozenset(
    {"/", "/info", "/v2", "/v2/", "/healthz", "/healthcheck", "/openapi.json", "/v2/event_sources/{name}/events"}
)
"""Paths of REST that say nothing of anybody's; clients ask them before they know whom to be.

Whoever sends events to a source proves by its secret that it may.
"""

_READING: Final = ("Get", "List", "Watch", "Validate")
_PROJECT: Final = "x-project-id"
_ELSEWHERE: Final = "x-target-"


class Doors:
    """Lets in whoever the authenticator knows, and tells the operations who it is."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    async def rest(self, scope: Scope) -> None:
        """Admit a request over HTTP.

        Raises:
            Unauthenticated: If nobody knows who asks.
            Forbidden: If it changes something and the key is for reading, or names a project not the caller's.
            InvalidInput: If its actions are to reach another cloud.
        """
        headers = [
            (str(name, "latin-1"), str(value, "latin-1"))
            for name, value in scope["headers"]
            if name.startswith((b"x-", b"authorization"))
        ]
        reading = scope["method"] in ("GET", "HEAD") or scope["path"].rstrip("/").endswith("/validate")
        await self._admit(headers, reading=reading)

    async def rpc(self, method: str, metadata: Iterable[tuple[str, str | bytes]]) -> None:
        """Admit a call of gRPC; raises as ``rest``."""
        texts = [
            (name, value)
            for name, value in metadata
            if name.startswith(("x-", "authorization")) and isinstance(value, str)
        ]
        await self._admit(texts, reading=method.rpartition("/")[2].startswith(_READING))

    async def _admit(self, headers: list[tuple[str, str]], *, reading: bool) -> None:
        secret = presented(headers)
        caller = await self._authenticator.caller(secret)
        if caller.reads_only and not reading:
            raise Forbidden("This API key may only read; changes need one with the scope 'write'")
        for name, value in headers:
            if name == _PROJECT and value:
                caller = _acting(caller, value)
            elif name.startswith(_ELSEWHERE):
                raise InvalidInput(f"{name}: actions on another cloud are not supported")
        CALLER.set(caller)
        PROOF.set(partial(self._authenticator.caller, secret))


def _acting(caller: Caller, project: str) -> Caller:
    """Let administrators act in the project they name; others may only name their own."""
    if project == caller.project:
        return caller
    if not caller.admin:
        raise Forbidden("X-Project-Id names another project than the key or token is for")
    return replace(caller, project=project)
