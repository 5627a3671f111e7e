"""Reading of lists: over connections of their own and for so long and no longer, for any of them may be a long one.

Whoever starts, completes or gets something does not wait for them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

import asyncpg

from mistral_core.errors import InvalidInput, Unavailable
from mistral_persistence.database import Connection, Pool
from mistral_persistence.outage import OUTAGE

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

USUAL_SECONDS: Final = 10.0


def list_settings(seconds: float) -> Mapping[str, str]:
    """Return settings of Postgres for connections that lists are read over.

    What is looked for decides how it is best found, so each statement is planned anew; and no list takes more than
    one processor from those who write.
    """
    return {
        "statement_timeout": str(round(seconds * 1000)),
        "plan_cache_mode": "force_custom_plan",
        "max_parallel_workers_per_gather": "0",
    }


class Lists:
    """Reads lists over a pool.

    Args:
        seconds: How long a list may take, and how long it may wait for its turn.
    """

    def __init__(self, pool: Pool, seconds: float = USUAL_SECONDS) -> None:
        self._pool = pool
        self._seconds = seconds

    async def read(self, query: Callable[[Pool | Connection], Awaitable[_T]]) -> _T:
        """Run a query that only reads; a connection that broke meanwhile is replaced once.

        Raises:
            InvalidInput: If it takes too long, or a value cannot be compared with what is stored.
            Unavailable: If it does not get its turn.
        """
        try:
            return await self._once(query)
        except asyncpg.QueryCanceledError:
            raise self._too_long() from None
        except (asyncpg.DataError, asyncpg.StatementTooComplexError) as error:
            _log.info("a list could not be read: %s", type(error).__name__)
            raise InvalidInput("A value of the request cannot be compared with what is stored") from None
        except OUTAGE as error:
            _log.info("reading again after %s", type(error).__name__)
        return await self._once(query)

    async def _once(self, query: Callable[[Pool | Connection], Awaitable[_T]]) -> _T:
        try:
            connection = await self._pool.acquire(timeout=self._seconds)
        except TimeoutError:
            raise Unavailable("Too many lists are being read at the moment; try again") from None
        try:
            async with asyncio.timeout(self._seconds):
                return await query(connection)
        except TimeoutError:
            raise self._too_long() from None
        finally:
            await self._pool.release(connection)

    def _too_long(self) -> InvalidInput:
        return InvalidInput(
            f"The list takes longer than {self._seconds:g} seconds to find. Narrow it, for example by created_at, "
            "state or workflow_name, or leave the order to created_at"
        )
