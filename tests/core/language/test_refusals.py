"""Every fault of a definition is refused with what is wrong, the path to it, and its line."""

import pytest

from mistral_core.errors import InvalidDefinition
from mistral_core.language import parse_actions, parse_workflows


def refusal(text: str) -> InvalidDefinition:
    with pytest.raises(InvalidDefinition) as refused:
        parse_workflows(text)
    return refused.value


def task(body: str) -> str:
    return f"version: '2.0'\nw:\n  tasks:\n    t:\n      {body}\n    u: {{action: std.noop}}\n"


@pytest.mark.parametrize(
    ("body", "complaint", "path"),
    [
        # keys
        ("on-succes: u", "unknown key 'on-succes' of task 't' of a direct workflow - did you mean 'on-success'?", None),
        ("requires: u", "unknown key 'requires'", None),
        ("safe-input: true", "unknown key 'safe-input'", None),
        # what it calls
        ("action: {name: std.noop}", "'action' is", None),
        ("action: ''", "text that is not empty", None),
        ("action: [a]", "text that is not empty", None),
        ("action: my action", "Invalid action/workflow task property: my action", None),
        ("action: '*x y=1'", "Invalid action/workflow task property", None),
        ("{action: std.noop, workflow: w}", "either 'action' or 'workflow'", ""),
        ("{action: std.echo a=1, input: <% $.x %>}", "parameters beside a name need a mapping", "action"),
        ("input: [a]", "'input' is", None),
        ("input: {}", "at least one entry", None),
        ("input: {a: '<% ((1 %>'}", "cannot be parsed", "input.a"),
        ("input: {a: {b: ['<% ((1 %>']}}", "cannot be parsed", "input.a.b[0]"),
        ("input: {a: '<% 1 %> {{ 2 }}'}", "mixed", "input.a"),
        ('action: std.echo output="<% ( %>"', "cannot be parsed", "action.output"),
        # publish
        ("publish: [a]", "'publish' is", None),
        ("publish: {}", "at least one entry", None),
        ("publish-on-error: {a: '{{ _.x. }}'}", "cannot be parsed", "publish-on-error.a"),
        # policies
        ("wait-before: -1", "whole number from 0", None),
        ("wait-after: 1.5", "whole number from 0", None),
        ("timeout: '5'", "whole number from 0", None),
        ("timeout: true", "whole number from 0", None),
        ("concurrency: <% ) %>", "cannot be parsed", None),
        ("fail-on: maybe", "true or false", None),
        ("pause-before: 1", "true or false", None),
        ("retry: {count: 1}", "lacks the required key 'delay'", None),
        ("retry: {count: 1, delay: 1, times: 2}", "unknown key 'times'", "retry.times"),
        ("retry: {count: -1, delay: 1}", "whole number from 0", "retry.count"),
        ("retry: {count: 1, delay: 1, break-on: true}", "must be an expression", "retry.break-on"),
        ("retry: {count: 1, delay: 1, continue-on: yes it is}", "must be an expression", "retry.continue-on"),
        ("retry: count=x", "whole number from 0", "retry.count"),
        ("retry: often", "cannot be read", None),
        ("retry: 3", "a mapping with 'count' and 'delay'", None),
        ("keep-result: 3", "true or false", None),
        # what is needed of a worker
        ("worker: gpu", "a mapping with at least one entry", None),
        ("worker: {qeue: gpu}", "unknown key 'qeue' of 'worker' - did you mean 'queue'?", "worker.qeue"),
        ("worker: {queue: ''}", "text that is not empty", "worker.queue"),
        ("worker: {queue: <% ( %>}", "cannot be parsed", "worker.queue"),
        ("worker: {labels: [gpu]}", "a mapping with at least one label", "worker.labels"),
        ("worker: {labels: {gpu: [1]}}", "text, a number, true or false", "worker.labels.gpu"),
        ("worker: {prefers: {gpu: '{{ _.x. }}'}}", "cannot be parsed", "worker.prefers.gpu"),
        ("worker: {sticky: maybe}", "true or false", "worker.sticky"),
        ("worker: {schedule-to-start: -1}", "a number from 0", "worker.schedule-to-start"),
        ("worker: {limit: 3}", "a mapping with 'key', 'concurrency', 'rate'", "worker.limit"),
        ("worker: {limit: {key: a}}", "needs 'concurrency', 'rate', or both", "worker.limit"),
        ("worker: {limit: {rate: fast}}", "a number from 0", "worker.limit.rate"),
        ("worker: {limit: {concurrency: 0.5}}", "whole number from 0", "worker.limit.concurrency"),
        ("worker: {limit: {rate: 1, burst: 2}}", "unknown key 'burst' of 'limit'", "worker.limit.burst"),
        ("worker: {workers: 3}", "there is no 'fleet'", "worker.workers"),
        ("safe-rerun: 'no'", "true or false", None),
        # clauses
        ("on-success: ghost", "Task 'ghost' not found.", None),
        ("on-error: [ghost]", "Task 'ghost' not found.", "on-error[0]"),
        ("on-skip: {next: ghost}", "Task 'ghost' not found.", "on-skip.next"),
        ("on-success: [uu]", "did you mean 'u'?", "on-success[0]"),
        ("on-success: <% $.x %>", "not an expression", None),
        ("on-success: []", "'on-success' is", None),
        ("on-success: {}", "'on-success' is", None),
        ("on-success: 5", "'on-success' is", None),
        ("on-success: [u, u]", "stands twice", "on-success[1]"),
        ("on-success: [{u: true}]", "must be an expression", "on-success[0].u"),
        ("on-success: [{u: plain}]", "must be an expression", "on-success[0].u"),
        ("on-success: [{u: <% $.a = = 1 %>}]", "cannot be parsed", "on-success[0].u"),
        ("on-success: [{u: <% 1 %>, t: <% 2 %>}]", "exactly one key", "on-success[0]"),
        ("on-success: {u: <% 1 %>, t: <% 2 %>}", "exactly one key", None),
        ("on-success: {publsh: {branch: {a: 1}}}", "unknown key 'publsh'", "on-success.publsh"),
        ("on-success: {publish: {universe: {a: 1}}}", "unknown key 'universe'", "on-success.publish.universe"),
        ("on-success: {publish: {}}", "'publish' is", "on-success.publish"),
        ("on-success: {publish: {branch: {}}}", "'branch' is", "on-success.publish.branch"),
        ("on-success: fail(msg)", "not a task or command", None),
        ("on-success: fail(msg='<% ( %>')", "cannot be parsed", "on-success.msg"),
        ("on-success: [[u]]", "the name of a task or command", "on-success[0]"),
        # with-items
        ("with-items: x of <% $.xs %>", "Wrong format of 'with-items'", None),
        ("with-items: x in words", "Wrong format of 'with-items'", None),
        ("with-items: x in [only]", "Wrong format of 'with-items'", None),
        ("with-items: x in []", "must not be empty", None),
        ("with-items: x in <% $.xs %> and more", "something follows the expression", None),
        ("with-items: [x in <% 1 %>, x in <% 1 %>]", "stands twice", "with-items[1]"),
        ("with-items: [5]", "with-items", "with-items[0]"),
        ("with-items: x in <% ( %>", "cannot be parsed", None),
        # join, tags, texts
        ("join: all", "Not enough inbound tasks for task with 'join'", None),
        ("join: 2", "Not enough inbound tasks for task with 'join'", None),
        ("join: '2'", "'all', 'one', or a whole number", None),
        ("join: -1", "'all', 'one', or a whole number", None),
        ("join: <% 1 %>", "'all', 'one', or a whole number", None),
        ("join: true", "'all', 'one', or a whole number", None),
        ("tags: red", "a list of different texts", None),
        ("tags: [a, a]", "stands twice", "tags[1]"),
        ("tags: []", "at least one", None),
        ("tags: [1]", "text that is not empty", "tags[0]"),
        ("description: 5", "must be text", None),
        ("target: ''", "text that is not empty", None),
    ],
)
def test_faults_of_a_task(body: str, complaint: str, path: str | None):
    fault = refusal(task(body))

    assert complaint in str(fault)
    assert fault.line == (4 if path == "" else 5)
    last = body.partition(":")[0] if path is None else path
    assert fault.path == f"w.tasks.t.{last}".removesuffix(".")


@pytest.mark.parametrize(
    ("text", "complaint", "line"),
    [
        ("", "lacks the required key 'version'", 1),
        ("just text", "must be a mapping", 1),
        ("- a", "must be a mapping", 1),
        ("version: '2.0'\n", "has no workflow", 1),
        ("version: ''\nw: {tasks: {t: {action: a}}}", "a version such as '2.0'", 1),
        ("version: -1\nw: {tasks: {t: {action: a}}}", "a version such as '2.0'", 1),
        ("version: yes\nw: {tasks: {t: {action: a}}}", "a version such as '2.0'", 1),
        ("version: 2\nw:\n", "'w' is empty", 2),
        ("version: 2\nw: text", "'w' is", 2),
        ("version: 2\nw: {description: x}", "lacks the required key 'tasks'", 2),
        ("version: 2\nw:\n  tasks: {}", "'tasks' is {}", 3),
        ("version: 2\nw:\n  tasks:\n    t:", "'t' is empty", 4),
        ("version: 2\nw:\n  tasks:\n    t: {}", "'t' is {}", 4),
        ("version: 2\nw:\n  tasks:\n    t: std.noop", "'t' is", 4),
        ("version: 2\nw:\n  type: sideways\n  tasks: {t: {action: a}}", "Failed to find a specification class", 3),
        ("version: 2\nw:\n  type: revers\n  tasks: {t: {action: a}}", "did you mean 'reverse'", 3),
        ("version: 2\nw:\n  type: [direct]\n  tasks: {t: {action: a}}", "Failed to find a specification class", 3),
        ("version: 2\nw:\n  input: []\n  tasks: {t: {action: a}}", "'input' is []", 3),
        ("version: 2\nw:\n  input: a\n  tasks: {t: {action: a}}", "'input' is", 3),
        ("version: 2\nw:\n  input: {a: 1}\n  tasks: {t: {action: a}}", "'input' is", 3),
        ("version: 2\nw:\n  input: [a, a]\n  tasks: {t: {action: a}}", "stands twice", 3),
        ("version: 2\nw:\n  input:\n    - {a: 1, b: 2}\n  tasks: {t: {action: a}}", "a mapping of one name", 4),
        ("version: 2\nw:\n  vars: [a]\n  tasks: {t: {action: a}}", "'vars' is", 3),
        ("version: 2\nw:\n  output: text\n  tasks: {t: {action: a}}", "'output' is", 3),
        ("version: 2\nw:\n  output: {v: '<% $.a.( %>'}\n  tasks: {t: {action: a}}", "cannot be parsed", 3),
        ("version: 2\nw:\n  task-defaults: {publish: {a: 1}}\n  tasks: {t: {action: a}}", "unknown key 'publish'", 3),
        ("version: 2\nw:\n  task-defaults: {on-error: ghost}\n  tasks: {t: {action: a}}", "Task 'ghost' not found.", 3),
        ("version: 2\nw:\n  tasks:\n    a: {on-success: b}\n    b: {on-success: a}", "Failed to find start tasks", 3),
        ("version: 2\nw:\n  tasks:\n    " + "t" * 256 + ": {action: a}", "at most 255 characters", 4),
        (
            "version: 2\nw:\n  tasks:\n    s: {on-success: " + "j" * 209 + "}\n    " + "j" * 209 + ": {join: all}",
            "208",
            5,
        ),
        ("version: 2\nmy flow: {tasks: {t: {action: a}}}", "must not contain spaces", 2),
        ("version: 2\n" + "w" * 256 + ": {tasks: {t: {action: a}}}", "at most 255 characters", 2),
        ("version: 2\n123e4567-e89b-12d3-a456-426614174000: {tasks: {t: {action: a}}}", "format of UUID", 2),
        ("version: 2\ngood: {tasks: {t: {action: a}}}\nbad: {tasks: {t: {on-success: g}}}", "Task 'g' not found.", 3),
    ],
)
def test_faults_of_a_document_or_workflow(text: str, complaint: str, line: int):
    fault = refusal(text)

    assert complaint in str(fault)
    assert fault.line == line


@pytest.mark.parametrize(
    ("tasks", "complaint", "line"),
    [
        ("a: {on-success: b}\n    b: {action: x}", "unknown key 'on-success'", 5),
        ("a: {join: all}", "unknown key 'join'", 5),
        ("a: {requires: ghost}", "Task 'ghost' not found.", 5),
        ("a: {requires: noop}", "Task 'noop' not found.", 5),
        ("a: {requires: []}", "the name of a task, or a list of them", 5),
        ("a: {requires: [b, b]}\n    b: {action: x}", "stands twice", 5),
        ("a: {requires: {b: 1}}\n    b: {action: x}", "the name of a task, or a list of them", 5),
        ("a: {requires: b}\n    b: {requires: c}\n    c: {requires: b}", "in a ring: b -> c -> b", 6),
    ],
)
def test_faults_of_reverse_workflows(tasks: str, complaint: str, line: int):
    fault = refusal(f"version: '2.0'\nw:\n  type: reverse\n  tasks:\n    {tasks}\n")

    assert complaint in str(fault)
    assert fault.line == line


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("input: [x]", "lacks the required key 'base'"),
        ('base: std.echo output="<% ( %>"', "cannot be parsed"),
        ("base: two words", "Invalid action/workflow task property"),
        ("{base: std.noop, bass: 1}", "did you mean 'base'"),
        ("{base: std.noop, base-input: []}", "'base-input' is"),
        ("{base: std.noop, output: {a: ['<% ( %>']}}", "cannot be parsed"),
        ("{base: std.noop, input: [{a: 1, b: 2}]}", "a mapping of one name"),
    ],
)
def test_faults_of_adhoc_actions(body: str, complaint: str):
    with pytest.raises(InvalidDefinition, match=complaint.replace("(", r"\(")) as refused:
        parse_actions(f"version: '2.0'\na:\n  {body}\n")

    assert refused.value.line in (2, 3)
