"""Cron triggers: workflows that the scheduler starts by the calendar."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.cron_requests import CronTriggerRequest, columns_of, fingerprint
from mistral_api_gateway.operations.definition_scope import PRIVATE, checked_scope
from mistral_api_gateway.operations.etags import hold
from mistral_api_gateway.operations.finding import Finding
from mistral_api_gateway.operations.json_text import object_of, text_of
from mistral_api_gateway.operations.store import Store
from mistral_core.cron.settings import CronSettings
from mistral_core.errors import Forbidden, InvalidInput, NotFound
from mistral_core.language import workflow_from_text
from mistral_core.machine import check_input
from mistral_persistence import cron_triggers as rows
from mistral_persistence import workflows
from mistral_persistence.database import Connection
from mistral_persistence.listing import Page

_LONGEST_NAME: Final = 255


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
        now = datetime.now(UTC)
        settings = wanted.settings(now)
        async with self._store.transaction() as connection:
            workflow = await self._workflow(connection, caller, wanted.workflow)
            check_input(workflow_from_text(workflow["definition"], workflow["name"]), workflow["name"], given)
            new = _new(caller, wanted, workflow, settings, given, params, now)
            await rows.create(connection, new)
            if wanted.paused is not None:
                await rows.set_status(connection, new.id, "PAUSED", wanted.paused)
            return await FOUND.visible(connection, caller, new.id)

    async def get(self, caller: Caller, identifier: str) -> rows.Row:
        """Return a trigger by its id or name. Raises NotFound if none visible has it."""
        return await self._store.read(FOUND.visible, caller, identifier)

    async def page(self, caller: Caller, wanted: Page) -> list[rows.Row]:
        """Return a page of the triggers that the caller sees."""
        return await self._store.page(rows.page, rows.CRON_TRIGGERS, wanted, project=caller.scope)

    async def delete(self, caller: Caller, identifier: str, *, etag: str = "") -> None:
        """Remove a trigger; what it has started goes on.

        Raises:
            NotFound: If none visible has that id or name.
            Forbidden: If it belongs to another project, or the text of its workflow declares it.
        """
        async with self._store.transaction() as connection:
            known = await FOUND.own(connection, caller, identifier)
            await hold(connection, "cron_trigger", known["id"], etag)
            if known["declared_as"] is not None:
                raise Forbidden(
                    f"The workflow {known['workflow_name']!r} declares this trigger as {known['declared_as']!r} and "
                    "is to be updated without it; it can be paused meanwhile"
                )
            await rows.delete(connection, known["id"])

    @staticmethod
    async def _workflow(connection: Connection, caller: Caller, identifier: str) -> workflows.Row:
        if not identifier:
            raise InvalidInput("Workflow name or workflow ID must be specified.")
        row = await workflows.find(connection, caller.project, identifier)
        if row is None:
            raise NotFound(f"Workflow not found [workflow_identifier={identifier}, namespace=]")
        return row


def _new(
    caller: Caller,
    wanted: CronTriggerRequest,
    workflow: workflows.Row,
    settings: CronSettings,
    given: dict[str, Any],
    params: dict[str, Any],
    now: datetime,
) -> rows.NewCronTrigger:
    trigger_id = str(uuid4())
    return rows.NewCronTrigger(
        id=trigger_id,
        project_id=caller.project,
        name=wanted.name,
        workflow_id=workflow["id"],
        workflow_name=workflow["name"],
        workflow_namespace=workflow["namespace"],
        workflow_input=text_of(given),
        workflow_params=text_of(params),
        scope=wanted.scope or PRIVATE,
        fingerprint=fingerprint(workflow["id"], given, params, settings),
        **columns_of(settings, trigger_id, now),
    )


def _unknown(identifier: str) -> NotFound:
    return NotFound(f"Cron trigger not found [cron_trigger={identifier}]")


FOUND: Final = Finding(rows.find, "cron trigger", _unknown)
"""Finds cron triggers by id or name."""
