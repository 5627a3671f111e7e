"""Workflow definitions: validated by the core, stored by the gateway."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.declared_triggers import drop_declared, store_declared
from mistral_api_gateway.operations.definition_scope import PRIVATE, checked_scope
from mistral_api_gateway.operations.etags import check_etag, hold
from mistral_api_gateway.operations.finding import Finding
from mistral_api_gateway.operations.json_text import text_of
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import Conflict, InvalidDefinition, NotFound
from mistral_core.language import ParsedWorkflow, input_text, interface, parse_workflows
from mistral_persistence import workflows as rows
from mistral_persistence.database import Connection
from mistral_persistence.listing import Page


class Workflows:
    """What can be done with workflow definitions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, caller: Caller, text: str, *, namespace: str = "", scope: str = PRIVATE) -> list[rows.Row]:
        """Store the workflows of a document, all or none, and return their rows in the order of the text.

        Raises:
            InvalidDefinition: If the text has a fault.
            Conflict: If a name is taken.
        """
        checked_scope(caller, scope, "workflows")
        parsed = parse_workflows(text)
        new = [_new(caller, one, namespace, scope) for one in parsed]
        _check_names(new)
        async with self._store.transaction() as connection:
            for one in new:
                await rows.create(connection, one)
            stored = await _stored(connection, caller, namespace, new)
            for row, read in zip(stored, parsed, strict=True):
                await store_declared(connection, row, read.workflow, new=True)
            return stored

    async def update(
        self,
        caller: Caller,
        text: str,
        *,
        namespace: str = "",
        scope: str | None = None,
        etags: Mapping[str, str] | None = None,
    ) -> list[rows.Row]:
        """Replace the texts of workflows that exist, all or none, and return their rows in the order of the text.

        Args:
            etags: By name, the etag that a workflow must still have.

        Raises:
            InvalidDefinition: If the text has a fault.
            NotFound: If a name of the document is not stored.
        """
        checked_scope(caller, scope, "workflows")
        parsed = parse_workflows(text)
        new = [_new(caller, one, namespace, scope or PRIVATE) for one in parsed]
        _check_names(new)
        async with self._store.transaction() as connection:
            known = await rows.owned(connection, caller.project, namespace, [one.name for one in new])
            for one in new:
                if one.name not in known:
                    raise NotFound(f"Workflow not found [name={one.name}, namespace={namespace}]")
                check_etag(known[one.name], (etags or {}).get(one.name, ""))
                await rows.update(connection, _with_id(one, known[one.name]["id"]), scope=scope)
            stored = await _stored(connection, caller, namespace, new)
            for row, read in zip(stored, parsed, strict=True):
                await store_declared(connection, row, read.workflow)
            return stored

    async def update_one(
        self,
        caller: Caller,
        identifier: str,
        text: str,
        *,
        namespace: str = "",
        scope: str | None = None,
        etag: str = "",
    ) -> rows.Row:
        """Replace the text of one workflow, whose name may change with it, and return its row.

        Raises:
            InvalidDefinition: If the text has a fault or not exactly one workflow.
            NotFound: If nothing visible has that id or name.
            Forbidden: If it belongs to another project.
        """
        checked_scope(caller, scope, "workflows")
        parsed = parse_workflows(text)
        if len(parsed) != 1:
            raise InvalidDefinition("exactly one workflow is expected when one is updated by its id or name")
        async with self._store.transaction() as connection:
            known = await _FOUND.own(connection, caller, identifier, namespace)
            await hold(connection, "workflow", known["id"], etag)
            new = _with_id(_new(caller, parsed[0], known["namespace"], known["scope"]), known["id"])
            await rows.update(connection, new, scope=scope)
            row = await rows.find(connection, caller.project, new.id, everything=caller.admin)
            assert row is not None
            await store_declared(connection, row, parsed[0].workflow)
            return row

    async def get(self, caller: Caller, identifier: str, *, namespace: str = "", fall_back: bool = False) -> rows.Row:
        """Return a workflow by its id, or by its name in a namespace.

        Args:
            fall_back: Whether the default namespace is tried after the given one.

        Raises:
            NotFound: If nothing visible has that id or name.
        """
        row = await self._store.read(rows.find, caller.project, identifier, namespace, everything=caller.admin)
        if row is None and fall_back and namespace:
            row = await self._store.read(rows.find, caller.project, identifier, "", everything=caller.admin)
        if row is None:
            raise _unknown(identifier, namespace)
        return row

    async def page(self, caller: Caller, wanted: Page) -> list[rows.Row]:
        """Return a page of the workflows that the caller sees."""
        return await self._store.page(rows.page, rows.WORKFLOWS, wanted, project=caller.scope)

    async def delete(self, caller: Caller, identifier: str, *, namespace: str = "", etag: str = "") -> None:
        """Remove a workflow; what runs of it goes on.

        Raises:
            NotFound: If nothing visible has that id or name.
            Forbidden: If it belongs to another project.
        """
        async with self._store.transaction() as connection:
            known = await _FOUND.own(connection, caller, identifier, namespace)
            await hold(connection, "workflow", known["id"], etag)
            await drop_declared(connection, known["id"])
            await rows.delete(connection, known["id"])

    @staticmethod
    def fault(text: str) -> str | None:
        """Return what is wrong with a document; None if it could be stored."""
        try:
            parse_workflows(text)
        except InvalidDefinition as error:
            return str(error)
        return None


def _new(caller: Caller, parsed: ParsedWorkflow, namespace: str, scope: str) -> rows.NewWorkflow:
    workflow = parsed.workflow
    return rows.NewWorkflow(
        id=str(uuid4()),
        project=caller.project,
        namespace=namespace,
        name=workflow.name,
        definition=parsed.text,
        checksum=hashlib.md5(parsed.text.encode(), usedforsecurity=False).hexdigest(),
        input=input_text(workflow.input),
        interface=text_of(interface(workflow)),
        tags=workflow.tags,
        scope=scope,
    )


def _with_id(new: rows.NewWorkflow, workflow_id: str) -> rows.NewWorkflow:
    fields: dict[str, Any] = {name: getattr(new, name) for name in new.__struct_fields__}
    return rows.NewWorkflow(**{**fields, "id": workflow_id})


async def _stored(
    connection: Connection, caller: Caller, namespace: str, new: Sequence[rows.NewWorkflow]
) -> list[rows.Row]:
    found = await rows.owned(connection, caller.project, namespace, [one.name for one in new])
    return [found[one.name] for one in new]


def _unknown(identifier: str, namespace: str) -> NotFound:
    return NotFound(f"Workflow not found [workflow_identifier={identifier}, namespace={namespace}]")


_FOUND: Final = Finding(rows.find, "workflow", _unknown)


def _check_names(new: Sequence[rows.NewWorkflow]) -> None:
    names = [one.name for one in new]
    for name in names:
        if names.count(name) > 1:
            raise Conflict(f"The document has two workflows named {name!r}")
