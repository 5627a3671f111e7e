"""The schema accepts whatever the parser accepts, names every key, and its published copy is up to date."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from mistral_core.documents import Kind, read_document
from mistral_core.errors import InvalidDefinition
from mistral_core.language.keys import Kind as ValueKind
from mistral_core.language.yaml_text import load
from mistral_core.schema import KINDS, schema_of
from mistral_core.schema.kinds import SHAPES

ROOT = Path(__file__).parents[3]
NAMES = {
    Kind.WORKFLOWS: "workflow",
    Kind.WORKBOOK: "workbook",
    Kind.ACTIONS: "actions",
    Kind.TEST: "test",
}
VALIDATORS = {kind: Draft7Validator(schema_of(kind)) for kind in KINDS}


def recorded() -> list[tuple[str, str, str]]:
    """All definitions of the recorded cases: kind as the case says, file, text."""
    found = []
    for path in sorted((ROOT / "tests/conformance/cases").glob("*/*.yaml")):
        case = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
        for definition in case.get("definitions") or ():
            if isinstance(definition.get("text"), str):
                found.append((definition["kind"], path.name, definition["text"].replace("${u}", "u1")))
    return found


def faults(kind: str, value: Any) -> list[str]:
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in VALIDATORS[kind].iter_errors(value)]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_schema(kind):
    Draft7Validator.check_schema(schema_of(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_the_published_copy_is_up_to_date(kind):
    published = ROOT / "docs" / "schema" / f"{kind}.json"

    assert json.loads(published.read_text(encoding="utf-8")) == schema_of(kind), (
        f"write it anew: mistralctl schema {kind} > docs/schema/{kind}.json"
    )


def test_every_kind_of_value_has_a_shape():
    assert set(SHAPES) == set(ValueKind)


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.name)
def test_examples_are_valid(path):
    document = read_document(path.read_text(encoding="utf-8"))

    assert faults(NAMES[document.kind], document.root.value) == []


def test_what_the_parser_accepts_is_valid():
    checked, complaints = 0, []
    for _, name, text in recorded():
        try:
            document = read_document(text)
        except InvalidDefinition:
            continue
        if document.kind in NAMES:
            checked += 1
            complaints.extend(f"{name}: {fault}" for fault in faults(NAMES[document.kind], document.root.value))

    assert complaints == []
    assert checked > 250


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{version: '2.0', w: {tasks: {t: {acton: std.noop}}}}", "w.tasks.t"),
        ("{version: '2.0', w: {tasks: {t: {retry: {count: 1}}}}}", "w.tasks.t.retry"),
        ("{version: '2.0', w: {tasks: {t: {join: some}}}}", "w.tasks.t.join"),
        ("{version: '2.0', w: {tasks: {t: {requires: a}, a: {}}}}", "w.tasks.t"),
        ("{version: '2.0', w: {type: reverse, tasks: {t: {on-success: a}, a: {action: std.noop}}}}", "w.tasks.t"),
        ("{version: '2.0', w: {tasks: {t: {action: a, workflow: b}}}}", "w.tasks.t"),
        ("{version: '2.0', w: {tasks: {t: {wait-before: -1}}}}", "w.tasks.t.wait-before"),
        ("{version: '2.0', w: {input: a, tasks: {t: {action: a}}}}", "w.input"),
        ("{w: {tasks: {t: {action: a}}}}", ""),
    ],
)
def test_common_mistakes_are_found_at_their_place(text, place):
    found = faults("workflow", load(text).value)

    assert any(fault.startswith(f"{place}: ") for fault in found), found


def test_a_test_file_with_an_unknown_key_is_found():
    assert faults("test", {"cases": {"one": {"expects": {}}}})
    assert not faults("test", {"cases": {"one": None, "two": {"expect": "ERROR"}}})
