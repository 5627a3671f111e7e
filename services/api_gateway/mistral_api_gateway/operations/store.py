"""Postgres as the operations use it: an outage is named as what it is, and reads get a second chance.

Several operations may be made one: inside ``together`` all that they read and write goes through one transaction.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import asyncpg

from mistral_api_gateway.operations.lists import Lists
from mistral_core.errors import InvalidInput, NotFound, Unavailable
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Listing, Page
from mistral_persistence.outage import OUTAGE

_log = logging.getLogger(__name__)
_P = ParamSpec("_P")
_T = TypeVar("_T")

_SHARED: Final[ContextVar[Connection | None]] = ContextVar("shared transaction", default=None)


class Store:
    """The pool, with its outages turned into ``Unavailable``.

    Args:
        lists: What pages are read from; the pool itself unless given.
    """

    def __init__(self, pool: Pool, lists: Lists | None = None) -> None:
        self.pool = pool
        self._lists = lists or Lists(pool)

    async def read(
        self, query: Callable[Concatenate[Any, _P], Awaitable[_T]], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Run ``query(pool, ...)``; a connection that broke meanwhile is replaced once.

        Raises:
            Unavailable: If Postgres cannot be reached.
            InvalidInput: If a text holds what Postgres cannot store.
        """
        with _named_faults():
            shared = _SHARED.get()
            if shared is not None:
                return await query(shared, *args, **kwargs)
            try:
                return await query(self.pool, *args, **kwargs)
            except OUTAGE as error:
                _log.info("reading again after %s", type(error).__name__)
            return await query(self.pool, *args, **kwargs)

    async def page(
        self,
        query: Callable[Concatenate[Any, Page, _P], Awaitable[list[_T]]],
        listing: Listing,
        wanted: Page,
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> list[_T]:
        """Run ``query(pool, wanted, ...)``, which reads a page of the listing.

        Raises:
            NotFound: If the row that the page was to begin after is gone, for then nobody knows where that is.
            InvalidInput: If a value does not fit its column, or finding the page takes too long.
            Unavailable: If Postgres cannot be reached, or too many lists are being read.
        """
        # A row that the caller does not see counts as gone.
        project: Any = kwargs.get("project")

        async def read(source: Pool | Connection) -> list[_T] | None:
            rows = await query(source, wanted, *args, **kwargs)
            if rows or wanted.marker is None or await listing.has(source, wanted.marker, project=project):
                return rows
            return None

        shared = _SHARED.get()
        with _named_faults():
            rows = await (read(shared) if shared is not None else self._lists.read(read))
        if rows is None:
            raise NotFound(f"There is nothing of the id {wanted.marker}, after which the page was to begin")
        return rows

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Run the block in a transaction.

        Raises:
            Unavailable: If Postgres cannot be reached, or went away before it confirmed.
            InvalidInput: If a text holds what Postgres cannot store.
        """
        with _named_faults():
            shared = _SHARED.get()
            if shared is not None:
                async with shared.transaction():
                    yield shared
                return
            async with self.pool.acquire() as connection, connection.transaction():
                yield connection

    @asynccontextmanager
    async def together(self) -> AsyncIterator[Connection]:
        """Run the block in one transaction that every operation in it takes part in; they must follow one another.

        Raises:
            Unavailable: If Postgres cannot be reached, or went away before it confirmed.
        """
        async with self.transaction() as connection:
            before = _SHARED.set(connection)
            try:
                yield connection
            finally:
                _SHARED.reset(before)


@contextmanager
def _named_faults() -> Iterator[None]:
    try:
        yield
    except OUTAGE as error:
        _log.warning("the store is away: %s", type(error).__name__)
        raise Unavailable("The store cannot be reached at the moment") from error
    except asyncpg.CharacterNotInRepertoireError:
        raise InvalidInput("A text of the request holds the character NUL") from None
