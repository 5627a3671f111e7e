"""The records of the machine as rows, and back.

A record's fields are columns where somebody filters by them or where they are large; all others travel in the
row's ``body``, a JSON object without the fields that have their default. A field added to a record is thereby
persisted without a change here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter, is_
from typing import Any

import msgspec
from immutables import Map

from mistral_core.machine.execution import (
    DERIVED_EXECUTION_FIELDS,
    DERIVED_TASK_FIELDS,
    ActionExecution,
    ChildExecution,
    Execution,
    TaskExecution,
)

_TASK_COLUMNS = frozenset({"id", "name", "state", "created_at"})
_ACTION_COLUMNS = frozenset({"id", "state", "created_at", "input"})
_CHILD_COLUMNS = frozenset({"id", "accepted", "index"})
_EXECUTION_COLUMNS = frozenset(
    {"id", "state", "state_info", "created_at", "updated_at"}
    | {"root_id", "partition", "project", "workflow_id", "workflow_version", "workflow_name", "workflow_namespace"}
    | {"description", "tags", "input", "params", "output", "globals", "finished_at"}
)
# Every task row has the sequence of its last write, every history row its position.
_COUNTED = frozenset({"sequence", "revision"})


def _plain(value: Any) -> Any:
    if isinstance(value, Map):
        return dict(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(f"a {type(value).__name__} cannot be stored")


_encoder = msgspec.json.Encoder(enc_hook=_plain)


# Postgres takes no NUL in a text, and reads no member of a JSON object that has one anywhere.
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def to_json(value: Any) -> str:
    """Return the JSON text of a value of the machine; NUL characters become U+FFFD."""
    text = _encoder.encode(value).decode()
    return text if "\\u0000" not in text else _NUL.sub(r"\1\\ufffd", text)


def to_json_or_null(value: Any) -> str | None:
    """Like ``to_json``, but SQL NULL for None."""
    return None if value is None else to_json(value)


def to_text(text: str) -> str:
    """Return a text as a column can hold it; NUL characters become U+FFFD."""
    return text if "\0" not in text else text.replace("\0", "\ufffd")


def to_text_or_null(text: str | None) -> str | None:
    """Like ``to_text``, but SQL NULL for None."""
    return None if text is None else to_text(text)


def array_literal(texts: Sequence[str]) -> str:
    """Return texts as the literal of a ``text[]``, which can travel as one element of an array parameter."""
    if not texts:
        return "{}"
    quoted = (to_text(text).replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


class Body:
    """The fields of one record type that have no column, as one JSON object.

    Args:
        without: Fields that the row has elsewhere, or not at all.
        extra: Further members of the object that are no fields of the record, texts.
    """

    def __init__(self, record: type[msgspec.Struct], without: frozenset[str], *extra: str) -> None:
        fields = [f for f in msgspec.structs.fields(record) if f.encode_name not in without]
        self._names = tuple(f.name for f in fields)
        self._read: Callable[[Any], tuple[Any, ...]] = attrgetter(*self._names)
        members = [*map(_optional, fields), *((name, tuple[str, ...], ()) for name in extra)]
        self._type = msgspec.defstruct(f"{record.__name__}Body", members, omit_defaults=True, frozen=True)
        self._decoder = msgspec.json.Decoder(self._type)

    def text(self, record: msgspec.Struct, *extra: tuple[str, ...]) -> str:
        """Return the body of a record."""
        return to_json(self._type(*self._read(record), *extra))

    def fields(self, text: str) -> dict[str, Any]:
        """Return the fields in a body, with defaults where it has none."""
        body = self._decoder.decode(text)
        return {name: getattr(body, name) for name in self._names}


def _optional(field: msgspec.structs.FieldInfo) -> tuple[str, Any, Any]:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.name, field.type, msgspec.field(default_factory=field.default_factory)
    return field.name, field.type, None if field.default is msgspec.NODEFAULT else field.default


TASK_BODY = Body(TaskExecution, _TASK_COLUMNS | DERIVED_TASK_FIELDS, "tags")
ACTION_BODY = Body(ActionExecution, _ACTION_COLUMNS)
CHILD_BODY = Body(ChildExecution, _CHILD_COLUMNS)
EXECUTION_BODY = Body(Execution, _EXECUTION_COLUMNS | DERIVED_EXECUTION_FIELDS | _COUNTED)


def _execution_body(execution: Execution) -> str:
    # The environment is the root's; a child reads it from there.
    return EXECUTION_BODY.text(msgspec.structs.replace(execution, env={}) if execution.parent else execution)


def execution_head(execution: Execution) -> tuple[Any, ...]:
    """What is written once, when an execution is started; order of the ``started_`` arguments of the flush."""
    parent = execution.parent
    return (
        execution.id,
        execution.partition,
        execution.root_id,
        parent.execution_id if parent else None,
        parent.task_id if parent else None,
        execution.project,
        execution.workflow_id,
        execution.workflow_version,
        to_text(execution.workflow_name),
        execution.workflow_namespace,
        to_text(execution.description),
        array_literal(execution.tags),
        to_json(execution.input),
        execution.created_at,
        execution.state,
        to_text_or_null(execution.state_info),
        to_json(execution.params),
        to_json_or_null(execution.output),
        to_json(execution.globals),
        _execution_body(execution),
        execution.updated_at,
        execution.finished_at,
    )


def execution_change(execution: Execution) -> tuple[Any, ...]:
    """What may change later; order of the ``execution_`` arguments of the flush."""
    return (
        execution.id,
        execution.state,
        to_text_or_null(execution.state_info),
        to_json(execution.params),
        to_json_or_null(execution.output),
        to_json(execution.globals),
        _execution_body(execution),
        to_text(execution.description),
        execution.updated_at,
        execution.finished_at,
    )


_stored = attrgetter(
    "state", "state_info", "params", "output", "globals", "vars", "env", "backlog", "description", "finished_at"
)


def is_stored_alike(one: Execution, other: Execution) -> bool:
    """Tell whether two versions of an execution have the same row.

    Values are compared by identity, which is enough since versions share what did not change.
    """
    return all(map(is_, _stored(one), _stored(other)))


def task_row(execution: Execution, task: TaskExecution, tags: tuple[str, ...]) -> tuple[Any, ...]:
    """Return the row of a task; order of the ``task_`` arguments of the flush."""
    return (
        task.id,
        execution.id,
        to_text(task.name),
        task.state,
        execution.sequence,
        task.created_at,
        TASK_BODY.text(task, tags),
    )


def action_row(execution_id: str, task_id: str, action: ActionExecution, envelope: str | None) -> tuple[Any, ...]:
    """Return the row of an action execution; order of the ``action_`` arguments of the flush."""
    return (
        action.id,
        execution_id,
        task_id,
        action.state,
        action.created_at,
        envelope,
        to_json(action.input),
        ACTION_BODY.text(action),
    )


def child_row(execution_id: str, task_id: str, child: ChildExecution) -> tuple[Any, ...]:
    """Return the row of a child as its parent sees it; order of the ``child_`` arguments of the flush."""
    return (child.id, execution_id, task_id, child.accepted, child.index, CHILD_BODY.text(child))


def micros(moment: datetime) -> int:
    """Return microseconds since the epoch, exactly."""
    whole = int(moment.timestamp())
    return whole * 1_000_000 + moment.microsecond
