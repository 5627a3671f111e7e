"""Actions: the built-in ones that executors offer, and ad-hoc ones, which users define by text."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias
from uuid import uuid4

from mistral.internal.v1.executor_service_pb2 import ActionDescription
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.definition_scope import PRIVATE, checked_scope
from mistral_api_gateway.operations.dynamic_catalog import DynamicCatalog
from mistral_api_gateway.operations.etags import hold
from mistral_api_gateway.operations.executors import Executors
from mistral_api_gateway.operations.finding import Finding
from mistral_api_gateway.operations.offered_catalog import OfferedCatalog
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import Conflict, InvalidDefinition, NotFound
from mistral_core.language import AdhocAction, ParsedAction, parse_actions, signature_text
from mistral_persistence import action_definitions as rows
from mistral_persistence.database import Connection, Pool

Action: TypeAlias = Mapping[str, Any]
"""An action as readers see it, by the columns of ``action_definitions`` and ``is_system``."""


class Actions:
    """What can be done with actions."""

    def __init__(self, store: Store, executors: Executors, dynamic: DynamicCatalog, offered: OfferedCatalog) -> None:
        self._store = store
        self._offered = offered
        self._dynamic = dynamic
        self._executors = executors

    async def create(self, caller: Caller, text: str, *, namespace: str = "", scope: str = PRIVATE) -> list[Action]:
        """Store the ad-hoc actions of a document, all or none, and return them in the order of the text.

        Raises:
            InvalidDefinition: If the text has a fault.
            Conflict: If a name is taken.
        """
        checked_scope(caller, scope, "actions")
        new = _all_new(caller, text, namespace, scope)
        async with self._store.transaction() as connection:
            await rows.lock(connection)
            for one in new:
                await rows.create(connection, one)
            return await _stored(connection, new)

    async def update(
        self,
        caller: Caller,
        text: str,
        *,
        identifier: str | None = None,
        namespace: str = "",
        scope: str | None = None,
        etags: Mapping[str, str] | None = None,
    ) -> list[Action]:
        """Replace the texts of ad-hoc actions that exist, all or none, and return them in the order of the text.

        Args:
            identifier: Id or name of the one to replace, which may get another name by that; None for those that
                the text names.
            etags: By name, or by ``identifier``, the etag that an action must still have.

        Raises:
            InvalidDefinition: If the text has a fault.
            NotFound: If there is no ad-hoc action of a name.
        """
        checked_scope(caller, scope, "actions")
        new = _all_new(caller, text, namespace, scope or PRIVATE)
        if identifier is not None and len(new) != 1:
            raise InvalidDefinition("exactly one action is expected when one is updated by its id or name")
        async with self._store.transaction() as connection:
            await rows.lock(connection)
            changed = []
            for one in new:
                known = await _FOUND.own(connection, caller, identifier or one.name, namespace)
                await hold(connection, "action_definition", known["id"], (etags or {}).get(identifier or one.name, ""))
                await rows.update(connection, known["id"], one, scope=scope)
                namespace = known["namespace"]
                changed.append(known["id"])
            return [_described(await _FOUND.own(connection, caller, each, namespace)) for each in changed]

    async def get(self, caller: Caller, identifier: str, *, namespace: str = "") -> Action:
        """Return an ad-hoc or dynamic action by id, or any by its name.

        Of one name an ad-hoc one comes first, then a dynamic one, one that workers offer, one of the executors.

        Raises:
            NotFound: If nothing visible has that id or name.
        """
        row = await self._store.read(rows.find, caller.project, identifier, namespace, everything=caller.admin)
        if row is not None:
            return _described(row)
        dynamic = await self._dynamic.get(caller, identifier, namespace)
        if dynamic is not None:
            return dynamic
        offered = await self._offered.get(caller, identifier)
        if offered is not None:
            return offered
        builtin = (await self._executors.actions()).get(identifier)
        if builtin is None:
            raise _unknown(identifier, namespace)
        return _of_executor(builtin)

    async def all(self, caller: Caller) -> list[Action]:
        """Return every action that the caller sees, in no order."""
        adhoc = await self._store.read(rows.visible, caller.scope)
        builtin = await self._executors.actions()
        dynamic = await self._dynamic.all(caller)
        offered = {each["name"]: each for each in await self._offered.all(caller)}
        own = [_of_executor(each) for name, each in builtin.items() if name not in offered]
        return [*own, *offered.values(), *map(_described, adhoc), *dynamic]

    async def delete(self, caller: Caller, identifier: str, *, namespace: str = "", etag: str = "") -> None:
        """Remove an ad-hoc action.

        Raises:
            NotFound: If there is no ad-hoc action of that id or name.
            Forbidden: If it belongs to another project.
        """
        async with self._store.transaction() as connection:
            await rows.lock(connection)
            known = await _FOUND.own(connection, caller, identifier, namespace)
            await hold(connection, "action_definition", known["id"], etag)
            await rows.delete(connection, known["id"])

    @staticmethod
    def fault(text: str) -> str | None:
        """Return what is wrong with a document; None if it could be stored."""
        try:
            parse_actions(text)
        except InvalidDefinition as error:
            return str(error)
        return None


def new_action(
    caller: Caller,
    action: AdhocAction,
    text: str,
    *,
    name: str,
    namespace: str,
    scope: str,
    workbook: str | None = None,
) -> rows.NewAction:
    """Return what is stored of an ad-hoc action."""
    return rows.NewAction(
        id=str(uuid4()),
        project=caller.project,
        namespace=namespace,
        name=name,
        definition=text,
        input=signature_text(action.input),
        description=action.description or "",
        tags=action.tags,
        scope=scope,
        workbook=workbook,
    )


def _all_new(caller: Caller, text: str, namespace: str, scope: str) -> list[rows.NewAction]:
    def made(parsed: ParsedAction) -> rows.NewAction:
        return new_action(caller, parsed.action, parsed.text, name=parsed.action.name, namespace=namespace, scope=scope)

    new = [made(parsed) for parsed in parse_actions(text)]
    names = [one.name for one in new]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Conflict(f"The document has two actions named {twice!r}")
    return new


async def _stored(connection: Connection, new: Sequence[rows.NewAction]) -> list[Action]:
    if not new:
        return []
    found = await rows.owned(connection, new[0].project, new[0].namespace, [one.name for one in new])
    return [_described(found[one.name]) for one in new]


async def _find(
    source: Pool | Connection, project: str, identifier: str, namespace: str, *, everything: bool
) -> rows.Row | None:
    row = await rows.find(source, project, identifier, namespace, everything=everything)
    if row is None and namespace:
        return await rows.find(source, project, identifier, "", everything=everything)
    return row


def _unknown(identifier: str, namespace: str) -> NotFound:
    return NotFound(f"Action not found [action_name={identifier}, namespace={namespace}]")


_FOUND: Final = Finding(_find, "action", _unknown)


def _described(row: rows.Row) -> Action:
    return {**row, "is_system": False, "offer": None}


def _of_executor(action: ActionDescription) -> Action:
    return {
        "id": action.name,
        "name": action.name,
        "namespace": "",
        "definition": "",
        "input": action.signature,
        "description": action.description,
        "tags": [],
        "scope": "public",
        "project_id": "",
        "created_at": "",
        "updated_at": "",
        "is_system": False,
        "offer": None,
    }
