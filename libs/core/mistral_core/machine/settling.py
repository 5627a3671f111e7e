"""Working off what follows from an event until nothing follows any more: the fixed point of a decision."""

from __future__ import annotations

from mistral_core.machine import completion, join
from mistral_core.machine.draft import MOST_STEPS, Draft
from mistral_core.machine.ending import end
from mistral_core.machine.state import FINAL


def settle(draft: Draft) -> None:
    """End the tasks whose work is done, decide waiting joins, and end the execution when nothing is left."""
    while True:
        if draft.steps > MOST_STEPS and draft.state not in FINAL:
            draft.agenda.clear()
            completion.fail(draft, f"More than {MOST_STEPS} tasks followed one another without any action.")
        if draft.agenda:
            end(draft, *draft.agenda.popleft())
        elif draft.checks:
            name = next(iter(draft.checks))
            del draft.checks[name]
            join.check(draft, name)
        elif not join.unblock(draft):
            break
    completion.complete_if_settled(draft)
