"""Which keys each part of the language has, and of what kind their values are: the language as data.

Checks read these tables, and so can anything that describes the language to others, such as a schema for editors.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a value may look like; ``kinds.py`` and the parsing modules give each its exact rule."""

    VERSION = "version"
    TEXT = "text"
    NAME = "text that is not empty"
    INLINE = "a name, optionally followed by parameters such as key=value"
    TAGS = "a list of different texts"
    PARAMETERS = "a list of names, or of mappings of one name to its default"
    VALUES = "a mapping whose values may hold expressions"
    VALUES_OR_EXPRESSION = "a mapping whose values may hold expressions, or one expression"
    COUNT = "a whole number from 0, or an expression"
    FLAG = "true or false, or an expression"
    CONDITION = "an expression"
    ANY = "anything"
    MEMBERS = "a mapping with at least one entry"
    SETTINGS = "a mapping"
    WORKFLOW_TYPE = "'direct' or 'reverse'"
    JOIN = "'all', 'one', or a whole number from 0"
    CLAUSE = "a task or command, a list of them, or a mapping with 'publish' and 'next'"
    NEXT = "a task or command, or a list of them"
    RETRY = "a mapping with 'count' and 'delay', or text such as count=3 delay=1"
    ITEMS = "text such as 'x in <% $.xs %>', or a list of such texts"
    PRIORITY = "'high', 'normal' or 'low', or an expression"
    SECONDS = "seconds from 0, or an expression"
    WORKER = "a mapping of what is needed of the worker that runs the action"
    LABELS = "a mapping of labels to texts, numbers, true or false; values may be expressions"
    LIMIT = "a mapping with 'key', 'concurrency', 'rate'"
    TASK_NAMES = "the name of a task, or a list of them, or of expressions that select tasks"
    TRIGGERS = "a mapping of names to triggers"
    CRON = "a pattern such as '0 3 * * *', or a mapping"
    EVENT = "a logical name such as 'domain is down', or a mapping"
    PATTERNS = "a list of patterns"
    SPAN = "seconds, or text such as 5m"
    NUMBER = "a whole number from 1"
    OVERLAP = "what happens while an earlier run is open"


@dataclass(frozen=True, slots=True)
class Entry:
    """One key: what kind of value it has, and whether it must be there."""

    kind: Kind
    required: bool = False


# Definitions that OpenStack Mistral writes have these in every part. They are accepted and mean nothing there.
INJECTED: Final = frozenset({"name", "version"})


def _entries(**kinds: Kind) -> dict[str, Entry]:
    return {name.replace("_", "-"): Entry(kind) for name, kind in kinds.items()}


_POLICIES: Final = _entries(
    pause_before=Kind.FLAG,
    wait_before=Kind.COUNT,
    wait_after=Kind.COUNT,
    fail_on=Kind.FLAG,
    retry=Kind.RETRY,
    timeout=Kind.COUNT,
    concurrency=Kind.COUNT,
)

_CLAUSES: Final = _entries(on_success=Kind.CLAUSE, on_error=Kind.CLAUSE, on_complete=Kind.CLAUSE, on_skip=Kind.CLAUSE)

_TASK: Final = {
    **_entries(
        description=Kind.TEXT,
        tags=Kind.TAGS,
        action=Kind.INLINE,
        workflow=Kind.INLINE,
        input=Kind.VALUES_OR_EXPRESSION,
        with_items=Kind.ITEMS,
        publish=Kind.VALUES,
        publish_on_error=Kind.VALUES,
        publish_on_skip=Kind.VALUES,
        target=Kind.NAME,
        keep_result=Kind.FLAG,
        safe_rerun=Kind.FLAG,
        priority=Kind.PRIORITY,
        worker=Kind.WORKER,
    ),
    **_POLICIES,
}

DIRECT_TASK: Final = {**_TASK, **_entries(join=Kind.JOIN), **_CLAUSES}

REVERSE_TASK: Final = {**_TASK, **_entries(requires=Kind.TASK_NAMES)}

TASK_DEFAULTS: Final = {
    **_POLICIES,
    **_CLAUSES,
    **_entries(safe_rerun=Kind.FLAG, priority=Kind.PRIORITY, worker=Kind.WORKER, requires=Kind.TASK_NAMES),
}

# Other keys of a workflow are accepted and mean nothing.
WORKFLOW: Final = {
    **_entries(
        type=Kind.WORKFLOW_TYPE,
        description=Kind.TEXT,
        tags=Kind.TAGS,
        input=Kind.PARAMETERS,
        output=Kind.VALUES,
        output_on_error=Kind.VALUES,
        vars=Kind.VALUES,
        task_defaults=Kind.SETTINGS,
        triggers=Kind.TRIGGERS,
    ),
    "tasks": Entry(Kind.MEMBERS, required=True),
}

DECLARED_TRIGGER: Final = _entries(
    description=Kind.TEXT,
    cron=Kind.CRON,
    event=Kind.EVENT,
    input=Kind.MEMBERS,
    params=Kind.SETTINGS,
)

EVENT_TRIGGER: Final = _entries(
    name=Kind.NAME,
    exchange=Kind.NAME,
    topic=Kind.NAME,
    type=Kind.NAME,
    matching=Kind.NAME,
    condition=Kind.NAME,
)

CRON_TRIGGER: Final = _entries(
    pattern=Kind.NAME,
    patterns=Kind.PATTERNS,
    timezone=Kind.NAME,
    start_at=Kind.NAME,
    end_at=Kind.NAME,
    count=Kind.NUMBER,
    jitter=Kind.SPAN,
    overlap=Kind.OVERLAP,
    catchup_window=Kind.SPAN,
)

WORKER: Final = _entries(
    queue=Kind.NAME,
    labels=Kind.LABELS,
    prefers=Kind.LABELS,
    sticky=Kind.FLAG,
    schedule_to_start=Kind.SECONDS,
    limit=Kind.LIMIT,
    fleet=Kind.NAME,
    workers=Kind.COUNT,
)

WORKER_LIMIT: Final = _entries(key=Kind.NAME, concurrency=Kind.COUNT, rate=Kind.SECONDS)

ACTION: Final = {
    **_entries(
        description=Kind.TEXT,
        tags=Kind.TAGS,
        input=Kind.PARAMETERS,
        base_input=Kind.VALUES,
        output=Kind.ANY,
    ),
    "base": Entry(Kind.INLINE, required=True),
}

WORKBOOK: Final = {
    "version": Entry(Kind.VERSION, required=True),
    "name": Entry(Kind.NAME, required=True),
    **_entries(description=Kind.TEXT, tags=Kind.TAGS, workflows=Kind.MEMBERS, actions=Kind.MEMBERS),
}

ADVANCED_CLAUSE: Final = _entries(publish=Kind.SETTINGS, next=Kind.NEXT)

PUBLISH_SCOPES: Final = _entries(branch=Kind.VALUES, atomic=Kind.VALUES) | {"global": Entry(Kind.VALUES)}

RETRY: Final = {
    "count": Entry(Kind.COUNT, required=True),
    "delay": Entry(Kind.COUNT, required=True),
    **_entries(break_on=Kind.CONDITION, continue_on=Kind.CONDITION),
}
