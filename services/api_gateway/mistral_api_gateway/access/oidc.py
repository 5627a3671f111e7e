"""Tokens that an OpenID Connect issuer signs (JWT), Keycloak's among them, as a proof of who asks."""

import binascii
import hashlib
import logging
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import jwt
import msgspec

from mistral_api_gateway.access.authenticator import REFUSED
from mistral_api_gateway.access.claims import caller_of
from mistral_api_gateway.access.identity_http import IdentityClient
from mistral_api_gateway.access.jwks import ALGORITHMS, KeySet
from mistral_api_gateway.access.oidc_settings import ANY, OidcSettings
from mistral_api_gateway.access.remembered import Remembered
from mistral_api_gateway.operations.caller import Caller
from mistral_core.errors import Unauthenticated, Unavailable

_log = logging.getLogger(__name__)

CACHE_SECONDS: Final = 60.0
"""How long a token that was believed is not looked at again, unless it ends before."""
_MOST_REALMS: Final = 256
_REALM: Final = r"[A-Za-z0-9_][A-Za-z0-9._~-]*"


class Oidc:
    """Believes tokens of one issuer, or of every realm of a server; each has its own keys."""

    def __init__(self, settings: OidcSettings, client: IdentityClient) -> None:
        self._settings = settings
        self._client = client
        base, star, _ = settings.issuer.partition(f"/{ANY}")
        self._issuer = re.compile(re.escape(base) + (f"/{_REALM}" if star else "") + "/?")
        self._keys: dict[str, KeySet] = {}
        self._known: Remembered[Caller] = Remembered()

    def takes(self, secret: str) -> bool:
        """Whether it is a token that says to be the issuer's."""
        issuer = _said_issuer(secret)
        return issuer is not None and self._issuer.fullmatch(issuer) is not None

    async def caller(self, secret: str) -> Caller:
        """Return whom a token is about; raises as the protocol says."""
        return await self._known.get(hashlib.sha256(secret.encode()).digest(), lambda: self._find(secret))

    async def _find(self, token: str) -> tuple[Caller, float]:
        issuer = _said_issuer(token)
        assert issuer is not None
        try:
            header = jwt.get_unverified_header(token)
            algorithm, kid = str(header.get("alg")), header.get("kid")
            if algorithm not in ALGORITHMS:
                raise jwt.InvalidAlgorithmError(f"the algorithm {algorithm[:20]!r} is not taken")
            key = await self._keys_of(issuer).key(kid, algorithm)
            claims = self._verified(token, issuer, key)
        except jwt.PyJWTError as error:
            _log.info("a token was refused: %s", error)
            raise Unauthenticated(REFUSED) from None
        return caller_of(claims, self._settings), min(CACHE_SECONDS, int(claims["exp"]) - time.time())

    def _verified(self, token: str, issuer: str, key: jwt.PyJWK) -> Mapping[str, Any]:
        return jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            issuer=issuer,
            audience=self._settings.audiences or None,
            leeway=self._settings.skew,
            options={"require": ["exp", "iss"], "verify_aud": bool(self._settings.audiences)},
        )

    def _keys_of(self, issuer: str) -> KeySet:
        found = self._keys.get(issuer)
        if found is None:
            if len(self._keys) >= _MOST_REALMS:
                # Realms are named by tokens that nobody has verified yet.
                self._keys.pop(next(iter(self._keys)))
            found = self._keys[issuer] = KeySet(lambda: self._fetch(issuer))
        return found

    async def _fetch(self, issuer: str) -> list[Mapping[str, Any]]:
        where = self._settings.jwks_url or await self._discovered(issuer)
        keys = (await self._document(where)).get("keys")
        if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
            raise _useless(where, "it holds no list of keys")
        return keys

    async def _discovered(self, issuer: str) -> str:
        where = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        document = await self._document(where)
        if document.get("issuer") != issuer:
            raise _useless(where, "it is another issuer's")
        found = document.get("jwks_uri")
        if not isinstance(found, str) or urlsplit(found).scheme not in ("http", "https"):
            raise _useless(where, "it does not say where the keys are")
        return found

    async def _document(self, where: str) -> Mapping[str, Any]:
        answer = await self._client.ask("GET", where)
        if answer.status != 200:
            raise _useless(where, f"it is answered with {answer.status}")
        try:
            return msgspec.json.decode(answer.body, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise _useless(where, str(error)) from None


def _useless(where: str, why: str) -> Unavailable:
    _log.warning("%s is of no use: %s", where, why)
    return Unavailable("The identity service cannot be reached at the moment")


def _said_issuer(token: str) -> str | None:
    """Return what a token says its issuer is, believed or not; None if it is no token."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = msgspec.json.decode(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    return issuer if isinstance(issuer, str) else None
