"""The seam between the doors and the ways to prove who one is, and what a request brings as its proof."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from mistral_api_gateway.operations.caller import Caller
from mistral_core.errors import Unauthenticated

MISSING: Final = "Authentication required"
REFUSED: Final = "Auth token is invalid"
LONGEST_SECRET: Final = 16 * 1024
"""Most characters of a key or token; those of large federations bear lists of groups."""

_HEADERS: Final = frozenset({"authorization", "x-api-key", "x-auth-token"})


class Authenticator(Protocol):
    """One way to prove who one is."""

    def takes(self, secret: str) -> bool:
        """Tell from its form whether such a secret is this way's; must not wait for anything."""
        ...

    async def caller(self, secret: str) -> Caller:
        """Return who holds the secret.

        Raises:
            Unauthenticated: If it proves nothing, or no longer.
            Unavailable: If that cannot be found out now.
        """
        ...


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Several ways: the first that takes a secret decides."""

    ways: tuple[Authenticator, ...]

    def takes(self, secret: str) -> bool:
        """Whether one of them takes it."""
        return any(way.takes(secret) for way in self.ways)

    async def caller(self, secret: str) -> Caller:
        """Return who holds the secret; raises as the protocol says."""
        for way in self.ways:
            if way.takes(secret):
                return await way.caller(secret)
        raise Unauthenticated(REFUSED)


def presented(headers: Iterable[tuple[str, str]]) -> str:
    """Return the secret that a request brings.

    ``Authorization: Bearer`` goes before ``X-API-Key``, and that before ``X-Auth-Token``.

    Args:
        headers: Names in small letters, as HTTP/2, gRPC and ASGI give them.

    Raises:
        Unauthenticated: If it brings none, or one past all measure.
    """
    found = {name: value.strip() for name, value in headers if name in _HEADERS}
    kind, _, bearer = found.get("authorization", "").partition(" ")
    secret = bearer.strip() if kind.lower() == "bearer" else ""
    secret = secret or found.get("x-api-key", "") or found.get("x-auth-token", "")
    if not secret:
        raise Unauthenticated(MISSING)
    if len(secret) > LONGEST_SECRET:
        raise Unauthenticated(REFUSED)
    return secret
