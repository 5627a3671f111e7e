"""Recognises a document by its keys and reads it with the parser of its kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mistral_core.language import AdhocAction, Workflow, parse_actions, parse_workbook, parse_workflows
from mistral_core.language.node import Node
from mistral_core.language.parse import VERSION
from mistral_core.language.yaml_text import load


class Kind(StrEnum):
    """What a document is."""

    WORKFLOWS = "workflows"
    ACTIONS = "ad-hoc actions"
    WORKBOOK = "workbook"
    ENVIRONMENT = "environment"
    TEST = "test file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One read document.

    Attributes:
        root: The whole of it, with places.
        name: Of a workbook or an environment; "" for others.
        workflows: By the name under which the mesh would store them; likewise ``actions``.
        variables: Of an environment.
    """

    kind: Kind
    root: Node
    name: str = ""
    workflows: Mapping[str, Workflow] = field(default_factory=dict)
    actions: Mapping[str, AdhocAction] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)

    def place(self, stored_name: str) -> Node:
        """Return the node of a workflow or an ad-hoc action of this document."""
        if self.kind is not Kind.WORKBOOK:
            return self.root.child(stored_name)
        local = stored_name.removeprefix(f"{self.name}.")
        section = "workflows" if stored_name in self.workflows else "actions"
        return self.root.child(section).child(local)


def read_document(text: str) -> Document:
    """Read a document of any kind; of a test file only what it is.

    Raises:
        InvalidDefinition: Names the fault, its path, line and column.
    """
    root = Node.root(load(text))
    match _kind(root.value):
        case Kind.WORKBOOK:
            return _workbook(root, text)
        case Kind.ACTIONS:
            actions = {parsed.action.name: parsed.action for parsed in parse_actions(text)}
            return Document(kind=Kind.ACTIONS, root=root, actions=actions)
        case Kind.ENVIRONMENT:
            return _environment(root)
        case Kind.TEST:
            return Document(kind=Kind.TEST, root=root)
        case _:
            workflows = {parsed.workflow.name: parsed.workflow for parsed in parse_workflows(text)}
            return Document(kind=Kind.WORKFLOWS, root=root, workflows=workflows)


def _kind(value: Any) -> Kind:
    if not isinstance(value, dict):
        return Kind.WORKFLOWS
    members = [member for key, member in value.items() if key != VERSION]
    if isinstance(value.get("name"), str):
        return Kind.ENVIRONMENT if "variables" in value else Kind.WORKBOOK
    if isinstance(value.get("cases"), dict) and "tasks" not in value["cases"]:
        return Kind.TEST
    # A list of actions in which one lacks its base shall be told about that, not about tasks.
    if any(isinstance(member, dict) and "base" in member and "tasks" not in member for member in members):
        return Kind.ACTIONS
    return Kind.WORKFLOWS


def _workbook(root: Node, text: str) -> Document:
    book = parse_workbook(text)
    return Document(
        kind=Kind.WORKBOOK,
        root=root,
        name=book.name,
        workflows={f"{book.name}.{name}": workflow for name, workflow in book.workflows.items()},
        actions={f"{book.name}.{name}": action for name, action in book.actions.items()},
    )


def _environment(root: Node) -> Document:
    root.check_keys(("name", "description", "variables", "scope", "version"), "the environment")
    variables = root.child("variables")
    if not isinstance(variables.value, dict):
        variables.refuse_kind("a mapping")
    return Document(kind=Kind.ENVIRONMENT, root=root, name=root.value["name"], variables=variables.value)
