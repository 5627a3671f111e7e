"""Event triggers that the text of a workflow declares: stored, replaced and removed in the workflow's transaction."""

from collections.abc import Sequence
from uuid import uuid4

from mistral_api_gateway.operations.declared_crons import declared_name
from mistral_api_gateway.operations.definition_scope import PRIVATE
from mistral_api_gateway.operations.json_text import text_of
from mistral_core.language.event_triggers import EventSettings
from mistral_core.language.model import DeclaredTrigger
from mistral_persistence import declared_event_triggers as declared
from mistral_persistence import workflows
from mistral_persistence.database import Connection
from mistral_persistence.event_triggers import NewEventTrigger


async def store_events(connection: Connection, workflow: workflows.Row, triggers: Sequence[DeclaredTrigger]) -> None:
    """Have exactly these triggers for a workflow; one that is as it was goes on as if nothing had happened."""
    await declared.drop(connection, workflow["id"], without=[one.name for one in triggers])
    for trigger in triggers:
        await declared.store(connection, _new(workflow, trigger))


async def drop_events(connection: Connection, workflow_id: str) -> None:
    """Remove the triggers that a workflow declares."""
    await declared.drop(connection, workflow_id)


def _new(workflow: workflows.Row, trigger: DeclaredTrigger) -> NewEventTrigger:
    settings: EventSettings = trigger.settings
    return NewEventTrigger(
        id=str(uuid4()),
        project=workflow["project_id"],
        name=declared_name(workflow, trigger.name)[:255],
        workflow_id=workflow["id"],
        workflow_input="{}",
        workflow_params=text_of(trigger.params),
        exchange=settings.exchange,
        topic=settings.topic,
        event=settings.event,
        # Also of a public workflow: others see it, but what happens to them does not start it.
        scope=PRIVATE,
        matching=settings.matching,
        condition=settings.condition,
        # Made of the event anew at every start.
        input_mapping=text_of(trigger.input),
        declared_by=workflow["id"],
        declared_name=trigger.name,
    )
