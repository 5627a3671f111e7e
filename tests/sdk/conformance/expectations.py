"""What can be expected of a scenario. A key of ``expect`` is the name of a function here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mistral.v1 import state_pb2
from tests.sdk.conformance.rows import rows_that_hold
from tests.sdk.conformance.scenarios import fits
from tests.sdk.conformance.sealing import opened as unsealed
from tests.sdk.conformance.stage import Stage

Expectation = Callable[[Stage, Any], None]


def state(stage: Stage, wanted: Any) -> None:
    """Every execution ends so."""
    for execution in stage.executions:
        found = state_pb2.State.Name(stage.asking.ended(execution).state).removeprefix("STATE_")
        assert fits(found, wanted), f"the execution is {found}\n{stage}"


def result(stage: Stage, wanted: Any) -> None:
    """The task of every execution has this result; of one that failed, its error."""
    for execution in stage.executions:
        found = _result(stage, execution)
        assert fits(found, wanted), f"the result is {str(found)[:2000]}\n{stage}"


def opened(stage: Stage, wanted: Any) -> None:
    """The result, once decrypted, is this."""
    for execution in stage.executions:
        found = unsealed(_result(stage, execution))
        assert fits(found, wanted), f"the result is {found}\n{stage}"


def lines(stage: Stage, wanted: Mapping[str, Any]) -> None:
    """Handlers wrote each event so often, and no other."""
    found = dict.fromkeys(wanted, 0) | stage.counts()
    assert fits(found, dict(wanted)), f"lines are {stage.counts()}\n{stage}"


def begun_by(stage: Stage, wanted: Mapping[str, Any]) -> None:
    """So many runs began in each worker."""
    found = Counter(worker for event, worker in stage.lines() if event == "begin")
    assert fits(dict(found), dict(wanted)), f"begun by {found}\n{stage}"


def most_at_once(stage: Stage, wanted: Any) -> None:
    """So many runs were in hand at once at most."""
    most = now = 0
    for event, _ in stage.lines():
        now += {"begin": 1, "end": -1, "cancelled": -1}.get(event, 0)
        most = max(most, now)
    assert fits(most, wanted), f"{most} at once\n{stage}"


def exit(stage: Stage, wanted: Mapping[str, int]) -> None:
    """Workers end with these codes."""
    found = {name: stage.hands[name].exit_code() for name in wanted}
    assert found == wanted, f"exit codes are {found}\n{stage}"


def unseen(stage: Stage, secrets: Sequence[str]) -> None:
    """No row of the database holds these texts; it does hold one that was not encrypted."""
    assert rows_that_hold(stage.victim.dsn, stage.mark), "the search finds nothing at all"
    for secret in secrets:
        assert not (found := rows_that_hold(stage.victim.dsn, secret)), f"'{secret}' stands in {found}"


def _result(stage: Stage, execution: str) -> Any:
    output = json.loads(stage.asking.ended(execution).output or "{}")
    return output.get("result")


EXPECTATIONS: dict[str, Expectation] = {
    each.__name__: each for each in (state, result, opened, lines, begun_by, most_at_once, exit, unseen)
}
