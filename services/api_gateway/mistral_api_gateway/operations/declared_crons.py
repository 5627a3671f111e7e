"""Cron triggers that the text of a workflow declares: stored, replaced and removed in the workflow's transaction."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from mistral_api_gateway.operations.cron_requests import columns_of
from mistral_api_gateway.operations.json_text import text_of
from mistral_core.cron.settings import CronSettings
from mistral_core.language.model import DeclaredTrigger
from mistral_persistence import cron_triggers as rows
from mistral_persistence import declared_cron_triggers as declared
from mistral_persistence import workflows
from mistral_persistence.database import Connection


async def store_crons(connection: Connection, workflow: workflows.Row, triggers: Sequence[DeclaredTrigger]) -> None:
    """Have exactly these triggers for a workflow; one that is as it was goes on as if nothing had happened.

    Raises:
        Conflict: If the name of one is taken by a trigger of another origin.
    """
    known = await declared.known(connection, workflow["id"])
    await declared.drop(connection, workflow["id"], without=[one.name for one in triggers])
    for trigger in triggers:
        before = known.get(trigger.name)
        new = _new(workflow, trigger, before.id if before else str(uuid4()))
        if before is None:
            await rows.create(connection, new)
        elif (before.name, before.declaration) != (new.name, new.declaration):
            await rows.replace(connection, new)


async def drop_crons(connection: Connection, workflow_id: str) -> None:
    """Remove the triggers that a workflow declares."""
    await declared.drop(connection, workflow_id)


def _new(workflow: workflows.Row, trigger: DeclaredTrigger, trigger_id: str) -> rows.NewCronTrigger:
    settings: CronSettings = trigger.settings
    declaration = _declaration(trigger)
    owner = hashlib.sha256(f"{workflow['id']}\0{trigger.name}".encode()).hexdigest()
    return rows.NewCronTrigger(
        id=trigger_id,
        project_id=workflow["project_id"],
        name=declared_name(workflow, trigger.name),
        workflow_id=workflow["id"],
        workflow_name=workflow["name"],
        workflow_namespace=workflow["namespace"],
        workflow_input=text_of(trigger.input),
        workflow_params=text_of(trigger.params),
        # It may do what another one does: it belongs to its workflow.
        fingerprint=f"declared {owner}",
        declared_as=trigger.name,
        declaration=declaration,
        **columns_of(settings, trigger_id, datetime.now(UTC)),
    )


def declared_name(workflow: workflows.Row, name: str) -> str:
    """Return what a declared trigger is called among those of its project."""
    namespace = f"{workflow['namespace']}/" if workflow["namespace"] else ""
    return f"{namespace}{workflow['name']}.{name}"


def _declaration(trigger: DeclaredTrigger) -> str:
    """Return what is equal for equal declarations."""
    settings: CronSettings = trigger.settings
    schedule = settings.schedule
    when = (schedule.patterns, schedule.timezone, schedule.start_at, schedule.end_at, schedule.jitter)
    how = (settings.count, settings.overlap, settings.catchup_window, trigger.input, trigger.params)
    return hashlib.sha256(msgspec.json.encode((when, how), order="sorted")).hexdigest()
