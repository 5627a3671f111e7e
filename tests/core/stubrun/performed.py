"""Cases of stub runs in a few lines."""

import textwrap
from typing import Any

from mistral_core.documents import read_document
from mistral_core.stubrun import Library, Report, perform, read_suite


def run(workflows: str, case: str, *more: str, **environments: Any) -> Report:
    """Perform a case, given as the mapping under its title, with the first workflow of the text."""
    documents = [read_document("version: '2.0'\n" + textwrap.dedent(workflows))]
    documents += [read_document(textwrap.dedent(text)) for text in more]
    suite = read_suite("cases:\n  it:\n" + textwrap.indent(textwrap.dedent(case), "    "))
    return perform(suite.cases[0], Library(documents, environments))


def wrong(report: Report) -> list[tuple[str, Any, Any]]:
    return [(each.what, each.expected, each.actual) for each in report.complaints]
