"""What a run of an action needs of the worker that takes it: which pool it goes to, and until when it must begin.

Only actions that workers offer have needs; what executors run themselves has none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace

from mistral_core.errors import Invalid
from mistral_core.machine.surroundings import Offer
from mistral_core.priority import DEFAULT_QUEUE
from mistral_core.worker_pools import EXECUTION_LABEL, FLEET_LABEL, Pool

if TYPE_CHECKING:
    from mistral_core.expressions import Scope
    from mistral_core.machine.draft import Draft
    from mistral_core.machine.execution import ActionExecution
    from mistral_core.machine.plan import TaskPlan

_MICROS: Final = 1_000_000
_LARGEST: Final = 2**31 - 1
_LONGEST: Final = 255
_MOST_LABELS: Final = 32
_LONGEST_SECONDS: Final = 10 * 365 * 86_400

Labels = tuple[tuple[str, str], ...]


class WorkerNeeds(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """See ``Pool`` for the fields that have the same names.

    Attributes:
        preferred: Labels that the worker should have, but need not.
        sticky: Id of the worker that should run it if it can; empty for any.
        start_within: Seconds within which somebody must have begun it; 0 for no limit.
        fleet_workers: Most temporary workers that are wanted for it; 0 for as many as there are runs.
        begin_by: When that is for the live attempt, microseconds since the epoch; 0 for no limit.
    """

    project: str
    queue: str = DEFAULT_QUEUE
    labels: Labels = ()
    limit_key: str = ""
    concurrency: int = 0
    rate: float = 0.0
    preferred: Labels = ()
    sticky: str = ""
    start_within: float = 0.0
    begin_by: int = 0
    fleet_workers: int = 0


def pool_of(needs: WorkerNeeds, action: str) -> Pool:
    """Return the pool of workers that a run goes to."""
    return Pool(
        project=needs.project,
        queue=needs.queue,
        action=action,
        labels=needs.labels,
        limit_key=needs.limit_key,
        concurrency=needs.concurrency,
        rate=needs.rate,
    )


def offer_for(draft: Draft, plan: TaskPlan, name: str) -> Offer | None:
    """Return who offers the action that really runs; None if executors have to know it themselves.

    An action that nobody offers yet is awaited from workers of the execution's own project if the task says ``worker``.
    """
    around, execution = draft.surroundings, draft.execution
    offer = around.offers.get(name)
    if (offer is None and plan.worker is None) or name.startswith("std."):
        return None
    if (execution.workflow_namespace, name) in around.uploaded or ("", name) in around.uploaded:
        return None
    return offer or Offer(execution.project)


def needs_for(draft: Draft, plan: TaskPlan, name: str, offer: Offer, scope: Scope, target: str | None) -> WorkerNeeds:
    """Return what a new run needs, by the task's ``worker`` and ``target``.

    Raises:
        ExpressionFailed: If an expression of it fails.
        Invalid: If a value is of the wrong kind.
    """
    if plan.worker is None:
        return WorkerNeeds(project=offer.project, queue=target or DEFAULT_QUEUE)
    wanted = _Wanted(plan.worker(scope))
    key, concurrency, rate = wanted.limit(name)
    seconds = wanted.number("schedule-to-start", most=_LONGEST_SECONDS)
    fleet = wanted.text("fleet")
    of_fleet = {FLEET_LABEL: fleet, EXECUTION_LABEL: draft.execution.root_id} if fleet else {}
    return WorkerNeeds(
        project=offer.project,
        queue=wanted.text("queue") or target or DEFAULT_QUEUE,
        labels=wanted.labels("labels", of_fleet),
        limit_key=key,
        concurrency=concurrency,
        rate=rate,
        preferred=wanted.labels("prefers"),
        sticky=_worker_before(draft, offer) if wanted.flag("sticky") else "",
        start_within=seconds,
        begin_by=draft.at + int(seconds * _MICROS) if seconds else 0,
        fleet_workers=wanted.whole(wanted.value("workers"), "workers"),
    )


def due_again(needs: WorkerNeeds | None, at: int) -> WorkerNeeds | None:
    """Return the needs of a further attempt that is given out at ``at``, which has its whole time to begin."""
    if needs is None or not needs.start_within:
        return needs
    return replace(needs, begin_by=at + int(needs.start_within * _MICROS))


def _worker_before(draft: Draft, offer: Offer) -> str:
    """Return the worker of that project which ended an action of the execution last; empty if there is none."""
    ran = [a for a in _actions(draft) if a.worker and a.needs is not None and a.needs.project == offer.project]
    return max(ran, key=lambda a: (a.updated_at, a.id)).worker if ran else ""


def _actions(draft: Draft) -> Iterator[ActionExecution]:
    for task in draft.in_order():
        yield from task.actions.values()


class _Wanted:
    """The values of ``worker`` after evaluation, checked one by one."""

    def __init__(self, values: Any) -> None:
        if not isinstance(values, Mapping):
            raise Invalid("What a task says of its worker must be a mapping.")
        self._values: Mapping[str, Any] = values

    def text(self, key: str) -> str:
        return _text(self._values.get(key), key)

    def flag(self, key: str) -> bool:
        value = self._values.get(key, False)
        if type(value) is not bool:
            raise Invalid(f"The worker's '{key}' must be true or false, not a value of type {type(value).__name__}.")
        return value

    def number(self, key: str, *, most: float) -> float:
        return _number(self._values.get(key), key, most)

    def value(self, key: str) -> Any:
        return self._values.get(key)

    def whole(self, value: Any, key: str) -> int:
        number = _number(value, key, _LARGEST)
        if number != int(number):
            raise Invalid(f"The worker's '{key}' must be a whole number.")
        return int(number)

    def labels(self, key: str, more: Mapping[str, str] | None = None) -> Labels:
        given = self._values.get(key) or {}
        if not isinstance(given, Mapping) or len(given) > _MOST_LABELS:
            raise Invalid(f"The worker's '{key}' must be a mapping of at most {_MOST_LABELS} labels.")
        return tuple(sorted({_text(n, key): _label(v, key) for n, v in {**given, **(more or {})}.items()}.items()))

    def limit(self, action: str) -> tuple[str, int, float]:
        given = self._values.get("limit")
        if given is None:
            return "", 0, 0.0
        if not isinstance(given, Mapping):
            raise Invalid("The worker's 'limit' must be a mapping with 'key', 'concurrency', 'rate'.")
        concurrency = self.whole(given.get("concurrency"), "limit.concurrency")
        rate = _number(given.get("rate"), "limit.rate", 1e6)
        key = _label(given["key"], "limit.key") if given.get("key") is not None else action
        return (key or action, concurrency, rate) if concurrency or rate else ("", 0, 0.0)


def _text(value: Any, key: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise Invalid(f"The worker's '{key}' must be text of at most {_LONGEST} characters.")
    return value


def _label(value: Any, key: str) -> str:
    """Return a label as text: workers know no other, and definitions have ``gpu: true`` and ``cores: 8``."""
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) in (int, float):
        return str(value)
    return _text(value, key)


def _number(value: Any, key: str, most: float) -> float:
    if value is None:
        return 0.0
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= most:
        raise Invalid(f"The worker's '{key}' must be a number from 0 to {most:g}.")
    return float(value)
