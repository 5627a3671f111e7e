"""The rules by their codes, and what a broken one is reported as."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mistral_core.language.node import Node


class Level(StrEnum):
    """How sure it is that something is wrong."""

    ERROR = "error"
    """It is refused when it is stored."""
    WARNING = "warning"
    """It will fail, or something in it never happens."""
    HINT = "hint"
    """It works, and could be said better, or may surprise."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule is about, and why it matters, in a sentence each."""

    level: Level
    about: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A broken rule at a place; line and column from 1, 0 if unknown."""

    code: str
    level: Level
    message: str
    path: str = ""
    line: int = 0
    column: int = 0


def found(code: str, node: Node, message: str) -> Finding:
    """Return a finding at a node."""
    level = RULES[code].level
    return Finding(code=code, level=level, message=message, path=node.path, line=node.line, column=node.column)


_WARNINGS: Final = {
    "unreachable-task": (
        "No start task leads to the task.",
        "It stands in a ring that nothing enters, so it never runs.",
    ),
    "never-taken": (
        "A transition can never be taken.",
        "Its condition is always false, or an unconditional fail or succeed before it ends the workflow.",
    ),
    "impossible-join": (
        "A join waits for tasks that cannot all lead to it.",
        "It fails as soon as that is clear, or waits in vain.",
    ),
    "endless-cycle": (
        "Tasks lead to each other in a ring without any condition.",
        "The workflow runs until somebody stops it.",
    ),
    "undefined-variable": (
        "An expression reads a variable that nothing sets.",
        "Reading what is not there fails the task and the workflow.",
    ),
    "out-of-reach": (
        "An expression reads a variable that only tasks publish which do not come before.",
        "Branch variables flow from task to task along transitions; another branch does not see them.",
    ),
    "unclosed-expression": (
        "A text opens an expression and does not close it.",
        "It is taken as plain text. Inside { } and [ ] of YAML a comma ends a text that is not quoted.",
    ),
    "unknown-action": (
        "There is no such standard action.",
        "The task and the workflow fail when it is called.",
    ),
    "action-input": (
        "An action is called with input that does not fit.",
        "The task and the workflow fail when it is called.",
    ),
    "workflow-input": (
        "A sub-workflow is called without input that it requires, or with input that it does not know.",
        "Without required input the task fails; unknown input silently becomes a start parameter.",
    ),
    "unknown-workflow": (
        "A sub-workflow has nearly the name of one of this document.",
        "If none of that name is stored, the task fails.",
    ),
    "ignored-key": (
        "A key that the language does not know stands where such keys are passed over.",
        "It does nothing.",
    ),
    "no-effect": (
        "Something is set that has no effect where it stands.",
        "What it seems to do does not happen.",
    ),
    "shadowed-item": (
        "A variable of with-items has the name of another variable.",
        "The other variable wins: each item sees the same value.",
    ),
}

_HINTS: Final = {
    "unused-input": ("An input is never read.", "Callers give it for nothing."),
    "unused-variable": ("A variable is set and never read.", "It can go, or something reads another name."),
    "constant-expression": ("An expression has the same value always.", "Write the value, or nothing."),
    "literal-default": (
        "The default of an input is an expression.",
        "Defaults are not evaluated: the input is the text of the expression.",
    ),
    "runs-twice": (
        "A task without join may be led to twice by the same task.",
        "It then runs twice.",
    ),
    "old-form": (
        "A form that OpenStack Mistral reads differently or no longer has.",
        "It works here; elsewhere it does something else.",
    ),
    "command-name": (
        "A task has the name of an engine command.",
        "Readers, and OpenStack Mistral, take the name for the command.",
    ),
    "unhandled-error": (
        "A task that reaches out has neither on-error nor retry nor on-complete.",
        "A single failure ends the workflow. Only checked when asked for.",
    ),
}

RULES: Final[Mapping[str, Rule]] = {
    "invalid": Rule(Level.ERROR, "The document is not valid.", "It is refused when it is stored."),
    **{code: Rule(Level.WARNING, *texts) for code, texts in _WARNINGS.items()},
    **{code: Rule(Level.HINT, *texts) for code, texts in _HINTS.items()},
}
