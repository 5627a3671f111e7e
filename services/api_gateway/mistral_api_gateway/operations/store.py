"""Postgres as the operations use it: an outage is named as what it is, and reads get a second chance."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

import asyncpg

from mistral_core.errors import InvalidInput, NotFound, Unavailable
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Listing, Page
from mistral_persistence.outage import OUTAGE

_log = logging.getLogger(__name__)
_P = ParamSpec("_P")
_T = TypeVar("_T")


class Store:
    """The pool, with its outages turned into ``Unavailable``."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def read(
        self, query: Callable[Concatenate[Any, _P], Awaitable[_T]], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Run ``query(pool, ...)``; a connection that broke meanwhile is replaced once.

        Raises:
            Unavailable: If Postgres cannot be reached.
            InvalidInput: If a text holds what Postgres cannot store.
        """
        with _named_faults():
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
        """
        rows = await self.read(query, wanted, *args, **kwargs)
        if not rows and wanted.marker is not None and not await self.read(listing.has, wanted.marker):
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
            async with self.pool.acquire() as connection, connection.transaction():
                yield connection


@contextmanager
def _named_faults() -> Iterator[None]:
    try:
        yield
    except OUTAGE as error:
        _log.warning("the store is away: %s", type(error).__name__)
        raise Unavailable("The store cannot be reached at the moment") from error
    except asyncpg.CharacterNotInRepertoireError:
        raise InvalidInput("A text of the request holds the character NUL") from None
