"""Event triggers: workflows that are started by what happens elsewhere."""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from msgspec import structs

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.definition_scope import PRIVATE, checked_scope
from mistral_api_gateway.operations.etags import hold
from mistral_api_gateway.operations.finding import Finding
from mistral_api_gateway.operations.json_text import object_of, text_of
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import IllegalState, InvalidInput, NotFound
from mistral_core.event_triggers import checking
from mistral_core.event_triggers.reaction import Reaction
from mistral_core.language import workflow_from_text
from mistral_core.machine import check_input
from mistral_persistence import event_triggers as rows
from mistral_persistence import workflows
from mistral_persistence.database import Connection
from mistral_persistence.listing import Page
from mistral_persistence.literals import as_uuid

_LONGEST: Final = 255
_NEEDED: Final = ("event", "exchange", "topic", "workflow_id")
_FIXED: Final = ("event", "exchange", "topic", "matching", "reaction")
_STARTS: Final = frozenset({"workflow_id", "workflow_input", "input_mapping"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTriggerRequest:
    """A trigger as it is sent; what is missing may only be missing in a change.

    Attributes:
        workflow_id: UUID of a workflow that the caller sees.
        input: JSON object; None when it is not sent, likewise ``params``.
        exchange: Where the event comes from: together with ``topic`` the place that is listened to.
        event: Type of the event.
        scope: A public trigger is fired by the events of every project.
        mapping: JSON object, input that is made of the event; None when it is not sent, likewise ``correlation``.
    """

    name: str | None = None
    workflow_id: str | None = None
    input: bytes | None = None
    params: bytes | None = None
    exchange: str | None = None
    topic: str | None = None
    event: str | None = None
    scope: str | None = None
    enabled: bool | None = None
    matching: str | None = None
    condition: str | None = None
    mapping: bytes | None = None
    reaction: str | None = None
    correlation: bytes | None = None


class EventTriggers:
    """What can be done with event triggers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, caller: Caller, wanted: EventTriggerRequest) -> rows.Row:
        """Store a trigger.

        Raises:
            InvalidInput: If a part of it is missing or wrong, or the input does not fit the workflow.
            NotFound: If there is no such workflow.
            Conflict: If the project has one of that exchange, topic, event and workflow.
        """
        reaction = checking.checked_reaction(wanted.reaction or "")
        needed = _NEEDED if reaction is Reaction.START else _NEEDED[:3]
        if not all(getattr(wanted, name) for name in needed):
            raise InvalidInput(f"Params {_as_set(needed)} must be provided for creating event trigger.")
        _check(caller, wanted)
        if reaction is not Reaction.START and (wanted.workflow_id or wanted.mapping):
            raise InvalidInput(f"A trigger with the reaction {reaction} starts nothing", field="workflow_id")
        given = text_of(object_of(wanted.input or b"", "workflow_input"))
        mapping = _mapping(wanted.mapping) or "{}"
        new = rows.NewEventTrigger(
            id=str(uuid4()),
            project=caller.project,
            name=wanted.name or "",
            workflow_id=wanted.workflow_id or None,
            workflow_input=given,
            workflow_params=text_of(object_of(wanted.params or b"", "workflow_params")),
            exchange=wanted.exchange or "",
            topic=wanted.topic or "",
            event=wanted.event or "",
            scope=wanted.scope or PRIVATE,
            enabled=wanted.enabled is not False,
            matching=checking.checked_matching(wanted.matching or ""),
            condition=wanted.condition or "",
            input_mapping=mapping,
            reaction=reaction,
            correlation=_correlation(wanted.correlation or b"", reaction),
        )
        async with self._store.transaction() as connection:
            if new.workflow_id:
                await _check_workflow(connection, caller, new.workflow_id, given, mapping)
            await rows.create(connection, new)
            return await _FOUND.visible(connection, caller, new.id)

    async def update(self, caller: Caller, trigger_id: str, wanted: EventTriggerRequest, *, etag: str = "") -> rows.Row:
        """Replace what is sent of a trigger; input and params only as a whole.

        Raises:
            InvalidInput: If what it waits for is to change, or the input does not fit the workflow.
            NotFound: If none visible has that id, or there is no such workflow.
            Forbidden: If it belongs to another project.
            IllegalState: If the text of a workflow declares it.
            Conflict: If the project has another one of the same exchange, topic, event and workflow.
        """
        if fixed := [name for name in _FIXED if getattr(wanted, name) is not None]:
            raise InvalidInput(f"Can not update fields {_as_set(fixed)} of event trigger.")
        _check(caller, wanted)
        change = rows.Change(
            name=wanted.name,
            workflow_id=wanted.workflow_id,
            workflow_input=_text(wanted.input, "workflow_input"),
            workflow_params=_text(wanted.params, "workflow_params"),
            scope=wanted.scope,
            enabled=wanted.enabled,
            condition=wanted.condition,
            input_mapping=_mapping(wanted.mapping),
        )
        async with self._store.transaction() as connection:
            await _FOUND.own(connection, caller, trigger_id)
            await rows.lock(connection, trigger_id)
            await hold(connection, "event_trigger", trigger_id, etag)
            known = await _FOUND.visible(connection, caller, trigger_id)
            change = _fitting(known, change, wanted)
            workflow_id = change.workflow_id or known["workflow_id"]
            if workflow_id and _STARTS & {name for name in _STARTS if getattr(change, name) is not None}:
                given = known["workflow_input"] if change.workflow_input is None else change.workflow_input
                mapping = known["input_mapping"] if change.input_mapping is None else change.input_mapping
                await _check_workflow(connection, caller, workflow_id, given, mapping)
            await rows.update(connection, trigger_id, change)
            return await _FOUND.visible(connection, caller, trigger_id)

    async def get(self, caller: Caller, trigger_id: str) -> rows.Row:
        """Return a trigger. Raises NotFound if none visible has that id."""
        return await self._store.read(_FOUND.visible, caller, trigger_id)

    async def page(self, caller: Caller, wanted: Page) -> list[rows.Row]:
        """Return a page of the triggers that the caller sees."""
        return await self._store.page(rows.page, rows.EVENT_TRIGGERS, wanted, project=caller.scope)

    async def delete(self, caller: Caller, trigger_id: str, *, etag: str = "") -> None:
        """Remove a trigger; what it has started goes on.

        Raises:
            NotFound: If none visible has that id.
            Forbidden: If it belongs to another project.
            IllegalState: If the text of a workflow declares it.
        """
        async with self._store.transaction() as connection:
            _check_own(await _FOUND.own(connection, caller, trigger_id))
            await hold(connection, "event_trigger", trigger_id, etag)
            await rows.delete(connection, trigger_id)


def _check(caller: Caller, wanted: EventTriggerRequest) -> None:
    checked_scope(caller, wanted.scope, "event_triggers")
    for name in ("name", "exchange", "topic", "event"):
        if len(getattr(wanted, name) or "") > _LONGEST:
            raise InvalidInput(f"The {name} of an event trigger has at most {_LONGEST} characters")
    checking.check_condition(wanted.condition or "")
    if wanted.workflow_id is not None and as_uuid(wanted.workflow_id) is None:
        raise InvalidInput(
            f"Invalid input for field/attribute workflow_id. Value: {wanted.workflow_id!r}; expected a UUID"
        )


async def _check_workflow(connection: Connection, caller: Caller, workflow_id: str, given: str, mapping: str) -> None:
    workflow = await workflows.find(connection, caller.project, workflow_id)
    if workflow is None:
        raise NotFound(f"Workflow not found [workflow_identifier={workflow_id}]")
    parsed = workflow_from_text(workflow["definition"], workflow["name"])
    made = {**object_of(given, "workflow_input"), **object_of(mapping, "input_mapping")}
    check_input(parsed, workflow["name"], made)


def _fitting(known: rows.Row, change: rows.Change, wanted: EventTriggerRequest) -> rows.Change:
    """Return a change with the correlation, which depends on what the trigger does.

    A trigger that a text declares can be switched on and off, and nothing else.
    """
    reaction = Reaction(known["reaction"])
    if reaction is not Reaction.START and (change.workflow_id or change.input_mapping):
        raise InvalidInput(f"A trigger with the reaction {reaction} starts nothing", field="workflow_id")
    if wanted.correlation is not None:
        change = structs.replace(change, correlation=_correlation(wanted.correlation, reaction))
    if structs.replace(change, enabled=None) != rows.Change():
        _check_own(known)
    return change


def _check_own(known: rows.Row) -> None:
    if known["declared_by"]:
        raise IllegalState(
            f"The text of the workflow {known['declared_by']} declares this trigger as {known['declared_name']!r}:"
            " it is changed and removed there"
        )


def _mapping(value: bytes | None) -> str | None:
    if value is None:
        return None
    found = object_of(value, "input_mapping")
    checking.check_mapping(found, "input_mapping")
    return text_of(found)


def _correlation(value: bytes, reaction: Reaction) -> str:
    return text_of(checking.checked_correlation(object_of(value, "correlation"), reaction))


def _text(value: bytes | None, what: str) -> str | None:
    return None if value is None else text_of(object_of(value, what))


def _as_set(names: "list[str] | tuple[str, ...]") -> str:
    return "{" + ", ".join(repr(name) for name in sorted(names)) + "}"


def _unknown(trigger_id: str) -> NotFound:
    return NotFound(f"Event trigger not found [id={trigger_id}]")


_FOUND: Final = Finding(rows.find, "event trigger", _unknown)
