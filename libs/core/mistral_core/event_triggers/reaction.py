"""What a trigger is, and what it makes of an event: something to do, or a reason why not."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, TypeAlias

from msgspec import Struct

from mistral_core import expressions
from mistral_core.errors import ExpressionFailed
from mistral_core.event_triggers.definitions import EventDefinition, event_params
from mistral_core.event_triggers.event import Event
from mistral_core.event_triggers.matching import mismatch

MOST_DEPTH: Final = 8
"""Longest chain of events that lead to one another; what goes round in circles ends here."""


class Reaction(StrEnum):
    """What a trigger does."""

    START = "start"
    RESUME = "resume"
    COMPLETE = "complete"


class Verdict(StrEnum):
    """What became of an event at one trigger or binding."""

    FIRED = "FIRED"
    NOT_MATCHED = "NOT_MATCHED"
    DISABLED = "DISABLED"
    NOT_SEEN = "NOT_SEEN"
    LATER = "LATER"
    CONDITION_FALSE = "CONDITION_FALSE"
    EXPRESSION_FAILED = "EXPRESSION_FAILED"
    NOTHING_WAITS = "NOTHING_WAITS"
    WAITING = "WAITING"
    REFUSED = "REFUSED"
    CHAIN_TOO_LONG = "CHAIN_TOO_LONG"


class Correlation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a trigger that wakes something up finds it. All values may hold expressions over the event.

    Attributes:
        execution_id: Id of the execution; empty for any.
        task: Name of the task that waits; empty for any.
        workflow: Name of the workflow that waits; empty for any.
        key: A value of the event.
        equals: What it must be equal to: an expression over ``input`` (of the action), ``task``, ``execution_id``,
            ``execution_input`` and ``tags`` of what waits.
        state: ``SUCCESS`` or ``ERROR``, how a task is completed.
        result: What a task is completed with; the payload unless given.
        every: Whether all that fit are woken up, rather than the one that waits longest.
        wait_seconds: How long the event waits for something that waits for it.
    """

    execution_id: str = ""
    task: str = ""
    workflow: str = ""
    key: Any = None
    equals: str = ""
    state: str = "SUCCESS"
    result: Any = None
    every: bool = False
    wait_seconds: int = 0


class Trigger(Struct, frozen=True, kw_only=True):
    """An event trigger, as far as it decides anything."""

    id: str
    name: str
    project: str
    workflow_id: str | None
    namespace: str
    workflow_input: Mapping[str, Any]
    workflow_params: Mapping[str, Any]
    exchange: str
    topic: str
    event: str
    matching: str
    public: bool
    enabled: bool
    condition: str
    input_mapping: Mapping[str, Any]
    reaction: Reaction
    correlation: Correlation


class Binding(Struct, frozen=True, kw_only=True):
    """What a logical name stands for, as far as it decides anything."""

    id: str
    name: str
    project: str
    exchange: str
    topic: str
    event: str
    matching: str
    public: bool
    enabled: bool
    condition: str
    mapping: Mapping[str, Any]


class Start(Struct, frozen=True):
    """Start the trigger's workflow."""

    input: dict[str, Any]
    params: dict[str, Any]


class Wake(Struct, frozen=True, kw_only=True):
    """Resume an execution, or complete what waits in one; empty texts stand for any."""

    execution_id: str
    task: str
    workflow: str
    key: Any
    state: str
    result: Any


class Raise(Struct, frozen=True):
    """Make an event of the binding's name, with this payload."""

    payload: Any


class Declined(Struct, frozen=True):
    """Do nothing, and say why."""

    verdict: Verdict
    reason: str = ""


Decision: TypeAlias = Start | Wake | Raise | Declined


def sees(project: str, public: bool, event: Event) -> bool:
    """Tell whether the triggers of a project are told of an event at all."""
    return event.project == project or event.public or public


def declined(wanted: Trigger | Binding, event: Event) -> Declined | None:
    """Return why nothing is even evaluated for an event; None if something is."""
    # A public trigger fires for the events of all projects; a binding gives payloads away and therefore does not.
    public = wanted.public if isinstance(wanted, Trigger) else False
    if not sees(wanted.project, public, event):
        return Declined(Verdict.NOT_SEEN, "the event belongs to another project")
    if reason := mismatch(wanted, event):
        return Declined(Verdict.NOT_MATCHED, reason)
    if not wanted.enabled:
        return Declined(Verdict.DISABLED, "it is disabled")
    if event.depth >= MOST_DEPTH:
        return Declined(Verdict.CHAIN_TOO_LONG, f"{MOST_DEPTH} events led to one another")
    return None


def decide(wanted: Trigger | Binding, event: Event, definitions: Sequence[EventDefinition] = ()) -> Decision:
    """Return what is to be done about an event; the same whenever it is asked."""
    if (found := declined(wanted, event)) is not None:
        return found
    try:
        if wanted.condition and not expressions.evaluate(wanted.condition, event.scope()):
            return Declined(Verdict.CONDITION_FALSE, "the condition is not true")
        if isinstance(wanted, Binding):
            return Raise(expressions.render(wanted.mapping, event.scope()) if wanted.mapping else event.payload)
        return _start(wanted, event, definitions) if wanted.reaction is Reaction.START else _wake(wanted, event)
    except ExpressionFailed as error:
        return Declined(Verdict.EXPRESSION_FAILED, error.message)


def fits_key(correlation: Correlation, event: Event, key: Any, waiting: Mapping[str, Any]) -> bool:
    """Tell whether something that waits is what the event is about.

    Raises:
        ExpressionFailed: If the expression fails for it.
    """
    if not correlation.equals:
        return True
    found = expressions.evaluate(correlation.equals, event.scope(**waiting))
    return type(found) is type(key) and bool(found == key)


def _start(trigger: Trigger, event: Event, definitions: Sequence[EventDefinition]) -> Start:
    given = {**trigger.workflow_input, **expressions.render(dict(trigger.input_mapping), event.scope())}
    return Start(given, {**trigger.workflow_params, "event_params": event_params(definitions, event)})


def _wake(trigger: Trigger, event: Event) -> Wake | Declined:
    rule, scope = trigger.correlation, event.scope()
    execution_id = expressions.evaluate(rule.execution_id, scope)
    if rule.execution_id and not (isinstance(execution_id, str) and execution_id):
        return Declined(Verdict.NOTHING_WAITS, "the expression for the execution gives no id")
    key = expressions.render(rule.key, scope)
    if rule.equals and key is None:
        return Declined(Verdict.NOTHING_WAITS, "the key of the event is null")
    state = expressions.evaluate(rule.state, scope)
    if state not in ("SUCCESS", "ERROR"):
        return Declined(Verdict.EXPRESSION_FAILED, f"the state must be SUCCESS or ERROR, not {str(state)[:80]!r}")
    return Wake(
        execution_id=execution_id or "",
        task=str(expressions.evaluate(rule.task, scope) or ""),
        workflow=str(expressions.evaluate(rule.workflow, scope) or ""),
        key=key,
        state=state,
        result=event.payload if rule.result is None else expressions.render(rule.result, scope),
    )
