"""``requires`` as an expression over the tasks of a reverse workflow."""

from __future__ import annotations

import pytest

from mistral_core.errors import InvalidDefinition
from mistral_core.language import parse_workflows, workflow_from_text

FLOW = """version: '2.0'
w:
  type: reverse
  tasks:
    disk: {{tags: [backup, slow], action: std.noop}}
    base: {{tags: [backup], action: std.noop}}
    net: {{action: std.echo output=1}}
    all:
      requires: {requires}
"""


def required(requires: str, text: str = FLOW) -> tuple[str, ...]:
    text = text.format(requires=requires)
    stored = workflow_from_text(text).tasks["all"].requires
    assert parse_workflows(text)[0].workflow.tasks["all"].requires == stored
    return stored


@pytest.mark.parametrize(
    ("requires", "expected"),
    [
        ("net", ("net",)),
        ("[net, disk]", ("net", "disk")),
        ("<% $.where($.tags.contains(backup)) %>", ("disk", "base")),
        ("<% $.where(backup in $.tags).name %>", ("disk", "base")),
        ("<% tasks().where($.tags.contains(slow)) %>", ("disk",)),
        ("<% $.where($.name != all).name %>", ("disk", "base", "net")),
        ("<% $.where($.action = 'std.noop').name %>", ("disk", "base")),
        ("<% $.first() %>", ("disk",)),
        ("<% $.where($.tags.contains(nothing)) %>", ()),
        ("<% null %>", ()),
        ("\"{{ _ | selectattr('action', 'equalto', 'std.echo output=1') | map(attribute='name') | list }}\"", ("net",)),
        (
            "['<% $.where($.tags.contains(slow)) %>', net, '<% $.where($.tags.contains(backup)) %>']",
            ("disk", "net", "base"),
        ),
        ("<% $.select($.name) %>", ("disk", "base", "net")),
    ],
)
def test_what_is_selected(requires: str, expected: tuple[str, ...]) -> None:
    assert required(requires) == expected


@pytest.mark.parametrize(
    ("requires", "told"),
    [
        ("<% [nobody] %>", "Task 'nobody' not found."),
        ("<% [nett] %>", "did you mean 'net'?"),
        ("<% 5 %>", "must give tasks or names of tasks"),
        ("<% $.where( %>", "YAQL"),
        ("<% $.nothing.of.this %>", "The selector of required tasks cannot be evaluated"),
        ("<% env().x %>", "env() is not known when tasks are selected"),
        ("<% random(1, 4) %>", "not known when tasks are selected"),
        ("<% uuid() %>", "not known when tasks are selected"),
        ("before <% net %>", "Task 'before <% net %>' not found."),
        ("[]", "expressions that select tasks"),
        ("{a: b}", "expressions that select tasks"),
    ],
)
def test_what_is_refused_says_where(requires: str, told: str) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        required(requires)

    assert told in str(refused.value)
    assert refused.value.line == 9
    assert refused.value.path.startswith("w.tasks.all.requires")


def test_tasks_that_select_one_another_are_a_ring() -> None:
    text = FLOW.format(requires="<% $.name %>").replace("action: std.echo", "requires: all, action: std.echo")

    with pytest.raises(InvalidDefinition, match="ring: net -> all -> net"):
        parse_workflows(text)


def test_defaults_may_select() -> None:
    text = FLOW.replace("  tasks:", "  task-defaults: {{requires: <% $.where($.tags.contains(slow)) %>}}\n  tasks:", 1)

    workflow = parse_workflows(text.format(requires="base"))[0].workflow

    assert {name: task.requires for name, task in workflow.tasks.items()} == {
        "disk": (),
        "base": ("disk",),
        "net": ("disk",),
        "all": ("base", "disk"),
    }
