"""The public keys of an issuer: fetched, kept for a while, fetched again when a token names one that is not known."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import jwt

from mistral_api_gateway.access.authenticator import REFUSED
from mistral_core.errors import Unauthenticated, Unavailable

_log = logging.getLogger(__name__)

FRESH_SECONDS: Final = 300.0
"""After this the keys are fetched again, so that one that was withdrawn is not believed much longer."""
STALE_SECONDS: Final = 3600.0
"""For so long keys are believed while the issuer does not answer."""
_BETWEEN_SECONDS: Final = 10.0
"""Tokens with made-up keys must not make us flood the issuer."""

_KINDS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "RS256": ("RSA", ()),
    "PS256": ("RSA", ()),
    "ES256": ("EC", ("P-256",)),
    "EdDSA": ("OKP", ("Ed25519", "Ed448")),
}
ALGORITHMS: Final = tuple(_KINDS)
_LEAST_RSA_BITS: Final = 2048


class KeySet:
    """The keys of one issuer.

    Args:
        fetch: Gets the JWK Set. Raises Unavailable if that cannot be had.
        clock: Seconds that only grow.
    """

    def __init__(
        self, fetch: Callable[[], Awaitable[list[Mapping[str, Any]]]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: list[Mapping[str, Any]] = []
        self._made: dict[tuple[str | None, str], jwt.PyJWK] = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self._turn = asyncio.Lock()

    async def key(self, kid: str | None, algorithm: str) -> jwt.PyJWK:
        """Return the key that a token names.

        Raises:
            Unauthenticated: If the issuer has no such key.
            Unavailable: If it has not answered for an hour.
        """
        await self._refresh(lambda: self._age() > FRESH_SECONDS)
        if self._age() > STALE_SECONDS:
            raise Unavailable("The identity service cannot be reached at the moment")
        found = self._find(kid, algorithm)
        if found is None:
            await self._refresh(lambda: self._find(kid, algorithm) is None)
            found = self._find(kid, algorithm)
        if found is None:
            raise Unauthenticated(REFUSED)
        return found

    async def _refresh(self, needed: Callable[[], bool]) -> None:
        """Fetch if that is needed, one at a time, and not again soon after the last try."""
        if not needed():
            return
        async with self._turn:
            if not needed() or (self._tried is not None and self._clock() - self._tried < _BETWEEN_SECONDS):
                return
            self._tried = self._clock()
            try:
                self._keys = await self._fetch()
            except Unavailable:
                _log.warning("the keys of the issuer are %.0f seconds old and cannot be fetched", self._age())
                return
            self._made = {}
            self._fetched = self._clock()

    def _age(self) -> float:
        return float("inf") if self._fetched is None else self._clock() - self._fetched

    def _find(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        made = self._made.get((kid, algorithm))
        if made is not None:
            return made
        fitting = [key for key in self._keys if kid in (None, key.get("kid")) and _fits(key, algorithm)]
        # A token that names no key is only believed when there is no choice.
        if len(fitting) != 1:
            return None
        try:
            found = jwt.PyJWK(dict(fitting[0]), algorithm)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
            _log.warning("a key of the issuer cannot be understood: %s", error)
            return None
        if getattr(found.key, "key_size", _LEAST_RSA_BITS) < _LEAST_RSA_BITS and fitting[0]["kty"] == "RSA":
            _log.warning("a key of the issuer has less than %d bits", _LEAST_RSA_BITS)
            return None
        self._made[kid, algorithm] = found
        return found


def _fits(key: Mapping[str, Any], algorithm: str) -> bool:
    kind, curves = _KINDS[algorithm]
    return (
        key.get("kty") == kind
        and (not curves or key.get("crv") in curves)
        and key.get("alg", algorithm) == algorithm
        and key.get("use", "sig") == "sig"
    )
