"""Pausing one action: only what somebody else completes can be paused, and that is known before it has been sent."""

import pytest

from mistral_core.errors import IllegalState
from mistral_core.machine.event import ActionUpdated
from mistral_core.machine.state import State
from tests.core.machine.plays import Play


def paused(action: str) -> Play:
    """Pause the action of a task that no executor has taken yet."""
    play = Play(f"w:\n  tasks:\n    t: {{action: {action}}}")
    (task,) = play.tasks("t")
    (action_id,) = task.actions
    update = ActionUpdated(at=play.world.now, task_id=task.id, action_id=action_id, state=State.PAUSED)
    play.world.tell(play.root, update)
    return play


@pytest.mark.parametrize("action", ["std.async_noop", "std.mistral_http url='http://example.org'"])
def test_an_asynchronous_action_is_paused_although_no_executor_has_taken_it(action: str) -> None:
    play = paused(action)

    assert play.execution.state is State.PAUSED
    assert play.tasks("t")[0].state is State.PAUSED


def test_any_other_is_not_before_its_executor_says_that_somebody_else_completes_it() -> None:
    with pytest.raises(IllegalState, match="only supported for asynchronous"):
        paused("std.http url='http://example.org'")
