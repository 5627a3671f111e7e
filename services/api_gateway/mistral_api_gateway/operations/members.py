"""Members: private workflows shared with single other projects, which then may read and run them.

It needs that projects are told apart: while authentication is off, every call is refused.
"""

from typing import Final
from uuid import uuid4

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.definition_scope import PRIVATE
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import InvalidInput, NotFound
from mistral_persistence import members as rows
from mistral_persistence import workflows
from mistral_persistence.database import Connection
from mistral_persistence.listing import Page
from mistral_persistence.literals import as_uuid

STATUSES: Final = ("pending", "accepted", "rejected")
_LONGEST: Final = 255


class Members:
    """What can be done with sharings; a workflow is meant by its id alone.

    Args:
        identified: Whether callers are asked who they are.
    """

    def __init__(self, store: Store, *, identified: bool) -> None:
        self._store = store
        self._identified = identified

    async def create(self, caller: Caller, workflow_id: str, member_id: str) -> rows.Row:
        """Offer a workflow to another project, which has yet to accept it.

        Raises:
            NotFound: If no workflow of that id is visible.
            Forbidden: If it belongs to another project.
            InvalidInput: If it is public anyway, or no other project is named.
            Conflict: If it is shared with that project already.
        """
        self._check(workflow_id)
        if not member_id or len(member_id) > _LONGEST:
            raise InvalidInput(f"Member id must be provided; it has 1 to {_LONGEST} characters.")
        async with self._store.transaction() as connection:
            workflow = await workflows.find(connection, caller.project, workflow_id, everything=caller.admin)
            if workflow is None:
                raise NotFound(f"Workflow not found [workflow_identifier={workflow_id}]")
            caller.check_owns(workflow["project_id"], f"workflow {workflow_id!r}")
            if workflow["scope"] != PRIVATE:
                raise InvalidInput("Only private resource could be shared.")
            if member_id == workflow["project_id"]:
                raise InvalidInput("A workflow cannot be shared with the project that it belongs to.")
            new = rows.NewMember(id=str(uuid4()), workflow_id=workflow["id"], member_id=member_id)
            await rows.create(connection, new)
            return await self._visible(connection, caller, workflow_id, member_id)

    async def get(self, caller: Caller, workflow_id: str, member_id: str) -> rows.Row:
        """Return a sharing. Raises NotFound unless the caller is its owner or its member."""
        self._check(workflow_id)
        return _seen(await self._store.read(rows.find, workflow_id, member_id), caller, workflow_id, member_id)

    async def page(self, caller: Caller, workflow_id: str, wanted: Page) -> list[rows.Row]:
        """Return a page of the sharings of a workflow: to its owner all, to a member its own.

        Raises:
            NotFound: If no workflow of that id is visible, nor offered to the caller.
        """
        self._check(workflow_id)
        found = await self._store.page(rows.page, rows.MEMBERS, wanted, workflow_id=workflow_id, seen_by=caller.scope)
        if not found and await self._store.read(rows.find, workflow_id, caller.project) is None:
            workflow = await self._store.read(workflows.find, caller.project, workflow_id, everything=caller.admin)
            if workflow is None:
                raise NotFound(f"Workflow not found [workflow_identifier={workflow_id}]")
        return found

    async def answer(self, caller: Caller, workflow_id: str, member_id: str, status: str) -> rows.Row:
        """Accept or reject a sharing, or put it off.

        Raises:
            InvalidInput: If there is no such status.
            NotFound: If nothing is shared with the caller's project by these ids.
        """
        self._check(workflow_id)
        if status not in STATUSES:
            raise InvalidInput(f"Status must be one of the following: {', '.join(STATUSES)}; actual: {status}")
        async with self._store.transaction() as connection:
            if member_id != caller.project:
                # Even the owner cannot answer for another project.
                raise _unknown(workflow_id, member_id)
            await self._visible(connection, caller, workflow_id, member_id)
            await rows.answer(connection, workflow_id, member_id, status)
            return await self._visible(connection, caller, workflow_id, member_id)

    async def delete(self, caller: Caller, workflow_id: str, member_id: str) -> None:
        """End a sharing; what the other project has started goes on.

        Raises:
            NotFound: If there is none, or the workflow is not the caller's.
        """
        self._check(workflow_id)
        async with self._store.transaction() as connection:
            known = await rows.find(connection, workflow_id, member_id)
            if known is None or not caller.sees(known["project_id"]):
                raise _unknown(workflow_id, member_id)
            await rows.delete(connection, workflow_id, member_id)

    def _check(self, workflow_id: str) -> None:
        if as_uuid(workflow_id) is None:
            raise NotFound(f"Sharing needs the id of a workflow: {workflow_id!r}")
        if not self._identified:
            raise InvalidInput("Resource sharing feature can only be supported with authentication enabled.")

    async def _visible(self, connection: Connection, caller: Caller, workflow_id: str, member_id: str) -> rows.Row:
        return _seen(await rows.find(connection, workflow_id, member_id), caller, workflow_id, member_id)


def _sees(caller: Caller, row: rows.Row) -> bool:
    return caller.sees(row["project_id"]) or row["member_id"] == caller.project


def _seen(row: rows.Row | None, caller: Caller, workflow_id: str, member_id: str) -> rows.Row:
    if row is None or not _sees(caller, row):
        raise _unknown(workflow_id, member_id)
    return row


def _unknown(workflow_id: str, member_id: str) -> NotFound:
    return NotFound(f"Resource member not found [resource_id={workflow_id}, member_id={member_id}]")
