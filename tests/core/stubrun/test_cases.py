"""Stubs of items, sub-workflows and ad-hoc actions; expressions about the run itself."""

import textwrap

from mistral_core.documents import read_document
from mistral_core.stubrun import Library, perform, read_suite
from tests.core.stubrun.performed import run

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


def test_the_same_file_gives_the_same_timeline():
    case = "{stubs: [{action: my.work, result: <% $.n %>}]}"

    assert run(NESTED, case).timeline == run(NESTED, case).timeline
