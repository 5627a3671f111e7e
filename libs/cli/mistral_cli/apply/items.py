"""What documents define: single workflows, ad-hoc actions, workbooks and environments, and which come first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mistral_cli.apply.sources import Source
from mistral_cli.errors import CommandError
from mistral_cli.faults import line_at, located
from mistral_core.documents import Kind as DocumentKind
from mistral_core.documents import read_document
from mistral_core.errors import InvalidDefinition
from mistral_core.language import parse_actions, parse_workflows
from mistral_core.language.yaml_text import load


class Kind(StrEnum):
    """Kinds of things, in the order in which they are applied: what others use comes first."""

    ENVIRONMENT = "environment"
    ACTION = "action"
    WORKBOOK = "workbook"
    WORKFLOW = "workflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to be there.

    Attributes:
        text: Its definition; empty for an environment.
        document: The text that it was read from, for the mesh to judge.
        scope: ``private`` or ``public``; empty for what it is, or private.
        fields: Of an environment: ``description`` if it is given, and ``variables``.
    """

    kind: Kind
    name: str
    source: Source
    text: str = ""
    document: str = ""
    namespace: str = ""
    scope: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        within = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.kind} {self.name}{within}"


class NotOurs(Exception):
    """A document of a folder is something else."""


def items_of(source: Source, *, namespace: str, scope: str) -> list[Item]:
    """Return what a document defines.

    Raises:
        CommandError: Names the file, the line and the fault.
        NotOurs: If it is there by chance, and nothing that could be applied.
    """
    try:
        return list(_read(source, namespace=namespace, scope=scope))
    except InvalidDefinition as error:
        fault = located(str(error), source.file, before=source.before)
        raise CommandError(fault.text, hint=line_at(source.text, error.line, before=source.before)) from None


def _read(source: Source, *, namespace: str, scope: str) -> Iterator[Item]:
    value = load(source.text).value
    if isinstance(value, dict) and isinstance(value.get("definition"), str):
        yield from _exported(source, value, namespace=namespace, scope=scope)
        return
    if source.is_chance and not (isinstance(value, dict) and ("version" in value or "variables" in value)):
        raise NotOurs
    if isinstance(value, dict) and "variables" in value and isinstance(value.get("name"), str):
        yield _environment(source, value, scope)
        return
    yield from _defined(source, source.text, namespace=namespace, scope=scope)


def _exported(source: Source, value: Mapping[str, Any], *, namespace: str, scope: str) -> Iterator[Item]:
    """Take what ``get -o yaml`` printed: its text, into the namespace and scope that it was in."""
    where = namespace or str(value.get("namespace") or "")
    who = scope or str(value.get("scope") or "").lower()
    found = list(_defined(source, str(value["definition"]), namespace=where, scope=who))
    if [item.name for item in found] != [value.get("name")]:
        book = f", apply workbook {value['workbook']}" if value.get("workbook") else ""
        raise CommandError(f"{source.file}: the text of {value.get('name')!r} is not of that name alone{book}")
    yield from found


def _defined(source: Source, text: str, *, namespace: str, scope: str) -> Iterator[Item]:
    document = read_document(text)
    around: dict[str, Any] = {"source": source, "document": text, "namespace": namespace, "scope": scope}
    match document.kind:
        case DocumentKind.WORKBOOK:
            yield Item(kind=Kind.WORKBOOK, name=document.name, text=text, **around)
        case DocumentKind.ACTIONS:
            for parsed in parse_actions(text):
                yield Item(kind=Kind.ACTION, name=parsed.action.name, text=parsed.text, **around)
        case DocumentKind.TEST if source.is_chance:
            raise NotOurs
        case DocumentKind.TEST:
            raise CommandError(f"{source.file} is a test file; `mistralctl test` runs it")
        case _:
            for read in parse_workflows(text):
                yield Item(kind=Kind.WORKFLOW, name=read.workflow.name, text=read.text, **around)


# What `get -o yaml` prints beside what can be said; it is passed over.
_TOLD = frozenset({"id", "project_id", "created_at", "updated_at", "etag", "version"})


def _environment(source: Source, value: Mapping[str, Any], scope: str) -> Item:
    known = {"name", "description", "variables", "scope"}
    if unknown := [key for key in value if key not in known | _TOLD]:
        raise CommandError(f"{source.file}: an environment has no {unknown[0]!r}, only {', '.join(sorted(known))}")
    if not isinstance(value["variables"], dict):
        raise CommandError(f"{source.file}: the variables of an environment must be a mapping")
    fields = {key: value[key] for key in ("description", "variables") if key in value}
    who = scope or str(value.get("scope") or "").lower()
    return Item(kind=Kind.ENVIRONMENT, name=value["name"], source=source, scope=who, fields=fields)
