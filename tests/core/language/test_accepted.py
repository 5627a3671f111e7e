"""What the language accepts, and what it means: the model that comes out of a text."""

import pytest

from mistral_core.language import parse_actions, parse_workflows
from mistral_core.language.model import REQUIRED, Parameter, Retry, Task, Transition, Trigger, Workflow, WorkflowType


def workflow(body: str) -> Workflow:
    [parsed] = parse_workflows(f"version: '2.0'\nw:\n  {body}\n")
    return parsed.workflow


def task(body: str, *, others: str = "u: {action: std.noop}") -> Task:
    return workflow(f"tasks:\n    t:\n      {body}\n    {others}").tasks["t"]


@pytest.mark.parametrize("version", ["2", "'2.0'", "2.0", "'v2.0'", "'2.1'", "1.0", "0"])
def test_the_version_of_a_list_is_never_compared(version: str):
    assert parse_workflows(f"version: {version}\nw: {{tasks: {{t: {{action: a}}}}}}")


def test_unknown_keys_of_a_workflow_are_accepted():
    assert workflow("foo: bar\n  tasks: {t: {action: a}}").spec["foo"] == "bar"


def test_a_workflow_holds_all_that_was_written():
    parsed = workflow(
        "type: direct\n  description: about\n  tags: [x, y]\n  input: [a, b: null, c: <% 1 %>, a: 2]\n"
        "  vars: {v: <% $.a %>}\n  output: {o: {deep: [<% $.v %>]}}\n  output-on-error: {e: 1}\n"
        "  tasks: {t: {action: std.noop}}"
    )

    assert (parsed.name, parsed.type, parsed.description) == ("w", WorkflowType.DIRECT, "about")
    assert parsed.tags == ("x", "y")
    assert parsed.input == (Parameter("a", 2), Parameter("b", None), Parameter("c", "<% 1 %>"))
    assert parsed.vars == {"v": "<% $.a %>"}
    assert parsed.output == {"o": {"deep": ["<% $.v %>"]}}
    assert parsed.output_on_error == {"e": 1}


def test_the_spec_shows_names_and_version_beside_what_was_written():
    parsed = workflow("tasks: {t: {action: std.noop}}")

    assert parsed.spec == {
        "name": "w",
        "version": "2.0",
        "tasks": {"t": {"name": "t", "version": "2.0", "action": "std.noop"}},
    }
    assert parsed.tasks["t"].spec == parsed.spec["tasks"]["t"]


def test_names_and_versions_that_mistral_writes_into_every_part_mean_nothing():
    parsed = workflow(
        "name: w\n  version: '2.0'\n  task-defaults: {version: '2.0', timeout: 3}\n"
        "  tasks:\n    version: '2.0'\n    t: {name: t, version: '2.0', retry: {version: '2.0', count: 1, delay: 0},"
        " on-success: {version: '2.0', publish: {version: '2.0', branch: {a: 1}}}}"
    )

    assert list(parsed.tasks) == ["t"]
    assert parsed.tasks["t"].policies.retry == Retry(count=1, delay=0)


def test_a_task_with_only_a_description_does_nothing():
    parsed = task("description: x")

    assert (parsed.action, parsed.workflow, parsed.input) == ("std.noop", None, {})


def test_a_task_knows_its_line():
    assert task("action: std.noop").line == 4


@pytest.mark.parametrize(
    ("body", "action", "input_"),
    [
        ("action: std.echo", "std.echo", {}),
        ("action: std.echo output=1 delay=0.5", "std.echo", {"output": 1, "delay": 0.5}),
        ("{action: std.echo output=1, input: {output: 5, delay: 2}}", "std.echo", {"output": 1, "delay": 2}),
        ('{action: \'x a={"k": {"l": 1}}\', input: {a: {k: {m: 2}}}}', "x", {"a": {"k": {"m": 2, "l": 1}}}),
        ("{action: std.echo, input: <% $.args %>}", "std.echo", "<% $.args %>"),
        ("action: <% $.act %> output=<% $.arg %>", "<% $.act %>", {"output": "<% $.arg %>"}),
        ("action: \"{{ 'std.' ~ _.kind }}\"", "{{ 'std.' ~ _.kind }}", {}),
        ("action: 'std.echo a=<% 1 %> b={{ 2 }}'", "std.echo", {"a": "<% 1 %>", "b": "{{ 2 }}"}),
    ],
)
def test_one_line_parameters_win_over_input(body: str, action: str, input_: object):
    parsed = task(body)

    assert (parsed.action, parsed.input) == (action, input_)


def test_a_task_may_call_a_workflow():
    parsed = task("workflow: child n=1")

    assert (parsed.action, parsed.workflow, parsed.input) == (None, "child", {"n": 1})


def to(target: str, condition: str | None = None, **arguments: object) -> Transition:
    return Transition(target=target, condition=condition, arguments=arguments)


def command(name: str, condition: str | None = None, **arguments: object) -> Transition:
    return Transition(target=name, command=True, condition=condition, arguments=arguments)


@pytest.mark.parametrize(
    ("clause", "transitions"),
    [
        ("u", (to("u"),)),
        ("[u, noop]", (to("u"), command("noop"))),
        ("{u: <% $.ok %>}", (to("u", "<% $.ok %>"),)),
        ("[{u: <% $.ok %>}, fail]", (to("u", "<% $.ok %>"), command("fail"))),
        ("{next: u}", (to("u"),)),
        ("{next: {u: <% $.ok %>}}", (to("u", "<% $.ok %>"),)),
        ("{next: [u, {fail: '{{ _.bad }}'}]}", (to("u"), command("fail", "{{ _.bad }}"))),
        ('fail(msg="boom")', (command("fail", msg="boom"),)),
        ('fail(msg="boom boom")', (command("fail", msg="boom boom"),)),
        ("fail()", (command("fail"),)),
        ('fail msg="boom <% $.z %>"', (command("fail", msg="boom <% $.z %>"),)),
        ("succeed msg=<% $.z %>", (command("succeed", msg="<% $.z %>"),)),
        ("[pause(msg='wait'): <% $.z %>]", (command("pause", "<% $.z %>", msg="wait"),)),
        ("{publish: {branch: {a: 1}}}", ()),
    ],
)
def test_forms_of_a_clause(clause: str, transitions: tuple[Transition, ...]):
    for trigger in Trigger:
        assert task(f"{trigger}: {clause}").clause(trigger).next == transitions


def test_a_clause_may_publish_by_scope():
    publish = task("on-error: {publish: {branch: {a: 1}, global: {b: 2}, atomic: {c: 3}}, next: u}").on_error.publish

    assert publish is not None
    assert (publish.branch, publish.global_, publish.atomic) == ({"a": 1}, {"b": 2}, {"c": 3})


def test_a_task_named_like_a_command_is_a_task():
    parsed = workflow("tasks:\n    t: {on-success: [noop, fail]}\n    noop: {action: std.noop}")

    assert parsed.tasks["t"].on_success.next == (to("noop"), command("fail"))
    assert parsed.start_tasks == ("t",)


def test_odd_task_names_can_be_referred_to():
    parsed = workflow(
        "tasks:\n    My-Task_01: {on-success: [2nd, a(b), '3']}\n    2nd: {}\n    a(b): {}\n    3: {}".replace(
            "{}", "{action: x}"
        )
    )

    assert [each.target for each in parsed.tasks["My-Task_01"].on_success.next] == ["2nd", "a(b)", "3"]


def test_inbound_transitions_and_start_tasks_follow_the_clauses():
    parsed = workflow(
        "tasks:\n    a: {on-success: c, on-error: c}\n    b: {on-complete: [c, noop]}\n    c: {join: 2, on-success: c}"
    )

    assert parsed.start_tasks == ("a", "b")
    assert parsed.inbound["c"] == (
        ("a", Trigger.ON_SUCCESS),
        ("a", Trigger.ON_ERROR),
        ("b", Trigger.ON_COMPLETE),
        ("c", Trigger.ON_SUCCESS),
    )


@pytest.mark.parametrize(("written", "join"), [("all", "all"), ("one", 1), ("2", 2), ("1.0", 1), ("0", None)])
def test_forms_of_join(written: str, join: object):
    parsed = workflow(f"tasks:\n    a: {{on-success: t}}\n    b: {{on-success: t}}\n    t: {{join: {written}}}")

    assert parsed.tasks["t"].join == join


def test_a_whole_number_may_be_written_with_a_point():
    policies = task("{wait-before: 2.0, timeout: 0.0}").policies

    assert (repr(policies.wait_before), policies.timeout) == ("2", None)


def test_policies_hold_what_was_set_and_zero_means_not_set():
    policies = task(
        "{pause-before: true, wait-before: 1, wait-after: <% $.n %>, fail-on: '{{ _.bad }}', timeout: 0,"
        " concurrency: 3}"
    ).policies

    assert (policies.pause_before, policies.wait_before, policies.wait_after) == (True, 1, "<% $.n %>")
    assert (policies.fail_on, policies.timeout, policies.concurrency) == ("{{ _.bad }}", None, 3)


@pytest.mark.parametrize(
    ("written", "retry"),
    [
        ("{count: 3, delay: 1}", Retry(count=3, delay=1)),
        ("{count: 3.0, delay: 1.0}", Retry(count=3, delay=1)),
        (
            "{count: <% $.c %>, delay: 0, break-on: <% $.b %>, continue-on: <% $.d %>}",
            Retry(count="<% $.c %>", delay=0, break_on="<% $.b %>", continue_on="<% $.d %>"),
        ),
        ("count=3 delay=1 break-on=<% $.b %>", Retry(count=3, delay=1, break_on="<% $.b %>")),
        ("count=3", Retry(count=3, delay=0)),
    ],
)
def test_forms_of_retry(written: str, retry: Retry):
    assert task(f"retry: {written}").policies.retry == retry


@pytest.mark.parametrize(
    ("written", "bindings"),
    [
        ("x in <% $.xs %>", (("x", "<% $.xs %>"),)),
        ("'i-d in {{ _.xs }}'", (("i-d", "{{ _.xs }}"),)),
        ('x in [1, "two", 3.5, null, {"k":"v"}]', (("x", (1, "two", 3.5, None, {"k": "v"})),)),
        ("[n in <% $.a %>, m in <% $.b %>]", (("n", "<% $.a %>"), ("m", "<% $.b %>"))),
    ],
)
def test_forms_of_with_items(written: str, bindings: object):
    parsed = task(f"with-items: {written}")

    assert parsed.with_items is not None
    assert parsed.with_items.bindings == bindings


def test_remaining_attributes_of_a_task():
    parsed = task(
        "{publish: {a: 1}, publish-on-error: {b: 2}, publish-on-skip: {c: 3}, target: <% $.host %>, keep-result: false,"
        " safe-rerun: true, tags: [x], description: d}"
    )

    assert (parsed.publish, parsed.publish_on_error, parsed.publish_on_skip) == ({"a": 1}, {"b": 2}, {"c": 3})
    assert (parsed.target, parsed.keep_result, parsed.safe_rerun) == ("<% $.host %>", False, True)
    assert (parsed.tags, parsed.description) == (("x",), "d")


def test_defaults_apply_where_the_task_says_nothing():
    parsed = workflow(
        "task-defaults: {retry: {count: 2, delay: 0}, wait-before: 5, timeout: 9, safe-rerun: true,"
        " on-error: [h, fail],"
        " on-success: {publish: {branch: {lost: 1}}, next: last}}\n"
        "  tasks:\n"
        "    a: {wait-before: 0, timeout: 3, on-success: {publish: {branch: {kept: 1}}}}\n"
        "    h: {retry: {count: 0, delay: 0}, safe-rerun: false}\n"
        "    last: {on-success: noop}"
    )
    a, h, last = parsed.tasks["a"], parsed.tasks["h"], parsed.tasks["last"]

    assert (a.policies.wait_before, a.policies.timeout, a.policies.retry) == (5, 3, Retry(count=2, delay=0))
    assert (h.policies.retry, h.safe_rerun, a.safe_rerun) == (Retry(count=0, delay=0), False, True)
    assert a.on_success.next == (to("last"),)
    assert a.on_success.publish is not None
    assert a.on_success.publish.branch == {"kept": 1}
    assert a.on_error.next == (to("h"), command("fail"))
    assert h.on_error.next == (command("fail"),)
    assert h.on_success.publish is None
    assert last.on_success.next == (command("noop"),)
    assert parsed.start_tasks == ("a",)


def test_reverse_workflows_have_requirements_and_no_start_tasks():
    parsed = workflow(
        "type: reverse\n  task-defaults: {requires: base, on-error: base}\n"
        "  tasks:\n    base: {action: x}\n    l: {requires: [base]}\n    r: {requires: [l]}"
    )

    assert {name: each.requires for name, each in parsed.tasks.items()} == {
        "base": (),
        "l": ("base",),
        "r": ("l", "base"),
    }
    assert parsed.start_tasks == ()
    assert parsed.tasks["l"].on_error.next == ()


def test_one_workflow_keeps_its_text_and_several_are_written_anew():
    one = "# mine\nversion: '2.0'\na:\n  tasks: {t: {action: x}}\n"
    several = one + "b.c:\n  tasks: {t: {action: 'x y=1', input: {d: '2020-01-01', on: yes}}}\n"

    assert [each.text for each in parse_workflows(one)] == [one]
    again = [parse_workflows(each.text)[0].workflow for each in parse_workflows(several)]
    assert [each.name for each in again] == ["a", "b.c"]
    assert again[1].spec == parse_workflows(several)[1].workflow.spec


def test_adhoc_actions_hold_all_that_was_written():
    [first, second] = parse_actions(
        "version: '2.0'\n"
        "one:\n  base: std.echo output=<% $.x %>\n  base-input: {delay: 1}\n  input: [x, y: 2]\n  output: [<% $ %>]\n"
        "two:\n  base: one x=1\n  description: d\n  tags: [t]\n  output: null\n"
    )

    assert (first.action.base, first.action.base_input) == ("std.echo", {"delay": 1, "output": "<% $.x %>"})
    assert first.action.input == (Parameter("x"), Parameter("y", 2))
    assert (first.action.output, second.action.output) == (["<% $ %>"], REQUIRED)
    assert (second.action.description, second.action.tags) == ("d", ("t",))
    assert parse_actions(first.text)[0].action.spec == first.action.spec
