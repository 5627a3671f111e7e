"""What a task's row tells beside its columns: what led to it and how its policies stand."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mistral_persistence.task_reads import Row


class Items(msgspec.Struct, frozen=True):
    """Progress of a task with items."""

    total: int = 0
    started: int = 0
    running: int = 0
    concurrency: int | None = None


class TaskFacts(msgspec.Struct, frozen=True):
    """The part of the machine's record of a task that readers are shown."""

    triggered_by: tuple[tuple[str, str], ...] = ()
    next_tasks: tuple[tuple[str, str], ...] = ()
    published_global: Mapping[str, Any] = {}
    retry_no: int | None = None
    waited_before: bool = False
    waited_after: bool = False
    items: Items | None = None
    previous: str | None = None
    superseded_by: str | None = None
    suspended: str | None = None


_decoder = msgspec.json.Decoder(TaskFacts)


def parsed(body: str) -> TaskFacts:
    """Return the facts in the JSON text of a row's ``body``."""
    return _decoder.decode(body)


def facts_of(row: Row) -> TaskFacts:
    """Return the facts in a row."""
    return parsed(row["body"])


def runtime_context(facts: TaskFacts, unserved: Sequence[str] = ()) -> dict[str, Any]:
    """Return the facts in the form that clients know; a start task has no ``triggered_by``.

    Args:
        unserved: Queues that the task waits for and that nobody serves.
    """
    shown: dict[str, Any] = {}
    if facts.triggered_by:
        shown["triggered_by"] = [{"task_id": task_id, "event": event} for task_id, event in facts.triggered_by]
    if facts.retry_no is not None:
        shown["retry_task_policy"] = {"retry_no": facts.retry_no}
    if facts.waited_before:
        shown["wait_before_policy"] = {"skip": True}
    if facts.waited_after:
        shown["wait_after_policy"] = {"skip": True}
    if facts.items is not None:
        shown["with_items"] = {"count": facts.items.total, "capacity": _capacity(facts.items)}
        if facts.items.concurrency is not None:
            shown["concurrency"] = facts.items.concurrency
    if unserved:
        shown["waits_for_executors_of"] = list(unserved)
    if facts.superseded_by is not None:
        shown["superseded_by"] = facts.superseded_by
    if facts.suspended is not None:
        shown["suspended"] = {"state": facts.suspended}
    return shown


def _capacity(items: Items) -> int | None:
    """Return how many more items may run now; None if there is no limit."""
    return None if items.concurrency is None else max(items.concurrency - items.running, 0)
