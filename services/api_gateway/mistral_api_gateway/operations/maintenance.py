"""Maintenance: the mesh brought to a standstill, and what may be asked of it meanwhile.

The status stands in the store and a scheduler does the work; every gateway keeps what it last heard of it, so that
asking costs a request nothing.
"""

from typing import Final

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import InMaintenance
from mistral_persistence import maintenance as stored
from mistral_persistence.maintenance import Standing, Status
from mistral_runtime.bus import Bus

SUBJECT: Final = "mistral.maintenance"
"""Where schedulers and gateways hear that maintenance has begun or ended."""


class Maintenance:
    """Begins and ends maintenance, and refuses what has to wait for its end.

    Attributes:
        status: What was last heard, a second ago at most while the store can be reached.
    """

    def __init__(self, store: Store, bus: Bus) -> None:
        self._store = store
        self._bus = bus
        self.status = Status.RUNNING

    def check(self, *, unless: bool = False) -> None:
        """Raise InMaintenance while the mesh is in maintenance.

        Args:
            unless: Whether it is to be done all the same.
        """
        if self.status is not Status.RUNNING and not unless:
            raise InMaintenance(f"The mesh is in maintenance ({self.status}): until its end it can only be read")

    async def look(self) -> None:
        """Bring ``status`` up to date. Raises Unavailable if Postgres is away."""
        self.status = (await self._store.read(stored.work)).status

    async def get(self, caller: Caller) -> Standing:
        """Return how the mesh stands."""
        return await self._store.read(stored.standing)

    async def enter(self, caller: Caller) -> Standing:
        """Let nothing new begin and have everything that runs paused; where that is so already, nothing changes."""
        async with self._store.transaction() as connection:
            await stored.begin(connection)
            now = await stored.standing(connection)
        return self._told(now)

    async def leave(self, caller: Caller) -> Standing:
        """Let the mesh work again, and have resumed what was paused for maintenance."""
        async with self._store.transaction() as connection:
            await stored.end(connection)
            now = await stored.standing(connection)
        return self._told(now)

    def _told(self, now: Standing) -> Standing:
        self.status = now.status
        self._bus.send(SUBJECT, b"")
        return now
