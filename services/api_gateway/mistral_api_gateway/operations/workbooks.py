"""Workbooks: stored as they are, with every workflow and ad-hoc action in them stored under ``book.member``."""

from typing import Final
from uuid import uuid4

from mistral_api_gateway.operations.actions import new_action
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.declared_triggers import store_declared
from mistral_api_gateway.operations.definition_scope import PRIVATE, checked_scope
from mistral_api_gateway.operations.etags import hold
from mistral_api_gateway.operations.finding import Finding
from mistral_api_gateway.operations.json_text import text_of
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import InvalidDefinition, NotFound
from mistral_core.language import Workbook, input_text, interface, parse_workbook
from mistral_persistence import action_definitions, workbooks, workflows
from mistral_persistence.database import Connection
from mistral_persistence.listing import Page
from mistral_persistence.workbooks import Row


class Workbooks:
    """What can be done with workbooks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, caller: Caller, text: str, *, namespace: str = "", scope: str = PRIVATE) -> Row:
        """Store a workbook, and create or replace what it holds, all or nothing.

        Raises:
            InvalidDefinition: If the text has a fault.
            Conflict: If there is a workbook of that name.
        """
        checked_scope(caller, scope, "workbooks")
        book = parse_workbook(text)
        async with self._store.transaction() as connection:
            await action_definitions.lock(connection)
            await workbooks.create(connection, _new(caller, book, text, namespace, scope))
            await _store_members(connection, caller, book, namespace, scope)
            return await _FOUND.visible(connection, caller, book.name, namespace)

    async def update(
        self, caller: Caller, text: str, *, namespace: str = "", scope: str | None = None, etag: str = ""
    ) -> Row:
        """Replace the workbook that the text names, and create or replace what it holds, all or nothing.

        What is no longer in the text stays stored.

        Raises:
            InvalidDefinition: If the text has a fault.
            NotFound: If there is no workbook of that name.
        """
        checked_scope(caller, scope, "workbooks")
        book = parse_workbook(text)
        async with self._store.transaction() as connection:
            await action_definitions.lock(connection)
            if etag:
                known = await _FOUND.visible(connection, caller, book.name, namespace)
                await hold(connection, "workbook", known["id"], etag)
            new = _new(caller, book, text, namespace, scope or PRIVATE)
            kept = await workbooks.update(connection, new, scope=scope)
            if kept is None:
                raise _unknown(book.name, namespace)
            await _store_members(connection, caller, book, namespace, kept)
            return await _FOUND.visible(connection, caller, book.name, namespace)

    async def get(self, caller: Caller, name: str, *, namespace: str = "") -> Row:
        """Return a workbook. Raises NotFound if none visible has that name in that namespace."""
        return await self._store.read(_FOUND.visible, caller, name, namespace)

    async def page(self, caller: Caller, wanted: Page) -> list[Row]:
        """Return a page of the workbooks that the caller sees."""
        return await self._store.page(workbooks.page, workbooks.WORKBOOKS, wanted, project=caller.scope)

    async def delete(self, caller: Caller, name: str, *, namespace: str = "", etag: str = "") -> None:
        """Remove a workbook; the workflows and actions that were in it stay.

        Raises:
            NotFound: If none visible has that name in that namespace.
            Forbidden: If it belongs to another project.
        """
        async with self._store.transaction() as connection:
            row = await _FOUND.own(connection, caller, name, namespace)
            await hold(connection, "workbook", row["id"], etag)
            await workbooks.delete(connection, row["id"])

    @staticmethod
    def fault(text: str) -> str | None:
        """Return what is wrong with a workbook; None if it could be stored."""
        try:
            parse_workbook(text)
        except InvalidDefinition as error:
            return str(error)
        return None


def _new(caller: Caller, book: Workbook, text: str, namespace: str, scope: str) -> workbooks.NewWorkbook:
    return workbooks.NewWorkbook(
        id=str(uuid4()),
        project=caller.project,
        namespace=namespace,
        name=book.name,
        definition=text,
        tags=book.tags,
        scope=scope,
    )


async def _store_members(connection: Connection, caller: Caller, book: Workbook, namespace: str, scope: str) -> None:
    await _store_actions(connection, caller, book, namespace, scope)
    names = [f"{book.name}.{local}" for local in book.workflows]
    known = await workflows.owned(connection, caller.project, namespace, names)
    for local in book.workflows:
        row = known.get(f"{book.name}.{local}")
        new = _new_workflow(caller, book, local, namespace, scope, row["id"] if row else str(uuid4()))
        if row:
            await workflows.update(connection, new, scope=scope)
        else:
            await workflows.create(connection, new)
    stored = await workflows.owned(connection, caller.project, namespace, names)
    for local, workflow in book.workflows.items():
        name = f"{book.name}.{local}"
        await store_declared(connection, stored[name], workflow, new=name not in known)


def _new_workflow(
    caller: Caller, book: Workbook, local: str, namespace: str, scope: str, workflow_id: str
) -> workflows.NewWorkflow:
    workflow = book.workflows[local]
    return workflows.NewWorkflow(
        id=workflow_id,
        project=caller.project,
        namespace=namespace,
        name=f"{book.name}.{local}",
        definition=book.texts[local],
        checksum=None,
        input=input_text(workflow.input),
        interface=text_of(interface(workflow)),
        tags=workflow.tags,
        scope=scope,
        workbook=book.name,
    )


async def _store_actions(connection: Connection, caller: Caller, book: Workbook, namespace: str, scope: str) -> None:
    new = [
        new_action(
            caller,
            action,
            book.action_texts[local],
            name=f"{book.name}.{local}",
            namespace=namespace,
            scope=scope,
            workbook=book.name,
        )
        for local, action in book.actions.items()
    ]
    known = await action_definitions.owned(connection, caller.project, namespace, [one.name for one in new])
    for one in new:
        if one.name in known:
            await action_definitions.update(connection, known[one.name]["id"], one, scope=scope)
        else:
            await action_definitions.create(connection, one)


def _unknown(name: str, namespace: str) -> NotFound:
    return NotFound(f"Workbook not found [workbook_name={name}, namespace={namespace}]")


_FOUND: Final = Finding(workbooks.find, "workbook", _unknown)
