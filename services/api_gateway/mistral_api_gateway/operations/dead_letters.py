"""Dead letters: what could not be told to somebody outside, and another chance for it."""

from collections.abc import Sequence
from typing import Final

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.store import Store
from mistral_api_gateway.operations.subscriptions import WAKE
from mistral_core.errors import InvalidInput, NotFound
from mistral_persistence import dead_deliveries as rows
from mistral_persistence.listing import Page
from mistral_persistence.literals import as_uuid
from mistral_runtime.bus import Bus

_MOST_IDS: Final = 1000


class DeadLetters:
    """What can be done with dead letters."""

    def __init__(self, store: Store, bus: Bus) -> None:
        self._store = store
        self._bus = bus

    async def get(self, caller: Caller, letter_id: str) -> rows.Row:
        """Return a dead letter. Raises NotFound if the project has none of that id."""
        row = await self._store.read(rows.find, caller.scope, letter_id)
        if row is None:
            raise _unknown([letter_id])
        return row

    async def page(self, caller: Caller, wanted: Page) -> list[rows.Row]:
        """Return a page of the dead letters that the caller sees."""
        return await self._store.page(rows.page, rows.DEAD_LETTERS, wanted, project=caller.scope)

    async def replay(
        self, caller: Caller, ids: Sequence[str] = (), subscription_id: str = "", *, every: bool = False
    ) -> int:
        """Try dead letters anew and return how many; those of the caller's project, or any by their ids if he may.

        Raises:
            InvalidInput: If nothing says which.
            NotFound: If none of these ids is one.
        """
        project, chosen, subscription = _which(caller, ids, subscription_id, every=every)
        async with self._store.transaction() as connection:
            done = await rows.replay(connection, project, chosen, subscription)
        if ids and not done:
            raise _unknown(ids)
        self._bus.send(WAKE, b"")
        return done

    async def delete(
        self, caller: Caller, ids: Sequence[str] = (), subscription_id: str = "", *, every: bool = False
    ) -> int:
        """Forget dead letters and return how many; see ``replay``."""
        project, chosen, subscription = _which(caller, ids, subscription_id, every=every)
        async with self._store.transaction() as connection:
            done = await rows.delete(connection, project, chosen, subscription)
        if ids and not done:
            raise _unknown(ids)
        return done


def _which(
    caller: Caller, ids: Sequence[str], subscription_id: str, *, every: bool
) -> tuple[str | None, list[str] | None, str | None]:
    if not ids and not subscription_id and not every:
        raise InvalidInput("Say which dead letters: ids, a subscription, or all", field="ids")
    if len(ids) > _MOST_IDS:
        raise InvalidInput(f"At most {_MOST_IDS} ids at once", field="ids")
    named = [("ids", one) for one in ids] + ([("subscription_id", subscription_id)] if subscription_id else [])
    for name, value in named:
        if not as_uuid(value):
            raise InvalidInput(f"{value[:80]!r} is not a UUID", field=name)
    # All of somebody else's go only by name.
    project = caller.scope if ids or subscription_id else caller.project
    return project, list(ids) or None, subscription_id or None


def _unknown(ids: Sequence[str]) -> NotFound:
    return NotFound(f"Dead letter not found [id={', '.join(ids[:5])}]")
