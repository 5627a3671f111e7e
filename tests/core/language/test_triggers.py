"""``triggers`` of a workflow: what is read, and every fault with its place."""

from datetime import UTC, datetime

import pytest

from mistral_core.cron import Overlap
from mistral_core.errors import InvalidDefinition
from mistral_core.language import parse_workbook, parse_workflows, workflow_from_text

TEXT = """version: '2.0'
w:
  input: [a, b: 2]
  triggers:
    {trigger}
  tasks:
    t: {{action: std.noop}}
"""


def read(trigger: str):
    return parse_workflows(TEXT.format(trigger=trigger))[0].workflow.triggers[0]


def test_a_pattern_alone_is_enough():
    trigger = read("nightly: {cron: '0 3 * * *', input: {a: 1}}")

    assert (trigger.name, trigger.kind, trigger.input, trigger.line) == ("nightly", "cron", {"a": 1}, 5)
    assert trigger.settings.schedule.patterns == ("0 3 * * *",)
    assert (trigger.settings.schedule.timezone, trigger.settings.overlap) == ("UTC", Overlap.ALLOW)


def test_everything_that_can_be_said():
    settings = read(
        "x: {cron: {patterns: ['0 3 * * *', '0 15 * * 6'], timezone: Europe/Berlin, start-at: 2030-01-01 10:00,"
        " end-at: 2030-02-01T00:00:00Z, count: 5, jitter: 5m, overlap: buffer-one, catchup-window: 2h},"
        " input: {a: 1}, params: {env: {k: v}}, description: d}"
    ).settings
    schedule = settings.schedule

    assert schedule.patterns == ("0 3 * * *", "0 15 * * 6")
    assert schedule.start_at == datetime(2030, 1, 1, 9, tzinfo=UTC)
    assert schedule.end_at == datetime(2030, 2, 1, tzinfo=UTC)
    assert (schedule.timezone, schedule.jitter) == ("Europe/Berlin", 300)
    assert (settings.count, settings.overlap, settings.catchup_window) == (5, Overlap.BUFFER_ONE, 7200)


@pytest.mark.parametrize(
    ("trigger", "complaint", "path"),
    [
        ("x: 5", "must be a mapping with one of", ""),
        ("'': {cron: '0 3 * * *', input: {a: 1}}", "name of a trigger", ""),
        ("'a b': {cron: '0 3 * * *', input: {a: 1}}", "name of a trigger", ""),
        ("x: {input: {a: 1}}", "exactly one of", "x"),
        ("x: {crom: '0 3 * * *', input: {a: 1}}", "did you mean 'cron'?", "x.crom"),
        ("x: {cron: '0 3 * * *'}", "lacks input that the workflow requires: a", "x"),
        ("x: {cron: '0 3 * * *', input: {a: 1, c: 1}}", "no input 'c'", "x.input.c"),
        ("x: {cron: 3, input: {a: 1}}", "a pattern such as", "x.cron"),
        ("x: {cron: '61 3 * * *', input: {a: 1}}", "61 3 * * *", "x.cron"),
        ("x: {cron: '0 0 30 2 *', input: {a: 1}}", "never fits", "x.cron"),
        ("x: {cron: {pattern: '0 3 * *'}, input: {a: 1}}", "not valid", "x.cron.pattern"),
        ("x: {cron: {}, input: {a: 1}}", "a pattern such as", "x.cron"),
        ("x: {cron: {jitter: 5}, input: {a: 1}}", "either 'pattern' or 'patterns'", "x.cron"),
        ("x: {cron: {patterns: []}, input: {a: 1}}", "at least one", "x.cron.patterns"),
        ("x: {cron: {patterns: [3]}, input: {a: 1}}", "a pattern such as", "x.cron.patterns[0]"),
        ("x: {cron: {pattern: '0 3 * * *', timezone: Mars}, input: {a: 1}}", "time zone 'Mars'", "x.cron.timezone"),
        ("x: {cron: {pattern: '0 3 * * *', colour: red}, input: {a: 1}}", "unknown key 'colour'", "x.cron.colour"),
        ("x: {cron: {pattern: '0 3 * * *', count: 0}, input: {a: 1}}", "whole number from 1", "x.cron.count"),
        ("x: {cron: {pattern: '0 3 * * *', count: yes}, input: {a: 1}}", "whole number from 1", "x.cron.count"),
        ("x: {cron: {pattern: '0 3 * * *', jitter: 5x}, input: {a: 1}}", "seconds from 0", "x.cron.jitter"),
        ("x: {cron: {pattern: '0 3 * * *', jitter: 2d}, input: {a: 1}}", "seconds from 0", "x.cron.jitter"),
        ("x: {cron: {pattern: '0 3 * * *', overlap: skp}, input: {a: 1}}", "did you mean 'skip'?", "x.cron.overlap"),
        ("x: {cron: {pattern: '0 3 * * *', overlap: [skip]}, input: {a: 1}}", "unknown overlap", "x.cron.overlap"),
        ("x: {cron: {pattern: '0 3 * * *', end-at: soon}, input: {a: 1}}", "end-at is not a time", "x.cron.end-at"),
        (
            *("x: {cron: {pattern: '0 3 * * *', catchup-window: 1}, input: {a: 1}}", "seconds from 10"),
            "x.cron.catchup-window",
        ),
    ],
)
def test_a_fault_is_refused_with_its_place(trigger, complaint, path):
    with pytest.raises(InvalidDefinition) as refused:
        read(trigger)

    assert complaint in str(refused.value)
    assert refused.value.line == 5
    assert refused.value.path.startswith(f"w.triggers.{path}".rstrip("."))


def test_workflows_of_a_workbook_have_triggers_too():
    book = parse_workbook(
        "version: '2.0'\nname: b\nworkflows:\n  w:\n    triggers: {n: {cron: '@daily'}}\n"
        "    tasks: {t: {action: std.noop}}\n"
    )

    assert [trigger.name for trigger in book.workflows["w"].triggers] == ["n"]


def test_what_was_stored_before_there_were_triggers_can_still_be_read():
    text = TEXT.format(trigger="whatever: this was")

    assert workflow_from_text(text).triggers == ()
