"""What the mesh has of each kind of thing, and how it is told to have something else."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mistral_cli.apply.items import Item, Kind
from mistral_cli.connection import Mesh
from mistral_cli.errors import code_name
from mistral_cli.record import bare


@dataclass(frozen=True, slots=True)
class Stored:
    """What is there now.

    Attributes:
        text: To compare and to show; of an environment it is made up from its fields.
        etag: Changes with it; empty where the mesh does not say.
    """

    text: str
    scope: str
    etag: str


def found(mesh: Mesh, item: Item) -> Stored | None:
    """Return what is stored under the name of an item, None if nothing is."""
    import grpc

    try:
        message = _GET[item.kind](mesh, item)
    except grpc.RpcError as error:
        if code_name(error) != "NOT_FOUND":
            raise
        return None
    # A name is looked for in the default namespace, too, and actions that nobody stored have names as well.
    if getattr(message, "namespace", "") != item.namespace or (item.kind is Kind.ACTION and not message.definition):
        return None
    names = message.DESCRIPTOR.fields_by_name["scope"].enum_type.values_by_number
    return Stored(_text(item, message), bare(names[message.scope].name).lower(), getattr(message, "etag", ""))


def wanted_text(item: Item, stored: Stored | None) -> str:
    """Return the text that an item is to have; what an environment does not say stays as it is."""
    if item.kind is not Kind.ENVIRONMENT:
        return item.text
    description = item.fields.get("description")
    if description is None and stored is not None:
        description = _loaded(stored.text).get("description", "")
    return _environment_text(description or "", item.fields["variables"])


def judged(mesh: Mesh, item: Item) -> str:
    """Return what the mesh finds wrong with the document of an item; empty if nothing."""
    if item.kind is Kind.ENVIRONMENT:
        return ""
    service, call = _VALIDATE[item.kind]
    answer = getattr(getattr(mesh, service), call)(definition=item.document)
    return "" if answer.valid else str(answer.error)


def create(mesh: Mesh, item: Item) -> None:
    fields = _said(item)
    match item.kind:
        case Kind.WORKFLOW:
            mesh.workflows.CreateWorkflows(**fields)
        case Kind.WORKBOOK:
            mesh.workbooks.CreateWorkbook(**fields)
        case Kind.ACTION:
            mesh.action_definitions.CreateActions(**fields)
        case Kind.ENVIRONMENT:
            mesh.environments.CreateEnvironment(**fields)


def update(mesh: Mesh, item: Item, stored: Stored) -> None:
    """Replace what is stored, if it is still what was compared."""
    fields, etag = _said(item), stored.etag
    match item.kind:
        case Kind.WORKFLOW:
            mesh.workflows.UpdateWorkflows(**fields, **({"etags": {item.name: etag}} if etag else {}))
        case Kind.WORKBOOK:
            mesh.workbooks.UpdateWorkbook(**fields, **({"etag": etag} if etag else {}))
        case Kind.ACTION:
            mesh.action_definitions.UpdateActions(**fields, **({"etags": {item.name: etag}} if etag else {}))
        case Kind.ENVIRONMENT:
            mesh.environments.UpdateEnvironment(**fields, **({"etag": etag} if etag else {}))


_GET: Mapping[Kind, Callable[[Mesh, Item], Any]] = {
    Kind.WORKFLOW: lambda mesh, item: (
        mesh.workflows.GetWorkflow(identifier=item.name, namespace=item.namespace).workflow
    ),
    Kind.WORKBOOK: lambda mesh, item: mesh.workbooks.GetWorkbook(name=item.name, namespace=item.namespace).workbook,
    Kind.ACTION: lambda mesh, item: (
        mesh.action_definitions.GetAction(identifier=item.name, namespace=item.namespace).action
    ),
    Kind.ENVIRONMENT: lambda mesh, item: mesh.environments.GetEnvironment(name=item.name).environment,
}
_VALIDATE: Mapping[Kind, tuple[str, str]] = {
    Kind.WORKFLOW: ("workflows", "ValidateWorkflows"),
    Kind.WORKBOOK: ("workbooks", "ValidateWorkbook"),
    Kind.ACTION: ("action_definitions", "ValidateActions"),
}


def _said(item: Item) -> dict[str, Any]:
    scope = f"SCOPE_{item.scope.upper()}" if item.scope else "SCOPE_UNSPECIFIED"
    if item.kind is not Kind.ENVIRONMENT:
        return {"definition": item.text, "namespace": item.namespace, "scope": scope}
    fields = {"name": item.name, "variables": json.dumps(item.fields["variables"]), "scope": scope}
    if "description" in item.fields:
        fields["description"] = str(item.fields["description"] or "")
    return fields


def _text(item: Item, message: Any) -> str:
    if item.kind is Kind.ENVIRONMENT:
        return _environment_text(message.description, json.loads(message.variables or "{}"))
    return str(message.definition)


def _environment_text(description: str, variables: Mapping[str, Any]) -> str:
    import yaml

    told = {"description": description} if description else {}
    return str(yaml.safe_dump({**told, "variables": variables}, sort_keys=True, allow_unicode=True))


def _loaded(text: str) -> dict[str, Any]:
    import yaml

    return dict(yaml.safe_load(text))
