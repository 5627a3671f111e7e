"""A document held against all rules."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from mistral_core.documents import Kind, read_document
from mistral_core.errors import InvalidDefinition
from mistral_core.lint import calls, flow, shapes, variables
from mistral_core.lint.ignores import kept
from mistral_core.lint.rules import Finding, Level
from mistral_core.lint.texts import Subject, subject_of
from mistral_core.offered_input import OfferedInput
from mistral_core.stubrun import read_suite

_RULES: Final[tuple[Callable[[Subject], Iterator[Finding]], ...]] = (
    flow.check,
    variables.check,
    calls.check,
    shapes.check,
)


def check(text: str, *, pedantic: bool = False, offered: Mapping[str, OfferedInput] | None = None) -> list[Finding]:
    """Return what is wrong with a document of any kind, in the order of the lines.

    Args:
        pedantic: Check for what many workflows leave out on purpose, too.
        offered: What actions that workers offer take, by name, as far as it is known.
    """
    try:
        document = read_document(text)
        if document.kind is Kind.TEST:
            read_suite(text)
    except InvalidDefinition as error:
        return [_invalid(error)]
    found = list(shapes.check_document(document))
    for name in document.workflows:
        subject = subject_of(document, name)
        for rule in _RULES:
            found.extend(rule(subject))
        found.extend(calls.check_offered(subject, offered or {}))
        if pedantic:
            found.extend(calls.unhandled_errors(subject))
    return sorted(kept(dict.fromkeys(found), text), key=lambda each: (each.line, each.column, each.code))


def _invalid(error: InvalidDefinition) -> Finding:
    return Finding(
        code="invalid",
        level=Level.ERROR,
        message=error.reason.removeprefix("Invalid DSL: "),
        path=error.path,
        line=error.line or 0,
        column=error.column or 0,
    )
