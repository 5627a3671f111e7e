"""How errors of the core read."""

import pytest

from mistral_core import errors


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ({}, "no tasks"),
        ({"path": "tasks.t"}, "no tasks (tasks.t)"),
        ({"path": "tasks.t", "line": 3, "column": 5}, "no tasks (tasks.t, line 3, column 5)"),
        ({"line": 3}, "no tasks (line 3)"),
    ],
)
def test_fault_of_a_definition_tells_its_place(place: dict[str, object], text: str):
    assert str(errors.InvalidDefinition("no tasks", **place)) == text  # type: ignore[arg-type]


def test_failed_expression_tells_expression_and_reason():
    failure = errors.ExpressionFailed("YAQL", "$.a", "'a'")

    assert failure.message == "Can not evaluate YAQL expression [expression=$.a, error='a']"


def test_long_expression_is_cut_in_the_message_only():
    failure = errors.ExpressionFailed("YAQL", "x" * 10_000, "y" * 10_000)

    assert len(str(failure)) < 1_200
    assert len(failure.expression) == 10_000


def test_all_errors_are_workflow_errors():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]

    assert all(issubclass(kind, errors.WorkflowError) for kind in kinds)
    assert issubclass(errors.InvalidInput, errors.Invalid)
