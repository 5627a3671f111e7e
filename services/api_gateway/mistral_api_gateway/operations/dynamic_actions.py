"""Dynamic actions: names for classes in uploaded code."""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.code_sources import Switch, checked_name, unknown_source
from mistral_api_gateway.operations.definition_scope import PRIVATE, checked_scope
from mistral_api_gateway.operations.etags import hold
from mistral_api_gateway.operations.finding import Finding
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import InvalidInput, NotFound
from mistral_persistence import code_sources
from mistral_persistence import dynamic_actions as rows
from mistral_persistence.database import Connection
from mistral_persistence.listing import Page

_RESERVED: Final = "std."


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicActionRequest:
    """A dynamic action as it is sent; what is empty was not sent.

    Attributes:
        id: Of the one to change; then the name is its new one.
        code_source: Id or name of its code.
    """

    id: str = ""
    name: str = ""
    class_name: str = ""
    code_source: str = ""
    namespace: str = ""
    scope: str | None = None


class DynamicActions:
    """What can be done with dynamic actions; each call raises Forbidden while they are off."""

    def __init__(self, store: Store, switch: Switch) -> None:
        self._store = store
        self._switch = switch

    async def create(self, caller: Caller, wanted: DynamicActionRequest) -> rows.Row:
        """Store a dynamic action; whether the class exists shows when it is run.

        Raises:
            InvalidInput: If a part is missing, or the name is one of built-in actions.
            NotFound: If there is no such code.
            Conflict: If the name is taken.
        """
        self._switch.check()
        _check(caller, wanted, naming=True)
        if not wanted.class_name:
            raise InvalidInput("The class of the dynamic action must be given as 'class_name'", field="class_name")
        if not wanted.code_source:
            raise InvalidInput("Either 'code_source_id' or 'code_source_name' must be given", field="code_source")
        async with self._store.transaction() as connection:
            new = rows.NewDynamicAction(
                id=str(uuid4()),
                project=caller.project,
                namespace=wanted.namespace,
                name=wanted.name,
                class_name=wanted.class_name,
                code_source_id=await _source(connection, caller, wanted),
                scope=wanted.scope or PRIVATE,
            )
            await rows.create(connection, new)
            return await _FOUND.own(connection, caller, new.id, wanted.namespace)

    async def update(self, caller: Caller, wanted: DynamicActionRequest, *, etag: str = "") -> rows.Row:
        """Change what is sent of the dynamic action of that id, or else of that name.

        Raises:
            InvalidInput: If neither an id nor a name is given.
            NotFound: If there is no such action, or no such code.
            Forbidden: If it belongs to another project.
        """
        self._switch.check()
        if not wanted.id and not wanted.name:
            raise InvalidInput("The id or the name of the dynamic action must be given", field="identifier")
        _check(caller, wanted, naming=bool(wanted.id and wanted.name))
        async with self._store.transaction() as connection:
            known = await _FOUND.own(connection, caller, wanted.id or wanted.name, wanted.namespace)
            change = rows.Change(
                name=(wanted.name or None) if wanted.id else None,
                class_name=wanted.class_name or None,
                code_source_id=await _source(connection, caller, wanted) if wanted.code_source else None,
                scope=wanted.scope,
            )
            await hold(connection, "dynamic_action", known["id"], etag)
            await rows.update(connection, known["id"], change)
            return await _FOUND.own(connection, caller, known["id"], wanted.namespace)

    async def get(self, caller: Caller, identifier: str, *, namespace: str = "") -> rows.Row:
        """Return a dynamic action by id or name. Raises NotFound if none visible has it."""
        self._switch.check()
        return await self._store.read(_FOUND.visible, caller, identifier, namespace)

    async def page(self, caller: Caller, wanted: Page) -> list[rows.Row]:
        """Return a page of the dynamic actions that the caller sees."""
        self._switch.check()
        return await self._store.page(rows.page, rows.DYNAMIC_ACTIONS, wanted, project=caller.scope)

    async def delete(self, caller: Caller, identifier: str, *, namespace: str = "", etag: str = "") -> None:
        """Remove a dynamic action, but not its code.

        Raises:
            NotFound: If there is none of that id or name.
            Forbidden: If it belongs to another project.
        """
        self._switch.check()
        async with self._store.transaction() as connection:
            known = await _FOUND.own(connection, caller, identifier, namespace)
            await hold(connection, "dynamic_action", known["id"], etag)
            await rows.delete(connection, known["id"])


def _check(caller: Caller, wanted: DynamicActionRequest, *, naming: bool) -> None:
    checked_scope(caller, wanted.scope, "dynamic_actions")
    if not naming:
        return
    checked_name(wanted.name, "dynamic action")
    if wanted.name.startswith(_RESERVED):
        raise InvalidInput(
            f"Names that begin with '{_RESERVED}' are those of built-in actions: {wanted.name}", field="name"
        )


async def _source(connection: Connection, caller: Caller, wanted: DynamicActionRequest) -> str:
    row = await code_sources.find(connection, caller.project, wanted.code_source, wanted.namespace)
    if row is None:
        raise unknown_source(wanted.code_source, wanted.namespace)
    return str(row["id"])


def _unknown(identifier: str, namespace: str) -> NotFound:
    return NotFound(f"DynamicActionDefinition not found [name={identifier}, namespace={namespace}]")


_FOUND: Final = Finding(rows.find, "dynamic action", _unknown)
