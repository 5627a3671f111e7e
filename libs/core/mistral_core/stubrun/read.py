"""A test file from its text. What the file says for all cases is laid under each of them."""

from collections.abc import Mapping
from typing import Any

from mistral_core.language.node import Node
from mistral_core.language.yaml_text import load
from mistral_core.stubrun import values
from mistral_core.stubrun.keys import CASE, FILE
from mistral_core.stubrun.model import Case, Suite
from mistral_core.stubrun.read_expectations import read_expectation
from mistral_core.stubrun.read_stubs import read_requests, read_stubs


def read_suite(text: str) -> Suite:
    """Read a test file.

    Raises:
        InvalidDefinition: Names the fault, its path, line and column.
    """
    root = values.mapping(Node.root(load(text)), FILE, "a test file")
    cases = root.get("cases")
    if cases is None or not isinstance(cases.value, dict) or not cases.value:
        (cases or root).refuse("a test file needs 'cases', a mapping of titles to cases")
    environments = root.get("environments")
    values.values_of(environments)
    return Suite(
        files=values.texts(root.get("files")),
        environments={each.name: values.values_of(each) for each in (environments.entries() if environments else ())},
        cases=tuple(_case(each, root) for each in cases.entries()),
    )


def _case(node: Node, root: Node) -> Case:
    if node.value is None:
        node = node.standing_for({})
    values.mapping(node, CASE, f"case '{node.name}'")
    return Case(
        title=node.name,
        workflow=values.text(node.get("workflow") or root.get("workflow")),
        input={**values.values_of(root.get("input")), **values.values_of(node.get("input"))},
        params={**values.values_of(root.get("params")), **values.values_of(node.get("params"))},
        env=_env(root.get("env"), node.get("env")),
        stubs=read_stubs(node.get("stubs")) + read_stubs(root.get("stubs"), shared=True),
        requests=read_requests(node.get("requests")),
        expect=read_expectation(node.get("expect")),
        line=node.line,
    )


def _env(shared: Node | None, own: Node | None) -> Mapping[str, Any] | str | None:
    """Return the name of an environment, or both mappings in one; what the case says wins."""
    if own is not None and isinstance(own.value, str):
        return values.text(own)
    if shared is not None and isinstance(shared.value, str):
        return values.text(shared) if own is None else values.values_of(own)
    if shared is None and own is None:
        return None
    return {**values.values_of(shared), **values.values_of(own)}
