"""What is expected is held against what came, and faults of a test file are refused with their line."""

import pytest

from mistral_core.errors import InvalidDefinition
from tests.core.stubrun.performed import run, wrong

ONE = """
w:
  input: [{name: you}]
  output: {answer: <% $.answer %>}
  tasks:
    ask:
      action: my.ask who=<% $.name %>
      publish: {answer: <% task().result %>}
"""


def test_a_stub_answers_and_the_output_is_held_against_what_was_expected():
    report = run(ONE, "{input: {name: Ada}, stubs: [{action: my.ask, result: hi}], expect: {output: {answer: hi}}}")

    assert report.passed
    assert (report.state, report.output, report.elapsed) == ("SUCCESS", {"answer": "hi"}, 0.0)


def test_the_answer_may_be_made_from_the_input():
    report = run(ONE, "{stubs: [{task: ask, result: hi <% $.who %>}], expect: {output: {answer: hi you}}}")

    assert report.passed, report.complaints


@pytest.mark.parametrize(
    ("expect", "complaint"),
    [
        ("{state: ERROR}", ("state", "ERROR", "SUCCESS")),
        ("{output: {answer: nay}}", ("output.answer", "nay", "hi")),
        ("{output-includes: {answer: <% $.len() > 9 %>}}", ("output.answer", "<% $.len() > 9 %>", "hi")),
        ("{output-includes: {answer: '{{ _ == 1 }}'}}", ("output.answer", "{{ _ == 1 }}", "hi")),
        ("{elapsed: 1m}", ("elapsed", 60.0, 0.0)),
        ("{tasks: {ask: ERROR}}", ("task ask: state", "ERROR", "SUCCESS")),
        ("{tasks: {ask: {attempts: 2}}}", ("task ask: attempts", 2, 1)),
        ("{tasks: {ask: {runs: 2}}}", ("task ask: runs", 2, 1)),
        ("{tasks: {ask: {result: ho}}}", ("task ask: result", "ho", "hi")),
        ("{tasks: {ask: {published: {answer: 1}}}}", ("task ask: published.answer", 1, "hi")),
        ("{tasks: {ask: {input: {who: me}}}}", ("task ask: input.who", "me", "you")),
        ("{tasks: {ask: {calls: [{who: you}, {who: me}]}}}", None),
        ("{calls: [{action: my.*, times: 2}]}", ("calls of my.*: times", 2, 1)),
        ("{calls: [{action: my.ask, input: {who: me}}]}", ("calls of my.ask", {"who": "me"}, [{"who": "you"}])),
        ("{state-info: boom}", ("state-info", "boom", None)),
        ("{refused: nay}", None),
    ],
)
def test_what_is_not_as_expected_is_told(expect, complaint):
    report = run(ONE, f"{{stubs: [{{action: my.ask, result: hi}}], expect: {expect}}}")

    assert not report.passed
    assert all(each.line for each in report.complaints)
    if complaint is not None:
        assert wrong(report) == [complaint]


def test_an_action_without_a_stub_is_told_with_its_input():
    report = run(ONE, "{expect: ERROR}")

    [complaint] = report.complaints
    assert "no stub answers action 'my.ask'" in complaint.note
    assert complaint.actual == {"who": "you"}


def test_a_start_that_is_refused_can_be_expected():
    assert run(ONE, "{input: {nane: 1}, expect: {refused: 'unexpected=['}}").passed
    assert not run(ONE, "{input: {nane: 1}}").passed


@pytest.mark.parametrize(
    ("case", "complaint", "line"),
    [
        ("expects: {}", "did you mean 'expect'?", 3),
        ("stubs: [{result: 1}]", "one of task, action, workflow", 3),
        ("stubs: [{task: ask, result: 1, error: 2}]", "only one of", 3),
        ("stubs: [{task: ask, answers: []}]", "at least one answer", 3),
        ("stubs: [{task: ask, takes: soon}]", "no span of time", 3),
        ("stubs: [{task: ask, lost: 1}]", "must be true", 3),
        ("stubs: [{task: ask, result: <% $. %>}]", "cannot be parsed", 3),
        ("stubs: [{task: akk}]", "did you mean 'ask'?", 3),
        ("requests: [{at: 1, do: dance}]", "cannot be asked for", 3),
        ("requests: [{at: 1, do: rerun}]", "needs 'task'", 3),
        ("expect: {state: GREEN}", "is no state", 3),
        ("expect: {tasks: {ak: SUCCESS}}", "did you mean 'ask'?", 3),
        ("expect: {never: [aks]}", "did you mean 'ask'?", 3),
        ("expect: {calls: [{times: 1}]}", "action or task", 3),
        ("workflow: v", "no workflow 'v'", 2),
        ("env: prod", "no environment 'prod'", 2),
    ],
)
def test_a_fault_of_the_file_is_refused_with_its_line(case, complaint, line):
    with pytest.raises(InvalidDefinition) as refusal:
        run(ONE, case)

    assert complaint in refusal.value.reason
    assert refusal.value.line == line
