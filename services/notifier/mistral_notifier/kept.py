"""Connections that are used again: a few, each opened once, given up as soon as something was wrong with it."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Final, Generic, TypeVar

_Connection = TypeVar("_Connection")

MOST: Final = 64


class Kept(Generic[_Connection]):
    """Connections by what they were opened for.

    Args:
        close: Lets go of one; must not raise.
        most: The one that was used least recently goes when there are more.
    """

    def __init__(self, close: Callable[[_Connection], Awaitable[None]], *, most: int = MOST) -> None:
        self._close = close
        self._most = most
        self._kept: OrderedDict[Hashable, _Connection] = OrderedDict()
        self._turns: dict[Hashable, asyncio.Lock] = {}

    @asynccontextmanager
    async def use(self, key: Hashable, make: Callable[[], Awaitable[_Connection]]) -> AsyncIterator[_Connection]:
        """Yield the connection of a key to one user at a time; one that an error left goes."""
        turn = self._turns.setdefault(key, asyncio.Lock())
        async with turn:
            connection = self._kept.pop(key, None)
            if connection is None:
                connection = await make()
            try:
                yield connection
            except BaseException:
                await self._close(connection)
                raise
            self._kept[key] = connection
        if len(self._kept) > self._most:
            oldest, connection = self._kept.popitem(last=False)
            self._turns.pop(oldest, None)
            await self._close(connection)

    async def close(self) -> None:
        """Let go of all."""
        while self._kept:
            await self._close(self._kept.popitem()[1])
