"""Making, listing and revoking API keys. What a key proves at the doors is found out in ``access``."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from mistral_api_gateway.access.api_keys import ADMIN, SCOPES
from mistral_api_gateway.access.secret import Secret, new_secret
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import Forbidden, InvalidInput, NotFound
from mistral_persistence import api_keys as rows
from mistral_persistence.listing import Page
from mistral_persistence.literals import as_uuid

_LONGEST: Final = 255
_MOST_ROLES: Final = 100


class ApiKeys:
    """What administrators do with API keys; each call raises Forbidden for others.

    Args:
        revoked: Called after a key was revoked here.
    """

    def __init__(self, store: Store, revoked: Callable[[], None]) -> None:
        self._store = store
        self._revoked = revoked

    async def create(
        self,
        caller: Caller,
        name: str,
        *,
        project: str = "",
        roles: Sequence[str] = (),
        scopes: Sequence[str],
        expires_at: datetime | None = None,
    ) -> tuple[rows.Row, Secret]:
        """Make a key and return it with its secret, which is not kept.

        Args:
            project: Empty for the caller's own.

        Raises:
            InvalidInput: If the name, a role or a scope cannot be, or the end is past.
        """
        _check_admin(caller)
        return await make(
            self._store,
            name,
            project=project or caller.project,
            roles=roles,
            scopes=scopes,
            expires_at=expires_at,
            created_by=caller.user,
        )

    async def get(self, caller: Caller, key_id: str) -> rows.Row:
        """Return a key. Raises NotFound if none has that id."""
        _check_admin(caller)
        row = await self._store.read(rows.get, key_id) if as_uuid(key_id) else None
        if row is None:
            raise NotFound(f"There is no API key of the id {key_id!r}")
        return row

    async def page(self, caller: Caller, wanted: Page) -> list[rows.Row]:
        """Return a page of the keys of all projects."""
        _check_admin(caller)
        return await self._store.page(rows.page, rows.API_KEYS, wanted)

    async def revoke(self, caller: Caller, key_id: str) -> rows.Row:
        """Let a key prove nothing any more, and return it. Raises NotFound if none has that id."""
        known = await self.get(caller, key_id)
        async with self._store.transaction() as connection:
            await rows.revoke(connection, known["id"])
        self._revoked()
        return await self.get(caller, key_id)


async def make(
    store: Store,
    name: str,
    *,
    project: str,
    roles: Sequence[str],
    scopes: Sequence[str],
    expires_at: datetime | None,
    created_by: str,
) -> tuple[rows.Row, Secret]:
    """Make a key, whoever asks; raises as ``ApiKeys.create``."""
    _check_text(name, "name")
    _check_text(project, "project")
    _check_grants(roles, scopes)
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise InvalidInput(f"The key would end at {expires_at:%Y-%m-%d %H:%M:%S} UTC, which is past")
    secret = new_secret()
    new = rows.NewApiKey(
        id=str(uuid4()),
        prefix=secret.prefix,
        digest=secret.digest,
        project=project,
        name=name,
        roles=sorted(set(roles)),
        scopes=[scope for scope in SCOPES if scope in scopes],
        created_by=created_by,
        expires_at=expires_at,
    )
    async with store.transaction() as connection:
        await rows.create(connection, new)
        row = await rows.get(connection, new.id)
    assert row is not None
    return row, secret


def _check_admin(caller: Caller) -> None:
    if not caller.admin:
        raise Forbidden(
            "Only an administrator may see or change API keys; `mistralctl api-key create --home` makes one"
        )


def _check_text(text: str, what: str) -> None:
    if not text.strip():
        raise InvalidInput(f"The {what} of the API key must be given")
    if len(text) > _LONGEST:
        raise InvalidInput(f"The {what} of an API key has at most {_LONGEST} characters")


def _check_grants(roles: Sequence[str], scopes: Sequence[str]) -> None:
    if not scopes or not set(scopes) <= set(SCOPES):
        raise InvalidInput(f"An API key needs at least one scope, of {', '.join(SCOPES)}")
    if len(roles) > _MOST_ROLES:
        raise InvalidInput(f"An API key has at most {_MOST_ROLES} roles")
    for role in roles:
        _check_text(role, "role")
    if ADMIN in roles and ADMIN not in scopes:
        raise InvalidInput("The role 'admin' is had by the scope 'admin' alone")
