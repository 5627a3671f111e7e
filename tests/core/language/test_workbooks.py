"""Workbooks: their own rules, and the slice of the text that each member is stored with."""

import pytest

from mistral_core.errors import InvalidDefinition
from mistral_core.language import action_from_text, parse_workbook, workflow_from_text

BOOK = """\
version: '2.0'
name: book
description: a book
tags: [x]

actions:
  # says it
  say:
    base: std.echo output=<% $.what %>   # indeed
    input: [what]

workflows:
  main:
    # begins here
    tasks:
      s:
        workflow: sub
        input:
          text: |
            two
              lines

  # another
  sub:
    tasks: {t: {action: say what="x"}}
"""


def test_members_keep_their_lines_and_comments():
    book = parse_workbook(BOOK)

    assert (book.name, book.description, book.tags) == ("book", "a book", ("x",))
    assert book.texts["say"] == "say:\n  base: std.echo output=<% $.what %>   # indeed\n  input: [what]\n"
    assert book.texts["main"].startswith("main:\n  # begins here\n  tasks:\n    s:\n")
    assert book.texts["sub"] == 'sub:\n  tasks: {t: {action: say what="x"}}\n'


def test_slices_are_read_back_as_what_they_were():
    book = parse_workbook(BOOK)

    assert workflow_from_text(book.texts["main"], "book.main").spec == book.workflows["main"].spec
    assert workflow_from_text(book.texts["sub"]).spec == book.workflows["sub"].spec
    assert action_from_text(book.action_texts["say"]).spec == book.actions["say"].spec


@pytest.mark.parametrize(
    "text",
    [
        "{version: '2.0', name: b, workflows: {w: {tasks: {t: {action: a}}}, v: {tasks: {t: {action: b}}}}}",
        "version: 2\nname: b\nworkflows: {w: {tasks: {t: {action: a}}},\n v: {tasks: {t: {action: b}}}}",
        "workflows:\n  w: {tasks: {t: {action: a}}}\n  v:\n    tasks: {t: {action: b}}\nname: b\nversion: 2.0",
        "workflows:\n    w:\n       tasks:\n        t:\n          action: a\n"
        "    v: {tasks: {t: {action: b}}}\nname: b\nversion: 2.0",
    ],
)
def test_members_are_found_however_they_are_laid_out(text: str):
    book = parse_workbook(text)

    for name, action in (("w", "a"), ("v", "b")):
        assert workflow_from_text(book.texts[name]).tasks["t"].action == action


def test_a_workflow_and_an_action_may_share_a_name():
    book = parse_workbook("version: 2\nname: b\nactions: {x: {base: y}}\nworkflows: {x: {tasks: {t: {action: x}}}}")

    assert action_from_text(book.action_texts["x"]).base == "y"
    assert workflow_from_text(book.texts["x"]).tasks["t"].action == "x"


def test_a_workbook_may_be_empty():
    assert parse_workbook("version: '2.0'\nname: b").workflows == {}


@pytest.mark.parametrize(
    ("text", "complaint", "line"),
    [
        ("name: b", "lacks the required key 'version'", 1),
        ("version: 2", "lacks the required key 'name'", 1),
        ("version: 2\nname: ''", "'name' is", 2),
        ("version: 2\nname: two words", "must not contain spaces", 2),
        ("version: 2\nname: " + "b" * 256, "at most 255 characters", 2),
        ("version: 3\nname: b", "Unsupported DSL version: 3", 1),
        ("version: v2\nname: b", "Unsupported DSL version", 1),
        ("version: '2'\nname: b", "Unsupported DSL version", 1),
        ("version: 2\nname: b\ntriggers: {}", "unknown key 'triggers'", 3),
        ("version: 2\nname: b\ntags: a, b", "a list of different texts", 3),
        ("version: 2\nname: b\nworkflows: {}", "'workflows' is {}", 3),
        ("version: 2\nname: b\nactions: {version: 2.0}", "'actions' is", 3),
        ("version: 2\nname: b\nactions:\n  a.b: {base: x}", "may only hold letters", 4),
        ("version: 2\nname: b\nworkflows:\n  w:\n    tasks:\n      t: {on-success: g}", "Task 'g' not found.", 6),
        ("version: 2\nname: " + "b" * 200 + "\nactions:\n  " + "a" * 60 + ": {base: x}", "at most 255", 4),
    ],
)
def test_faults_of_a_workbook(text: str, complaint: str, line: int):
    with pytest.raises(InvalidDefinition) as refused:
        parse_workbook(text)

    assert complaint in str(refused.value)
    assert refused.value.line == line
