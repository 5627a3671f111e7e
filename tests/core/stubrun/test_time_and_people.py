"""Time is virtual; answers come late, get lost or never come; people interfere."""

import time

import pytest

from tests.core.stubrun.performed import run

RETRIED = """
w:
  tasks:
    t: {action: my.t, retry: {count: 5, delay: 3600}, timeout: 100000, on-error: [u]}
    u: {action: std.sleep seconds=86400}
"""


def test_hours_of_waiting_take_no_time():
    begun = time.perf_counter()

    report = run(
        RETRIED,
        """
        stubs:
          - task: t
            answers: [{error: 503}, {error: 503, takes: 30m}, {result: ok}]
        expect:
          elapsed: 2h 30m
          tasks: {t: {attempts: 3, result: ok, calls: [{}, {}, {}]}}
          never: [u]
        """,
    )

    assert report.passed, report.complaints
    assert time.perf_counter() - begun < 2


def test_stubs_by_attempt_and_by_input():
    case = "{stubs: [{task: t, attempt: 2, result: ok}, {task: t, input: {a: 1}}, {task: t, error: nay}]}"

    report = run(RETRIED, case)

    assert report.passed
    assert report.elapsed == 3600.0


@pytest.mark.parametrize(
    ("answer", "state", "elapsed"),
    [
        ("takes: 2d", "ERROR", 100000.0),
        ("never: true", "ERROR", 100000.0),
        ("async: true, takes: 1h", "SUCCESS", 3600.0),
        ("lost: true, takes: 5", "ERROR", None),
        ("cancelled: true", "CANCELLED", None),
    ],
)
def test_late_lost_cancelled_and_missing_answers(answer, state, elapsed):
    report = run(
        RETRIED,
        f"{{stubs: [{{task: t, {answer}}}], expect: {{state: <state>, tasks: {{t: {state}}}}}}}".replace(
            "<state>", "CANCELLED" if state == "CANCELLED" else "SUCCESS"
        ),
    )

    assert report.passed, report.complaints
    if elapsed is not None and state == "SUCCESS":
        assert report.elapsed == elapsed


def test_people_pause_resume_cancel_rerun_and_skip():
    workflow = """
        w:
          tasks:
            a: {action: my.a, on-success: b}
            b: {action: std.noop}
        """
    slow = "stubs: [{task: a, takes: 10}]"

    assert run(workflow, f"{{{slow}, requests: [{{at: 1, do: pause}}], expect: {{state: PAUSED, never: [b]}}}}").passed
    assert run(
        workflow, f"{{{slow}, requests: [{{at: 1h, do: resume}}, {{at: 1, do: pause}}], expect: {{elapsed: 1h}}}}"
    ).passed
    assert run(workflow, f"{{{slow}, requests: [{{at: 2, do: cancel, message: enough}}], expect: CANCELLED}}").passed
    failing = "stubs: [{task: a, answers: [{error: x}, {result: y}]}]"
    assert run(workflow, f"{{{failing}, requests: [{{at: 5, do: rerun, task: a}}]}}").passed
    assert run(
        workflow, f"{{{failing}, requests: [{{at: 5, do: skip, task: a}}], expect: {{tasks: {{a: SKIPPED}}}}}}"
    ).passed
    assert run(
        workflow, f"{{{slow}, requests: [{{at: 20, do: replay, task: a}}], expect: {{tasks: {{a: {{runs: 2}}}}}}}}"
    ).passed
    suspended = "{at: 1, do: suspend, task: a}, {at: 1h, do: resume, task: a}"
    assert run(workflow, f"{{{slow}, requests: [{suspended}], expect: {{elapsed: 1h}}}}").passed
    [refused] = run(workflow, f"{{{slow}, requests: [{{at: 1d, do: rerun, task: a}}]}}").complaints
    assert refused.what == "request to rerun a"


def test_a_workflow_without_an_end_is_told():
    workflow = """
        w:
          tasks:
            s: {action: std.noop, on-success: a}
            a: {action: std.noop, on-success: b}
            b: {action: std.noop, on-success: a}
        """

    complaints = run(workflow, "{expect: {state: RUNNING}}").complaints

    assert [each.what for each in complaints] == ["end"]
