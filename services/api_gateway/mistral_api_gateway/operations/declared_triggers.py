"""Triggers that workflows declare in their texts: one place for all kinds, called where workflows are stored.

Everything here runs in the transaction that stores or removes the workflow, so both happen or none does. A kind of
trigger has a module of its own with two functions, one that has exactly the declared ones of a workflow stored, and one
that removes them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from mistral_api_gateway.operations.declared_crons import drop_crons, store_crons
from mistral_api_gateway.operations.declared_events import drop_events, store_events
from mistral_core.language.model import DeclaredTrigger, Workflow
from mistral_persistence import workflows
from mistral_persistence.database import Connection

_STORE: Final[Mapping[str, Callable[[Connection, workflows.Row, Sequence[DeclaredTrigger]], Awaitable[None]]]] = {
    "cron": store_crons,
    "event": store_events,
}
_DROP: Final[Sequence[Callable[[Connection, str], Awaitable[None]]]] = (drop_crons, drop_events)


async def store_declared(connection: Connection, row: workflows.Row, workflow: Workflow, *, new: bool = False) -> None:
    """Have the triggers that a workflow declares, and no others of its own.

    Args:
        row: The workflow as it is stored.
        workflow: As its text was read when it was sent.
        new: Whether it cannot have had any before.

    Raises:
        Conflict: If the name of a trigger is taken.
        InvalidInput: If one cannot be stored as it is declared.
    """
    for kind, store in _STORE.items():
        triggers = [trigger for trigger in workflow.triggers if trigger.kind == kind]
        if triggers or not new:
            await store(connection, row, triggers)


async def drop_declared(connection: Connection, workflow_id: str) -> None:
    """Remove the triggers that a workflow declares, for it is about to be removed."""
    for drop in _DROP:
        await drop(connection, workflow_id)
