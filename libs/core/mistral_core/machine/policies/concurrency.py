"""``concurrency``: how many items of a with-items task run at once."""

from __future__ import annotations

from mistral_core.expressions import Scope
from mistral_core.machine.plan import TaskPlan
from mistral_core.machine.policies.values import integer


def limit(plan: TaskPlan, scope: Scope) -> int | None:
    """Return the limit, or None if all items may run at once."""
    value = plan.spec.policies.concurrency
    return (integer(value, "Concurrency", scope) or None) if value else None
