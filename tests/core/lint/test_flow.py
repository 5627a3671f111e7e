"""Tasks nobody reaches, transitions never taken, joins that cannot complete, endless rings."""

import pytest

from tests.core.lint.linted import of_tasks


def test_a_ring_that_nothing_enters_is_unreachable():
    found = of_tasks(
        """
        a: {action: std.noop}
        b: {action: std.noop, on-success: [{c: <% task(b).state = SUCCESS %>}]}
        c: {action: std.noop, on-success: b}
        """
    )

    assert found == ["5 unreachable-task", "6 unreachable-task"]


@pytest.mark.parametrize(
    ("clause", "code"),
    [
        ("[{b: <% false %>}]", "never-taken"),
        ("[{b: '{{ 1 > 2 }}'}]", "never-taken"),
        ("[fail, b]", "never-taken"),
        ("[{b: <% 1 = 1 %>}]", "constant-expression"),
        ("{b: <% task().result = 1 %>}", "old-form"),
        ("{next: {b: <% task().result = 1 %>}}", "old-form"),
    ],
)
def test_conditions_that_do_not_do_what_they_seem_to(clause, code):
    assert [each.split()[1] for each in of_tasks(f"a: {{on-success: {clause}}}\nb: {{action: std.noop}}\n")] == [code]


def test_a_join_all_over_both_outcomes_of_a_task_cannot_complete():
    found = of_tasks(
        """
        a: {on-success: b, on-error: c}
        b: {on-success: d}
        c: {on-success: d}
        d: {join: all}
        """.replace("{on", "{action: std.http url=x, on")
    )

    assert found == ["7 impossible-join"]


def test_a_join_that_waits_for_what_comes_after_it_cannot_complete():
    found = of_tasks(
        """
        a: {action: std.noop, on-success: b}
        b: {join: all, on-success: c}
        c: {action: std.noop, on-success: [{b: <% task(a).result %>}]}
        """
    )

    assert found == ["5 impossible-join"]


def test_a_join_of_one_over_both_outcomes_is_sound():
    found = of_tasks(
        """
        a: {action: std.noop, on-success: [b], on-error: [c]}
        b: {on-success: d}
        c: {on-success: d}
        d: {join: one}
        """
    )

    assert found == []


@pytest.mark.parametrize(
    ("on_success", "found"),
    [
        ("[a]", ["4 endless-cycle"]),
        ("[{a: <% task().result < 3 %>}]", []),
        ("[a, fail]", []),
    ],
)
def test_a_ring_without_a_condition_is_endless(on_success, found):
    tasks = f"a: {{action: std.noop, on-success: b}}\nb: {{action: std.noop, on-success: {on_success}}}\n"

    assert of_tasks("s: {action: std.noop, on-success: a}\n" + tasks) == [each.replace("4 ", "5 ") for each in found]


def test_a_task_led_to_twice():
    assert of_tasks("a: {action: std.noop, on-success: b, on-complete: b}\nb: {action: std.noop}\n") == ["4 runs-twice"]
