"""Subscriptions of projects to what happens in them, and the log of their last deliveries."""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg
from msgspec import Struct

from mistral_core.errors import Conflict
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page, Statement, page_statement
from mistral_persistence.literals import as_uuid

Row: TypeAlias = asyncpg.Record

SUBSCRIPTIONS = Listing(
    source="subscription v",
    columns={
        "id": Column(sql="v.id", kind=Kind.UUID),
        "name": Column(sql="v.name"),
        "description": Column(sql="v.description"),
        "enabled": Column(sql="v.enabled", kind=Kind.FLAG),
        "disabled_reason": Column(sql="v.disabled_reason"),
        "event_types": Column(sql="v.event_types", kind=Kind.TAGS),
        "workflow_names": Column(sql="v.workflow_names", kind=Kind.TAGS),
        "tags": Column(sql="v.tags", kind=Kind.TAGS),
        "states": Column(sql="v.states", kind=Kind.TAGS),
        "condition": Column(sql="v.condition"),
        "publisher": Column(sql="v.publisher", kind=Kind.JSON),
        # Their names; what they are is never read but to deliver.
        "secrets": Column(sql="ARRAY(SELECT json_object_keys(v.secrets) ORDER BY 1)", kind=Kind.TAGS),
        "pending": Column(
            sql="(SELECT count(*) FROM notification n WHERE n.subscription_id = v.id AND n.given_up_at IS NULL)",
            kind=Kind.NUMBER,
        ),
        "dead": Column(
            sql="(SELECT count(*) FROM notification n WHERE n.subscription_id = v.id AND n.given_up_at IS NOT NULL)",
            kind=Kind.NUMBER,
        ),
        "project_id": Column(sql="v.project_id"),
        "created_at": Column(sql="v.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="v.updated_at", kind=Kind.TIME, nullable=True),
    },
)

ATTEMPTS = Listing(
    source="delivery_attempt a",
    columns={
        "id": Column(sql="a.id", kind=Kind.UUID),
        "delivery_id": Column(sql="a.delivery_id", kind=Kind.UUID),
        "execution_id": Column(sql="a.execution_id", kind=Kind.UUID),
        "event": Column(sql="a.event"),
        "attempt": Column(sql="a.attempt", kind=Kind.NUMBER),
        "delivered": Column(sql="a.delivered", kind=Kind.FLAG),
        "error": Column(sql="a.error"),
        "milliseconds": Column(sql="a.milliseconds", kind=Kind.NUMBER),
        "created_at": Column(sql="a.created_at", kind=Kind.TIME),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(SUBSCRIPTIONS.columns)
LOG_KEPT = 100
"""How many attempts of each subscription are kept."""

_TAKEN = "Duplicate entry: the project has a subscription of that name"
_INSERT = """
INSERT INTO subscription (id, project_id, name, description, enabled, event_types, workflow_names, tags, states,
                          condition, publisher, secrets, pattern, wants_actions)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""
_UPDATE = """
UPDATE subscription
   SET name = $2, description = $3, enabled = $4, event_types = $5, workflow_names = $6, tags = $7, states = $8,
       condition = $9, publisher = $10, secrets = coalesce($11, secrets), pattern = $12, wants_actions = $13,
       disabled_reason = '', updated_at = now()
 WHERE id = $1::uuid
"""
# What is pending waits while the subscription is off.
_HOLD = """
UPDATE notification SET next_attempt_at = CASE WHEN $2 THEN now() ELSE 'infinity'::timestamptz END
 WHERE subscription_id = $1::uuid AND given_up_at IS NULL AND (next_attempt_at = 'infinity') = $2
"""
_SELECT = SUBSCRIPTIONS.select(ALL_COLUMNS)
_FOUND = f"{_SELECT} WHERE {{}} AND ($2::text IS NULL OR v.project_id = $2)"
_TRY = """
INSERT INTO notification (execution_id, event, payload, publisher, subscription_id, once)
VALUES ('00000000-0000-0000-0000-000000000000', $2, $3, $4, $1::uuid, true) RETURNING uid::text
"""
_TRIED = """
SELECT delivered, error, milliseconds FROM delivery_attempt WHERE delivery_id = $1::uuid
"""
_TRIM_LOG = """
DELETE FROM delivery_attempt WHERE id IN (
    SELECT old.id FROM subscription s CROSS JOIN LATERAL (
        SELECT a.id FROM delivery_attempt a WHERE a.subscription_id = s.id
         ORDER BY a.created_at DESC, a.id DESC OFFSET $1 LIMIT 1000) AS old)
"""


class Subscription(Struct, frozen=True, kw_only=True):
    """What is stored of a subscription.

    Attributes:
        publisher: JSON object; ``secrets`` as well, None keeps what is.
        pattern: Regular expression that rows of history with a wanted event fit; empty for all.
    """

    name: str
    description: str
    enabled: bool
    event_types: list[str]
    workflow_names: list[str]
    tags: list[str]
    states: list[str]
    condition: str
    publisher: str
    secrets: str | None
    pattern: str
    wants_actions: bool


async def create(connection: Connection, subscription_id: str, project: str, new: Subscription) -> None:
    """Store a subscription. Raises Conflict if the project has one of that name."""
    values = (new.name, new.description, new.enabled, new.event_types, new.workflow_names, new.tags, new.states)
    rest = (new.condition, new.publisher, new.secrets or "{}", new.pattern, new.wants_actions)
    try:
        await connection.execute(_INSERT, subscription_id, project, *values, *rest)
    except asyncpg.UniqueViolationError:
        raise Conflict(_TAKEN) from None


async def update(connection: Connection, subscription_id: str, new: Subscription) -> None:
    """Replace a subscription; what is pending of it waits while it is off.

    Raises:
        Conflict: If the project has another one of that name.
    """
    values = (new.name, new.description, new.enabled, new.event_types, new.workflow_names, new.tags, new.states)
    rest = (new.condition, new.publisher, new.secrets, new.pattern, new.wants_actions)
    try:
        await connection.execute(_UPDATE, subscription_id, *values, *rest)
    except asyncpg.UniqueViolationError:
        raise Conflict(_TAKEN) from None
    await connection.execute(_HOLD, subscription_id, new.enabled)


async def disable(connection: Connection, subscription_id: str, reason: str) -> None:
    """Switch a subscription off for a reason that its owner shall read."""
    await connection.execute(
        "UPDATE subscription SET enabled = false, disabled_reason = $2, updated_at = now() WHERE id = $1::uuid",
        subscription_id,
        reason,
    )
    await connection.execute(_HOLD, subscription_id, False)


async def find(source: Pool | Connection, project: str | None, identifier: str) -> Row | None:
    """Return the subscription of that id or name in a project; of any project, by its id, if that is None."""
    if as_uuid(identifier):
        row = await source.fetchrow(_FOUND.format("v.id = $1::uuid"), identifier, project)
        if row is not None:
            return row
    return await source.fetchrow(_FOUND.format("v.name = $1"), identifier, project) if project is not None else None


async def lock(connection: Connection, subscription_id: str) -> None:
    """Keep others from changing a subscription until the transaction ends."""
    await connection.execute("SELECT FROM subscription WHERE id = $1::uuid FOR UPDATE", subscription_id)


async def page(source: Pool | Connection, wanted: Page, *, project: str | None) -> list[Row]:
    """Return a page of the subscriptions of a project, or of all when it is None.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    sql, arguments = page_statement(SUBSCRIPTIONS, wanted, Statement(), project=project)
    return await source.fetch(sql, *arguments)


async def attempts(source: Pool | Connection, wanted: Page, subscription_id: str, *, project: None = None) -> list[Row]:
    """Return a page of the last attempts of a subscription.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    statement = Statement()
    statement.conditions.append(f"a.subscription_id = {statement.bind(subscription_id)}::uuid")
    sql, arguments = page_statement(ATTEMPTS, wanted, statement)
    return await source.fetch(sql, *arguments)


async def delete(connection: Connection, subscription_id: str) -> None:
    """Remove a subscription with its pending deliveries, its dead letters and its log."""
    await connection.execute("DELETE FROM subscription WHERE id = $1::uuid", subscription_id)


async def begin_test(connection: Connection, subscription_id: str, event: str, payload: str, publisher: str) -> str:
    """Have something told to a subscription that happened nowhere, once; return the id of the delivery."""
    return str(await connection.fetchval(_TRY, subscription_id, event, payload, publisher))


async def tested(source: Pool | Connection, delivery_id: str) -> Row | None:
    """Return how a test went; None as long as it goes on."""
    return await source.fetchrow(_TRIED, delivery_id)


async def trim_log(pool: Pool) -> int:
    """Forget attempts beyond the last ``LOG_KEPT`` of each subscription; return how many."""
    return int((await pool.execute(_TRIM_LOG, LOG_KEPT)).rpartition(" ")[2])
