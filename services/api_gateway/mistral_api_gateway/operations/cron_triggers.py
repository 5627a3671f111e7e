"""Cron triggers: workflows that the scheduler starts by the calendar."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import msgspec

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.definition_scope import PRIVATE, checked_scope
from mistral_api_gateway.operations.etags import hold
from mistral_api_gateway.operations.finding import Finding
from mistral_api_gateway.operations.json_text import object_of, text_of
from mistral_api_gateway.operations.store import Store
from mistral_core.cron import NEVER, next_time
from mistral_core.errors import InvalidInput, NotFound
from mistral_core.language import workflow_from_text
from mistral_core.machine import check_input
from mistral_persistence import cron_triggers as rows
from mistral_persistence import workflows
from mistral_persistence.database import Connection
from mistral_persistence.listing import Page

_LONGEST_NAME = 255
_MOST_RUNS = 2**31 - 1
_SOONEST = timedelta(minutes=1)
_FIRST_TIME = "%Y-%m-%d %H:%M"


@dataclass(frozen=True, slots=True, kw_only=True)
class CronTriggerRequest:
    """A trigger as it is sent.

    Attributes:
        workflow: Name or id; names are looked for in the default namespace.
        input: JSON object, or empty; likewise ``params``.
        pattern: Five or six fields; empty for none.
        first_time: ``YYYY-MM-DD HH:MM`` in UTC; empty for none.
        remaining: How often it fires; None for ever.
    """

    name: str
    workflow: str
    input: bytes = b""
    params: bytes = b""
    pattern: str = ""
    first_time: str = ""
    remaining: int | None = None
    scope: str | None = None


class CronTriggers:
    """What can be done with cron triggers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, caller: Caller, wanted: CronTriggerRequest) -> rows.Row:
        """Store a trigger.

        Raises:
            InvalidInput: If a part of it is missing or wrong, or the input does not fit the workflow.
            NotFound: If there is no such workflow.
            Conflict: If the project has one of that name, or one that does the same.
        """
        if not wanted.name or len(wanted.name) > _LONGEST_NAME:
            raise InvalidInput(f"The name of a cron trigger has 1 to {_LONGEST_NAME} characters")
        checked_scope(caller, wanted.scope, "cron_triggers")
        given, params = object_of(wanted.input, "workflow_input"), object_of(wanted.params, "workflow_params")
        times = _times(wanted, datetime.now(UTC))
        async with self._store.transaction() as connection:
            workflow = await self._workflow(connection, caller, wanted.workflow)
            check_input(workflow_from_text(workflow["definition"], workflow["name"]), workflow["name"], given)
            new = rows.NewCronTrigger(
                id=str(uuid4()),
                project=caller.project,
                name=wanted.name,
                workflow_id=workflow["id"],
                workflow_name=workflow["name"],
                workflow_namespace=workflow["namespace"],
                workflow_input=text_of(given),
                workflow_params=text_of(params),
                pattern=wanted.pattern or NEVER,
                first_time=times.first,
                next_time=times.next,
                remaining=times.remaining,
                scope=wanted.scope or PRIVATE,
                fingerprint=_fingerprint(workflow["id"], given, params, wanted, times.remaining),
            )
            await rows.create(connection, new)
            return await _FOUND.visible(connection, caller, new.id)

    async def get(self, caller: Caller, identifier: str) -> rows.Row:
        """Return a trigger by its id or name. Raises NotFound if none visible has it."""
        return await self._store.read(_FOUND.visible, caller, identifier)

    async def page(self, caller: Caller, wanted: Page) -> list[rows.Row]:
        """Return a page of the triggers that the caller sees."""
        return await self._store.page(rows.page, rows.CRON_TRIGGERS, wanted, project=caller.scope)

    async def delete(self, caller: Caller, identifier: str, *, etag: str = "") -> None:
        """Remove a trigger; what it has started goes on.

        Raises:
            NotFound: If none visible has that id or name.
            Forbidden: If it belongs to another project.
        """
        async with self._store.transaction() as connection:
            known = await _FOUND.own(connection, caller, identifier)
            await hold(connection, "cron_trigger", known["id"], etag)
            await rows.delete(connection, known["id"])

    @staticmethod
    async def _workflow(connection: Connection, caller: Caller, identifier: str) -> workflows.Row:
        if not identifier:
            raise InvalidInput("Workflow name or workflow ID must be specified.")
        row = await workflows.find(connection, caller.project, identifier)
        if row is None:
            raise NotFound(f"Workflow not found [workflow_identifier={identifier}, namespace=]")
        return row


@dataclass(frozen=True, slots=True)
class _Times:
    first: datetime | None
    next: datetime
    remaining: int | None


def _times(wanted: CronTriggerRequest, now: datetime) -> _Times:
    """Return when a trigger fires.

    Raises:
        InvalidInput: If that cannot be told, or is never.
    """
    if not wanted.pattern and not wanted.first_time:
        raise InvalidInput("Pattern or first_execution_time must be specified.")
    if wanted.remaining is not None and wanted.remaining < 1:
        raise InvalidInput("remaining_executions must be at least 1.")
    if wanted.remaining is not None and wanted.remaining > _MOST_RUNS:
        raise InvalidInput(f"remaining_executions must be at most {_MOST_RUNS}.")
    first = _first_time(wanted.first_time, now)
    if not wanted.pattern:
        if wanted.remaining is not None and wanted.remaining > 1:
            raise InvalidInput("Pattern must be provided if count is superior to 1.")
        assert first is not None
        return _Times(first, first, 1)
    following = next_time(wanted.pattern, now)
    if following is None:
        raise InvalidInput(f"The specified pattern is not valid: {wanted.pattern} (it never fits)")
    return _Times(first, first or following, wanted.remaining)


def _first_time(text: str, now: datetime) -> datetime | None:
    if not text:
        return None
    try:
        first = datetime.strptime(text, _FIRST_TIME).replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidInput(f"first_execution_time is not a time such as 2030-01-31 10:00: {error}") from None
    if first < now + _SOONEST:
        raise InvalidInput("first_execution_time must be at least 1 minute in the future.")
    return first


def _fingerprint(
    workflow_id: str, given: dict[str, Any], params: dict[str, Any], wanted: CronTriggerRequest, remaining: int | None
) -> str:
    parts = (workflow_id, given, params, wanted.pattern or NEVER, wanted.first_time, remaining)
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()


def _unknown(identifier: str) -> NotFound:
    return NotFound(f"Cron trigger not found [cron_trigger={identifier}]")


_FOUND: Final = Finding(rows.find, "cron trigger", _unknown)
