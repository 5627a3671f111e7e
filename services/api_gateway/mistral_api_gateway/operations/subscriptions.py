"""Subscriptions: who outside is told of what happens in a project."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import asyncpg

from mistral_api_gateway.operations import subscription_checks as checks
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.etags import hold
from mistral_api_gateway.operations.json_text import object_of, text_of
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import NotFound, Unavailable
from mistral_core.subscribing import TEST, history_pattern, named, wants_actions
from mistral_persistence import subscriptions as rows
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Page
from mistral_runtime.bus import Bus

WAKE: Final = "mistral.notifier.wake"
"""What notifiers listen to."""

_TEST_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRequest:
    """A subscription as it is sent; None keeps what is, or means nothing for a new one.

    Attributes:
        publisher: JSON object; likewise ``secrets``.
    """

    name: str | None = None
    description: str | None = None
    enabled: bool | None = None
    event_types: list[str] | None = None
    workflow_names: list[str] | None = None
    tags: list[str] | None = None
    states: list[str] | None = None
    condition: str | None = None
    publisher: bytes | None = None
    secrets: bytes | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """How a trial delivery went; no error means delivered."""

    error: str
    milliseconds: int


class Subscriptions:
    """What can be done with subscriptions."""

    def __init__(self, store: Store, bus: Bus) -> None:
        self._store = store
        self._bus = bus

    async def create(self, caller: Caller, wanted: SubscriptionRequest) -> rows.Row:
        """Store a subscription.

        Raises:
            InvalidInput: If a condition can never be met, or the publisher cannot work.
            Conflict: If the project has one of that name.
        """
        new = _checked(wanted, {})
        subscription_id = str(uuid4())
        async with self._store.transaction() as connection:
            await rows.create(connection, subscription_id, caller.project, new)
            return await _visible(connection, caller, subscription_id)

    async def update(self, caller: Caller, identifier: str, wanted: SubscriptionRequest, *, etag: str = "") -> rows.Row:
        """Replace parts of a subscription.

        Raises:
            InvalidInput: If a condition can never be met, or the publisher cannot work.
            NotFound: If the project has none of that id or name.
            Conflict: If it has another one of the new name.
        """
        async with self._store.transaction() as connection:
            known = await _visible(connection, caller, identifier)
            await rows.lock(connection, known["id"])
            await hold(connection, "subscription", known["id"], etag)
            known = await _visible(connection, caller, known["id"])
            await rows.update(connection, known["id"], _checked(wanted, dict(known)))
            found = await _visible(connection, caller, known["id"])
        self._bus.send(WAKE, b"")
        return found

    async def get(self, caller: Caller, identifier: str) -> rows.Row:
        """Return a subscription by its id or name. Raises NotFound if the project has none of those."""
        return await self._store.read(_visible, caller, identifier)

    async def page(self, caller: Caller, wanted: Page) -> list[rows.Row]:
        """Return a page of the subscriptions that the caller sees."""
        return await self._store.page(rows.page, rows.SUBSCRIPTIONS, wanted, project=caller.scope)

    async def attempts(self, caller: Caller, identifier: str, wanted: Page) -> list[rows.Row]:
        """Return a page of the last attempts. Raises NotFound if the project has none of that id or name."""
        known = await self.get(caller, identifier)
        return await self._store.page(rows.attempts, rows.ATTEMPTS, wanted, known["id"])

    async def delete(self, caller: Caller, identifier: str, *, etag: str = "") -> None:
        """Remove a subscription with all that is pending of it.

        Raises:
            NotFound: If the project has none of that id or name.
        """
        async with self._store.transaction() as connection:
            known = await _visible(connection, caller, identifier)
            await hold(connection, "subscription", known["id"], etag)
            await rows.delete(connection, known["id"])

    async def test(self, caller: Caller, identifier: str) -> Trial:
        """Tell it something that happened nowhere, and wait for how that goes.

        Raises:
            NotFound: If the project has none of that id or name.
            Unavailable: If no notifier does it in time.
        """
        async with self._store.transaction() as connection:
            known = await _visible(connection, caller, identifier)
            payload = {
                "event": TEST,
                "id": known["id"],
                "name": known["name"],
                "project_id": known["project_id"],
            }
            kept = object_of(known["publisher"], "publisher")
            brief = {name: kept[name] for name in ("type", "url") if name in kept} | {"ordered": False}
            delivery = await rows.begin_test(connection, known["id"], TEST, text_of(payload), text_of(brief))
        self._bus.send(WAKE, b"")
        until = time.monotonic() + _TEST_SECONDS
        while time.monotonic() < until:
            tried = await self._store.read(rows.tested, delivery)
            if tried is not None:
                return Trial(tried["error"], tried["milliseconds"])
            await asyncio.sleep(_LOOK_SECONDS)
        raise Unavailable(f"No notifier has told it within {_TEST_SECONDS:g} seconds; it is still to be told")


async def _visible(source: Pool | Connection, caller: Caller, identifier: str) -> rows.Row:
    row: asyncpg.Record | None = None
    if caller.admin:
        # By name it is one of the project that the administrator acts in.
        row = await rows.find(source, None, identifier)
    row = row or await rows.find(source, caller.project, identifier)
    if row is None:
        raise NotFound(f"Subscription not found [subscription_identifier={identifier}]")
    return row


def _checked(wanted: SubscriptionRequest, known: dict[str, Any]) -> rows.Subscription:
    def either(name: str, usual: Any) -> Any:
        given = getattr(wanted, name)
        return known.get(name, usual) if given is None else given

    types = checks.checked_types(either("event_types", []))
    before = object_of(known.get("publisher") or b"", "publisher")
    publisher = before if wanted.publisher is None else object_of(wanted.publisher, "publisher")
    secrets = None if wanted.secrets is None and known else object_of(wanted.secrets or b"", "secrets")
    # Of those that are kept only the names are known.
    kept = frozenset(known["secrets"]) if secrets is None else frozenset[str]()
    checks.check_publisher(publisher, secrets or {}, kept)
    if kept:
        checks.check_place(before, publisher)
    wide = named(types)
    return rows.Subscription(
        name=checks.checked_name(either("name", "")),
        description=either("description", ""),
        enabled=either("enabled", True),
        event_types=types,
        workflow_names=checks.checked_globs(either("workflow_names", []), "workflow_names"),
        tags=checks.checked_globs(either("tags", []), "tags"),
        states=checks.checked_states(either("states", [])),
        condition=checks.checked_condition(either("condition", "")),
        publisher=text_of({"format": "cloudevents", **publisher}),
        secrets=None if secrets is None else text_of(secrets),
        pattern=history_pattern(wide),
        wants_actions=wants_actions(wide),
    )
