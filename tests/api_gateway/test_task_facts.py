"""How the policies of a task stand, in the form that clients of Mistral know."""

import pytest

from mistral_api_gateway.operations.task_facts import parsed, runtime_context


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("{}", {}),
        ('{"items": {"total": 3, "running": 3}}', {"with_items": {"count": 3, "capacity": None}}),
        (
            '{"items": {"total": 9, "running": 1, "concurrency": 4}}',
            {"with_items": {"count": 9, "capacity": 3}, "concurrency": 4},
        ),
        (
            '{"retry_no": 2, "waited_before": true}',
            {"retry_task_policy": {"retry_no": 2}, "wait_before_policy": {"skip": True}},
        ),
        ('{"triggered_by": [["t1", "on-error"]]}', {"triggered_by": [{"task_id": "t1", "event": "on-error"}]}),
    ],
)
def test_the_runtime_context_of_a_task(body, shown):
    assert runtime_context(parsed(body)) == shown
