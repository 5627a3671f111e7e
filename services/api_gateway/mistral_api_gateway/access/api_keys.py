"""API keys as a proof of who asks; making and revoking them is an operation."""

from typing import Final

from mistral_api_gateway.access.authenticator import REFUSED
from mistral_api_gateway.access.remembered import Remembered
from mistral_api_gateway.access.secret import BEGINNING, Secret
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import Unauthenticated
from mistral_persistence import api_keys as rows

ADMIN: Final = "admin"
READ: Final = "read"
WRITE: Final = "write"
SCOPES: Final = (READ, WRITE, ADMIN)
"""To look; to look and change; to do what only administrators may."""


class ApiKeys:
    """Knows who holds a key, and asks the store at most once in so many seconds for each."""

    def __init__(self, store: Store, *, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self._known: Remembered[Caller | None] = Remembered()

    def takes(self, secret: str) -> bool:
        """Whether it looks like one of our keys."""
        return secret.startswith(BEGINNING)

    async def caller(self, secret: str) -> Caller:
        """Return who holds a key. Raises Unauthenticated if it is unknown, expired or revoked."""
        key = Secret(secret)
        # By its digest, for the memory of a process is easier to read than the disk.
        found = await self._known.get(key.digest, lambda: self._find(key))
        if found is None:
            raise Unauthenticated(REFUSED)
        return found

    def forget(self) -> None:
        """Ask the store again for every key: one was revoked."""
        self._known.forget()

    async def _find(self, key: Secret) -> tuple[Caller | None, float]:
        row = await self._store.read(rows.by_prefix, key.prefix)
        if row is None or not key.matches(row["digest"]) or row["over"]:
            return None, self._seconds
        if row["used_long_ago"]:
            await self._store.read(rows.used, row["id"])
        left = row["seconds_left"]
        return holder(row), self._seconds if left is None else min(self._seconds, float(left))


def holder(row: rows.Row) -> Caller:
    """Return who holds the key of a row."""
    scopes = frozenset(row["scopes"])
    admin = ADMIN in scopes
    roles = frozenset(row["roles"]) | ({ADMIN} if admin else frozenset())
    return Caller(
        project=row["project_id"],
        user=row["name"],
        roles=roles,
        admin=admin,
        reads_only=not scopes & {WRITE, ADMIN},
    )
