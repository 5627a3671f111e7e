"""A stub run does what its test file says: stubs answer, people interfere, time is virtual, expectations are held."""

import textwrap
import time
from typing import Any

import pytest

from mistral_core.documents import read_document
from mistral_core.errors import InvalidDefinition
from mistral_core.stubrun import Library, Report, perform, read_suite


def run(workflows: str, case: str, *more: str, **environments: Any) -> Report:
    """Perform a case, given as the mapping under its title, with the first workflow of the text."""
    documents = [read_document("version: '2.0'\n" + textwrap.dedent(workflows))]
    documents += [read_document(textwrap.dedent(text)) for text in more]
    suite = read_suite("cases:\n  it:\n" + textwrap.indent(textwrap.dedent(case), "    "))
    return perform(suite.cases[0], Library(documents, environments))


def wrong(report: Report) -> list[tuple[str, Any, Any]]:
    return [(each.what, each.expected, each.actual) for each in report.complaints]


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


ITEMS = """
w:
  output: {all: <% $.all %>}
  tasks:
    each:
      with-items: n in <% range(3) %>
      action: my.double n=<% $.n %>
      publish: {all: <% task().result %>}
"""


def test_stubs_of_single_items():
    report = run(
        ITEMS,
        """
        stubs: [{task: each, item: 1, result: one}, {task: each, result: <% $.n * 2 %>}]
        expect: {output: {all: [0, one, 4]}}
        """,
    )

    assert report.passed, report.complaints


NESTED = """
w:
  tasks:
    a: {workflow: child n=1, publish: {r: <% task().result.r %>}, on-success: b}
    b: {with-items: "n in [5, 6]", workflow: child n=<% $.n %>}
  output: {r: <% $.r %>}
child:
  input: [n]
  output: {r: <% $.r %>}
  tasks:
    work: {action: my.work n=<% $.n %>, publish: {r: <% task().result %>}}
"""


def test_tasks_of_sub_workflows_are_reached_by_paths():
    report = run(
        NESTED,
        """
        stubs: [{action: my.work, in: child, result: <% $.n * 10 %>}]
        expect:
          output: {r: 10}
          tasks:
            a/work: {runs: 1, result: 10}
            b/work: {runs: 2}
            b[1]/work: {result: 60, input: {n: 6}}
          order: [a, a/work, b, b/work]
        """,
    )

    assert report.passed, report.complaints


def test_a_sub_workflow_may_be_answered_instead_of_run():
    report = run(
        NESTED,
        """
        stubs:
          - {workflow: child, input: {n: 5}, error: broken}
          - {workflow: child, result: {r: 7}, takes: 9}
        expect: {state: ERROR, state-info: broken, elapsed: 18}
        """,
    )

    assert report.passed, report.complaints


def test_a_workbook_with_an_adhoc_action_and_a_named_environment():
    book = """
        version: '2.0'
        name: book
        actions:
          shout: {input: [what], base: std.echo output=<% $.what %>, output: "<% $ %>!"}
        workflows:
          w: {tasks: {a: {action: shout what=<% env().word %>, on-success: b}, b: {workflow: c}}}
          c: {tasks: {t: {action: std.noop}}}
        """
    environment = "{name: loud, variables: {word: hey}}"
    document = read_document(textwrap.dedent(book))
    library = Library([document, read_document(environment)])
    looked_into, replaced = read_suite(
        "cases:\n"
        "  one: {workflow: w, env: loud, expect: {tasks: {a: {result: hey!}, b/t: SUCCESS}}}\n"
        "  two: {workflow: w, env: loud, stubs: [{action: shout, result: <% $.what %>}],\n"
        "    expect: {tasks: {a: {result: hey}}}}\n"
    ).cases

    assert perform(looked_into, library).passed
    assert perform(replaced, library).passed


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


def test_tasks_and_executions_of_expressions_are_those_of_the_run():
    workflow = """
        w:
          output:
            mine: <% tasks(execution().id, true).name %>
            all: <% executions().name %>
          tasks:
            a: {workflow: c}
        c: {tasks: {t: {action: std.noop}}}
        """

    report = run(workflow, "{expect: {output-includes: {mine: [a, t]}}}")

    assert report.passed, report.complaints


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


def test_the_same_file_gives_the_same_timeline():
    case = "{stubs: [{action: my.work, result: <% $.n %>}]}"

    assert run(NESTED, case).timeline == run(NESTED, case).timeline
