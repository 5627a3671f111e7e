"""Starting an execution: what is refused, what is filled in, what is evaluated."""

from __future__ import annotations

from typing import Any

import pytest

from mistral_core.errors import ExpressionFailed, Invalid, InvalidInput
from mistral_core.language import workflow_from_text
from mistral_core.machine import Surroundings, begin
from mistral_core.machine.event import Start
from mistral_core.machine.execution import Execution, Parent

ID = "00000001-0000-7000-8000-000000000000"
TASKS = "  tasks: {t: {action: std.noop}}\n"


def _begun(head: str, given: dict[str, Any] | None = None, *, child: bool = False, **params: Any) -> Execution:
    start = Start(
        at=1_750_000_000_000_000,
        id=ID,
        root_id=ID,
        partition=0,
        project="p",
        definition=workflow_from_text(f"version: '2.0'\nw:\n{head}{TASKS}", "w"),
        workflow_id="1",
        workflow_version=1,
        workflow_name="w",
        parent=Parent(execution_id="x", task_id="y") if child else None,
        root_env={"zone": "root"} if child else None,
        input=given or {},
        params=params,
    )
    return begin(start, Surroundings()).execution


def test_missing_and_unexpected_inputs_are_named() -> None:
    with pytest.raises(InvalidInput) as refused:
        _begun("  input: [a, b]\n", {"b": 1, "zz": 2})

    assert str(refused.value) == ("Invalid input [name=w, class=DirectWorkflowSpec, missing=['a'], unexpected=['zz']]")


def test_defaults_are_taken_as_they_stand() -> None:
    execution = _begun("  input: [a, {b: <% $.a %>}, {c: null}]\n", {"a": 1})

    assert execution.input == {"a": 1, "b": "<% $.a %>", "c": None}


def test_what_a_sub_workflow_does_not_declare_becomes_params() -> None:
    execution = _begun("  input: [a]\n", {"a": 1, "task_name": "t"}, child=True)

    assert execution.input == {"a": 1}
    assert execution.params["task_name"] == "t"
    assert execution.env == {"zone": "root"}


def test_the_environment_is_evaluated_against_itself() -> None:
    execution = _begun("", env={"host": "h", "url": "http://<% env().host %>/"})

    assert execution.env == execution.params["env"] == {"host": "h", "url": "http://h/"}


def test_the_environment_stays_as_it_is_on_demand() -> None:
    execution = _begun("", env={"url": "<% env().host %>"}, evaluate_env=False)

    assert execution.env == {"url": "<% env().host %>"}


def test_an_environment_must_be_a_mapping() -> None:
    with pytest.raises(Invalid):
        _begun("", env=[1])


def test_vars_win_over_inputs_of_the_same_name() -> None:
    execution = _begun("  input: [a]\n  vars: {a: <% $.a + 1 %>}\n", {"a": 1})

    assert execution.vars == {"a": 2}


def test_failing_vars_refuse_the_start() -> None:
    with pytest.raises(ExpressionFailed):
        _begun("  vars: {a: <% $.nope %>}\n")
