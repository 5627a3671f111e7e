"""Which errors say that Postgres is away or under way, and not that a statement is wrong."""

import asyncpg

# What passes by itself: catch these around work that can be done again a moment later.
OUTAGE: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.InterfaceError,
    # What asyncpg says of a connection that broke between two steps of a statement.
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
