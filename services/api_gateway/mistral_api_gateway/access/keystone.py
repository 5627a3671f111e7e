"""Tokens of OpenStack's Keystone as a proof of who asks: Keystone itself says whose they are."""

import asyncio
import hashlib
import logging
import time
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from mistral_api_gateway.access.authenticator import REFUSED
from mistral_api_gateway.access.identity_http import Answer, IdentityClient
from mistral_api_gateway.access.keystone_settings import KeystoneSettings
from mistral_api_gateway.access.remembered import Remembered
from mistral_api_gateway.operations.caller import Caller
from mistral_core.errors import Unauthenticated, Unavailable

_log = logging.getLogger(__name__)

_RENEW_SECONDS: Final = 60.0
_REFUSED_SECONDS: Final = 10.0
_ADMIN: Final = "admin"


class _Named(Struct, frozen=True):
    id: str
    name: str = ""


class _Token(Struct, frozen=True):
    user: _Named
    expires_at: datetime
    project: _Named | None = None
    roles: list[_Named] = []


class _Body(Struct, frozen=True):
    token: _Token


class Keystone:
    """Asks Keystone whose a token is, with a token of our own that is renewed before it ends."""

    def __init__(self, settings: KeystoneSettings, client: IdentityClient) -> None:
        self._settings = settings
        self._client = client
        self._known: Remembered[Caller | str] = Remembered()
        self._own = ""
        self._own_ends = 0.0
        self._turn = asyncio.Lock()

    def takes(self, secret: str) -> bool:
        """Whether it may be a token of Keystone's: they come in several forms."""
        return secret.isascii() and secret.isprintable()

    async def caller(self, secret: str) -> Caller:
        """Return whose token it is; raises as the protocol says."""
        found = await self._known.get(hashlib.sha256(secret.encode()).digest(), lambda: self._find(secret))
        if isinstance(found, str):
            raise Unauthenticated(found)
        return found

    async def _find(self, token: str) -> tuple[Caller | str, float]:
        answer = await self._validated(token)
        if answer.status != 200:
            return REFUSED, min(_REFUSED_SECONDS, self._settings.seconds)
        said = _token(answer)
        left = said.expires_at.timestamp() - time.time()
        if left <= 0:
            return REFUSED, 0.0
        if said.project is None:
            return "The token is not for a project; ask Keystone for one that is", min(left, self._settings.seconds)
        roles = frozenset(role.name for role in said.roles)
        admin = self._settings.admin_role in roles
        caller = Caller(
            project=said.project.id,
            user=said.user.id,
            roles=roles | {_ADMIN} if admin else roles - {_ADMIN},
            admin=admin,
        )
        return caller, min(left, self._settings.seconds)

    async def _validated(self, token: str) -> Answer:
        """Ask whose a token is; once more if it is our own that is no good any more."""
        for renew in (False, True):
            headers = {"X-Auth-Token": await self._own_token(renew=renew), "X-Subject-Token": token}
            answer = await self._client.ask("GET", f"{self._settings.url}/auth/tokens?nocatalog", headers=headers)
            if answer.status != 401:
                break
        if answer.status not in (200, 404):
            _log.error("Keystone answers %d to a question whose a token is; see its log", answer.status)
            raise Unavailable("The identity service cannot be asked at the moment")
        return answer

    async def _own_token(self, *, renew: bool) -> str:
        stale = self._own
        async with self._turn:
            ends_soon = self._own_ends - time.time() < _RENEW_SECONDS
            # Somebody else may have renewed it while we waited for our turn.
            if ends_soon or (renew and self._own == stale):
                await self._sign_in()
            return self._own

    async def _sign_in(self) -> None:
        answer = await self._client.ask("POST", f"{self._settings.url}/auth/tokens", json=self._credentials())
        own = answer.headers.get("X-Subject-Token", "")
        if answer.status != 201 or not own:
            _log.error("Keystone answers %d when this service signs in; see MISTRAL_KEYSTONE_*", answer.status)
            raise Unavailable("The identity service cannot be asked at the moment")
        self._own, self._own_ends = own, _token(answer).expires_at.timestamp()

    def _credentials(self) -> dict[str, Any]:
        user = {
            "name": self._settings.username,
            "domain": {"name": self._settings.user_domain},
            "password": self._settings.password,
        }
        project = {"name": self._settings.project, "domain": {"name": self._settings.project_domain}}
        identity = {"methods": ["password"], "password": {"user": user}}
        return {"auth": {"identity": identity, "scope": {"project": project}}}


def _token(answer: Answer) -> _Token:
    try:
        return msgspec.json.decode(answer.body, type=_Body).token
    except msgspec.DecodeError as error:
        _log.error("what Keystone answers cannot be understood: %s", error)
        raise Unavailable("The identity service cannot be asked at the moment") from None
