"""Which executions have been kept long enough: read, without changing anything. How they go is ``expiry``."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from mistral_persistence.columns import Statement
from mistral_persistence.database import Connection, Pool
from mistral_persistence.retention_policies import OF_THE_MESH, Policy
from mistral_persistence.standalone import HIDDEN, SHOWN

Place: TypeAlias = tuple[datetime, str]
"""Time and id of an execution in the order in which they go."""

START: Final[Place] = (datetime(1970, 1, 1, tzinfo=UTC), "00000000-0000-0000-0000-000000000000")
"""Before all others."""


@dataclass(frozen=True, slots=True)
class Preview:
    """How many would go, from when to when they ended, and the first few of them."""

    count: int
    oldest: datetime | None
    newest: datetime | None
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a policy comes to at a moment.

    Attributes:
        cutoff: What ended before goes; None if age is no reason.
        surplus: What is not after this goes; None if there are not too many.
    """

    policy: Policy
    cutoff: datetime | None
    surplus: Place | None


async def limits_of(source: Pool | Connection, policy: Policy, now: datetime) -> Limits:
    """Return what a policy comes to now."""
    minutes = policy.older_than_minutes
    cutoff = None if minutes is None else now - timedelta(minutes=minutes)
    surplus: Place | None = None
    if policy.max_finished is not None:
        statement = _ended(policy, SHOWN)
        sql = (
            f"SELECT e.updated_at, e.id::text FROM execution e WHERE {' AND '.join(statement.conditions)}"
            f" ORDER BY e.updated_at DESC, e.id DESC OFFSET {statement.bind(policy.max_finished)} LIMIT 1"
        )
        row = await source.fetchrow(sql, *statement.arguments)
        surplus = None if row is None else (row[0], row[1])
    return Limits(policy=policy, cutoff=cutoff, surplus=surplus)


async def expired(
    source: Pool | Connection, limits: Limits, *, after: Place, limit: int, alone: bool = False
) -> list[Place]:
    """Return roots whose time is over, those first that go first.

    Args:
        alone: Look at runs of actions on their own instead; they are not counted, but grow old too.
    """
    found = _over(limits, alone)
    if found is None:
        return []
    key = _key(alone)
    place = f"({found.bind(after[0])}, {found.bind(after[1])}::uuid)"
    sql = (
        f"SELECT {key}, e.id::text FROM execution e WHERE {' AND '.join(found.conditions)} AND ({key}, e.id) > {place}"
        f" ORDER BY {key}, e.id LIMIT {found.bind(limit)}"
    )
    return [(row[0], row[1]) for row in await source.fetch(sql, *found.arguments)]


async def preview(source: Pool | Connection, limits: Limits, *, project: str | None = None) -> Preview:
    """Return what would go now, of one project only unless it is None."""
    found = _over(limits, alone=False)
    if found is None:
        return Preview(0, None, None, ())
    if project is not None:
        found.conditions.append(f"e.project_id = {found.bind(project)}")
    row = await source.fetchrow(
        "SELECT count(*), min(at), max(at), (array_agg(id::text ORDER BY at, id))[1:20]"
        f" FROM (SELECT e.updated_at AS at, e.id FROM execution e WHERE {' AND '.join(found.conditions)}) over",
        *found.arguments,
    )
    assert row is not None
    return Preview(row[0], row[1], row[2], tuple(row[3] or ()))


def _over(limits: Limits, alone: bool) -> Statement | None:
    statement = _ended(limits.policy, HIDDEN if alone else SHOWN)
    reasons = []
    if limits.cutoff is not None:
        cutoff = statement.bind(limits.cutoff)
        # The second is implied; with it the index of those tells where to stop.
        reasons.append(f"e.updated_at < {cutoff} AND e.created_at < {cutoff}")
    if limits.surplus is not None and not alone:
        at, last = statement.bind(limits.surplus[0]), statement.bind(limits.surplus[1])
        reasons.append(f"(e.updated_at, e.id) <= ({at}, {last}::uuid)")
    if not reasons:
        return None
    statement.conditions.append(f"({' OR '.join(f'({each})' for each in reasons)})")
    return statement


def _ended(policy: Policy, kind: str) -> Statement:
    statement = Statement([kind, "e.parent_id IS NULL", "e.finished_at IS NOT NULL"])
    if policy.ignored_states:
        statement.conditions.append(f"e.state <> ALL ({statement.bind(list(policy.ignored_states))}::text[])")
    if policy.project == OF_THE_MESH:
        own = "SELECT FROM retention_policy own WHERE own.project_id = e.project_id AND own.project_id <> ''"
        statement.conditions.append(f"NOT EXISTS ({own})")
    else:
        statement.conditions.append(f"e.project_id = {statement.bind(policy.project)}")
    return statement


def _key(alone: bool) -> str:
    return "e.created_at" if alone else "e.updated_at"
