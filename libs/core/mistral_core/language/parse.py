"""Definitions from text, validated whole: where the rest of the mesh enters the language."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from mistral_core.language.actions import parse_action
from mistral_core.language.keys import Kind
from mistral_core.language.kinds import check_kind
from mistral_core.language.model import AdhocAction, Workflow
from mistral_core.language.node import Node
from mistral_core.language.workflows import check_name, parse_workflow
from mistral_core.language.yaml_text import dump, load

VERSION: Final = "version"


@dataclass(frozen=True, slots=True)
class ParsedWorkflow:
    """A workflow and the text to store for it."""

    workflow: Workflow
    text: str


@dataclass(frozen=True, slots=True)
class ParsedAction:
    """An ad-hoc action and the text to store for it."""

    action: AdhocAction
    text: str


def parse_workflows(text: str) -> tuple[ParsedWorkflow, ...]:
    """Read a list of workflows; one fault refuses them all.

    The text to store is the given one when it holds one workflow, and is written anew for each of several.

    Raises:
        InvalidDefinition: Names the fault, its path, line and column.
    """
    root = _read(text, "workflow")
    found = []
    for member in members(root):
        check_name(member, member.name, "Workflow")
        found.append(ParsedWorkflow(parse_workflow(member), _own_text(root, member)))
    return tuple(found)


def parse_actions(text: str) -> tuple[ParsedAction, ...]:
    """Read a list of ad-hoc actions; one fault refuses them all.

    Raises:
        InvalidDefinition: Names the fault, its path, line and column.
    """
    root = _read(text, "action")
    found = []
    for member in members(root):
        check_name(member, member.name, "Action")
        found.append(ParsedAction(parse_action(member), _own_text(root, member)))
    return tuple(found)


def members(root: Node) -> Iterator[Node]:
    """Yield everything in a list document but its version."""
    return (entry for entry in root.entries() if entry.key != VERSION)


def check_document(root: Node) -> None:
    """Refuse a document that is no mapping or has no version."""
    if not isinstance(root.value, dict):
        root.refuse_kind("a mapping")
    if VERSION not in root.value:
        root.refuse_shape("the document lacks the required key 'version', such as version: '2.0'")
    check_kind(root.child(VERSION), Kind.VERSION)


def _read(text: str, what: str) -> Node:
    root = Node.root(load(text))
    check_document(root)
    if len(root.value) < 2:
        root.refuse_shape(f"the document has no {what}: beside 'version' one key per {what} is expected")
    return root


def _own_text(root: Node, member: Node) -> str:
    document: dict[str, Any] = root.value
    if len(document) == 2:
        return root.text
    return dump({VERSION: document[VERSION], member.name: member.value})
