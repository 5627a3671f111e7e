"""One ad-hoc action: a name for another action with part of its input and its output given."""

from mistral_core.language.keys import ACTION
from mistral_core.language.kinds import check_entries, parameters, tags, text
from mistral_core.language.model import REQUIRED, AdhocAction
from mistral_core.language.node import Node
from mistral_core.language.tasks import parse_call


def parse_action(node: Node) -> AdhocAction:
    """Read one ad-hoc action; its name is the key it stands under."""
    written = node.mapping("a mapping with 'base'")
    check_entries(node, ACTION, f"action '{node.key}'")
    base, base_input = parse_call(node.child("base"), node.get("base-input"))
    return AdhocAction(
        name=node.name,
        base=base,
        base_input=base_input,
        input=parameters(node.get("input")),
        output=REQUIRED if written.get("output") is None else written["output"],
        description=text(node, "description"),
        tags=tags(node),
        spec={**written, "name": node.name, "version": "2.0"},
    )
