"""Lint of short texts, told as lines and codes."""

import textwrap
from typing import Any

from mistral_core.lint import check


def codes(text: str, **options: Any) -> list[str]:
    return [f"{finding.line} {finding.code}" for finding in check(textwrap.dedent(text).lstrip("\n"), **options)]


def of_tasks(tasks: str, head: str = "") -> list[str]:
    """Findings of a workflow with these tasks, of which the first begins on line 4 (plus the head)."""
    text = "version: '2.0'\nw:\n" + textwrap.indent(head, "  ") + "  tasks:\n"
    return codes(text + textwrap.indent(textwrap.dedent(tasks).lstrip("\n"), "    "))
