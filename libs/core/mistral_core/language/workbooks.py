"""A workbook: named workflows and ad-hoc actions in one text, each of which is stored with its own slice of it."""

import re
from typing import Final

from mistral_core.errors import InvalidDefinition
from mistral_core.language.actions import parse_action
from mistral_core.language.keys import WORKBOOK
from mistral_core.language.kinds import check_entries, tags, text
from mistral_core.language.model import Workbook
from mistral_core.language.node import Node
from mistral_core.language.parse import VERSION, check_document
from mistral_core.language.workflows import check_name, parse_workflow
from mistral_core.language.yaml_text import dump, load

_MEMBER_NAME: Final = re.compile(r"[\w-]+")
_SUPPORTED: Final = ("2.0", 2)


def parse_workbook(definition: str) -> Workbook:
    """Read a workbook with all its members; one fault refuses it whole.

    Raises:
        InvalidDefinition: Names the fault, its path, line and column.
    """
    root = Node.root(load(definition))
    check_document(root)
    _check_version(root.child(VERSION))
    check_entries(root, WORKBOOK, "the workbook")
    name = str(root.value["name"])
    check_name(root.child("name"), name, "Workbook")
    workflows, actions = _members(root, "workflows", name), _members(root, "actions", name)
    action_texts = {each.name: _slice(each, _end_line(root, each)) for each in actions}
    return Workbook(
        name=name,
        description=text(root, "description"),
        tags=tags(root),
        workflows={each.name: parse_workflow(each) for each in workflows},
        actions={each.name: parse_action(each) for each in actions},
        texts=action_texts | {each.name: _slice(each, _end_line(root, each)) for each in workflows},
        action_texts=action_texts,
    )


def _check_version(node: Node) -> None:
    if node.value not in _SUPPORTED:
        node.refuse(f"Unsupported DSL version: {node.value}; only '2.0' is supported")


def _members(root: Node, section: str, workbook: str) -> list[Node]:
    place = root.get(section)
    if place is None:
        return []
    what = section.capitalize().removesuffix("s")
    found = []
    for member in place.entries():
        if member.key == VERSION:
            _check_version(member)
            continue
        if not _MEMBER_NAME.fullmatch(member.name):
            member.refuse_shape(f"the name '{member.key}' may only hold letters, digits, '_' and '-' inside a workbook")
        check_name(member, member.name, what, prefix=f"{workbook}.")
        found.append(member)
    if not found:
        place.refuse_kind("a mapping with at least one entry")
    return found


def _end_line(root: Node, member: Node) -> int:
    """Return the line after the member's last, 1-based: where the next key beside or above it stands."""
    siblings = (each.line for each in member.siblings())
    sections = (each.line for each in root.entries())
    after = [line for line in (*siblings, *sections) if line > member.line]
    return min(after, default=root.text.count("\n") + 2)


def _slice(member: Node, end_line: int) -> str:
    """Return the member's own lines, comments included, moved to the left; or the same written anew.

    It is written anew when its lines cannot stand alone, for example because it shares one with its neighbour.
    """
    lines = member.text.split("\n")[member.line - 1 : end_line - 1]
    margin = member.column - 1
    kept = "\n".join(line[min(margin, len(line) - len(line.lstrip(" "))) :] for line in lines).rstrip() + "\n"
    expected = {member.name: member.value}
    try:
        return kept if load(kept).value == expected else dump(expected)
    except InvalidDefinition:
        return dump(expected)
