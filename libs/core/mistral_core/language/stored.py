"""Stored definitions, which were validated when they came in: reading them back, and describing them.

A stored text is either a document with a version, or the slice of a workbook, without one.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from mistral_core.language.actions import parse_action
from mistral_core.language.model import REQUIRED, AdhocAction, Parameter, Workflow
from mistral_core.language.node import Node
from mistral_core.language.parse import members
from mistral_core.language.workflows import parse_workflow
from mistral_core.language.yaml_text import load


def workflow_from_text(text: str, name: str | None = None) -> Workflow:
    """Read one stored workflow; the grammar of its expressions is not checked again.

    Args:
        name: Which one, by its local or stored name (``workbook.local``); may be left out when there is only one.

    Raises:
        InvalidDefinition: If it cannot be read or has no such workflow.
    """
    return parse_workflow(_member(text, name))


def action_from_text(text: str, name: str | None = None) -> AdhocAction:
    """Read one stored ad-hoc action; the rest is as with ``workflow_from_text``."""
    return parse_action(_member(text, name))


def _member(text: str, name: str | None) -> Node:
    root = Node.root(load(text, trusted=True))
    root.mapping("a stored definition")
    found = {member.name: member for member in members(root)}
    if name is None or len(found) == 1:
        names = list(found)
    else:
        names = [each for each in (name, name.rpartition(".")[2]) if each in found]
    if not names or (name is None and len(names) > 1):
        root.refuse(f"the stored definition does not say what '{name or 'it'}' is")
    return found[names[0]]


def input_text(parameters: Iterable[Parameter]) -> str:
    """Return declared inputs of a workflow on one line, such as ``a, b="2"``."""
    return ", ".join(each.name if each.default is REQUIRED else f'{each.name}="{each.default}"' for each in parameters)


def signature_text(parameters: Iterable[Parameter]) -> str:
    """Return declared inputs of an action on one line with defaults as JSON, such as ``a, b=2``."""
    return ", ".join(
        each.name if each.default is REQUIRED else f"{each.name}={_json(each.default)}" for each in parameters
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def interface(workflow: Workflow) -> dict[str, Any]:
    """Return what a workflow takes, as written, and the names of what it gives."""
    output: Mapping[str, Any] = workflow.output or {}
    return {"input": list(workflow.spec.get("input", ())), "output": list(output)}
