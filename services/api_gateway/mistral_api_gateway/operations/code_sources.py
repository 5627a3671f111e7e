"""Code that users upload for dynamic actions. It is stored and handed on; nothing here loads or runs it."""

from typing import Final
from uuid import uuid4

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.definition_scope import PRIVATE, checked_scope
from mistral_api_gateway.operations.etags import hold
from mistral_api_gateway.operations.finding import Finding
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import Forbidden, InvalidInput, NotFound
from mistral_persistence import code_sources as rows
from mistral_persistence.listing import Page

LONGEST_NAME: Final = 255
# An executor gets it in one message.
_MOST_BYTES: Final = 1024 * 1024


class Switch:
    """Whether dynamic actions may be used at all."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def check(self) -> None:
        """Raise Forbidden while they are off."""
        if not self.on:
            raise Forbidden("Dynamic actions are switched off; MISTRAL_DYNAMIC_ACTIONS switches them on")


class CodeSources:
    """What can be done with uploaded code; each call raises Forbidden while dynamic actions are off."""

    def __init__(self, store: Store, switch: Switch) -> None:
        self._store = store
        self._switch = switch

    async def create(
        self, caller: Caller, name: str, content: str, *, namespace: str = "", scope: str = PRIVATE
    ) -> rows.Row:
        """Store code as version 1, whatever it says.

        Raises:
            InvalidInput: If it has no name, or is empty or too long.
            Conflict: If the name is taken.
        """
        self._switch.check()
        checked_scope(caller, scope, "code_sources")
        checked_name(name, "code source")
        _check_length(content)
        new = rows.NewCodeSource(
            id=str(uuid4()), project=caller.project, namespace=namespace, name=name, content=content, scope=scope
        )
        async with self._store.transaction() as connection:
            await rows.create(connection, new)
            return await _FOUND.own(connection, caller, new.id, namespace)

    async def update(
        self,
        caller: Caller,
        identifier: str,
        content: str | None,
        *,
        namespace: str = "",
        scope: str | None = None,
        etag: str = "",
    ) -> rows.Row:
        """Replace code by its next version; None keeps what it says.

        Raises:
            InvalidInput: If no id or name is given.
            NotFound: If there is none of that id or name.
            Forbidden: If it belongs to another project.
        """
        self._switch.check()
        checked_scope(caller, scope, "code_sources")
        if not identifier:
            raise InvalidInput("The id or name of the code source must be given as 'identifier'", field="identifier")
        if content is not None:
            _check_length(content)
        async with self._store.transaction() as connection:
            known = await _FOUND.own(connection, caller, identifier, namespace)
            await hold(connection, "code_source", known["id"], etag)
            await rows.update(connection, known["id"], known["content"] if content is None else content, scope=scope)
            return await _FOUND.own(connection, caller, known["id"], namespace)

    async def get(self, caller: Caller, identifier: str, *, namespace: str = "") -> rows.Row:
        """Return code by id or name. Raises NotFound if none visible has it."""
        self._switch.check()
        return await self._store.read(_FOUND.visible, caller, identifier, namespace)

    async def page(self, caller: Caller, wanted: Page) -> list[rows.Row]:
        """Return a page of the code that the caller sees."""
        self._switch.check()
        return await self._store.page(rows.page, rows.CODE_SOURCES, wanted, project=caller.scope)

    async def delete(self, caller: Caller, identifier: str, *, namespace: str = "", etag: str = "") -> None:
        """Remove code and all dynamic actions of it.

        Raises:
            NotFound: If there is none of that id or name.
            Forbidden: If it belongs to another project.
        """
        self._switch.check()
        async with self._store.transaction() as connection:
            known = await _FOUND.own(connection, caller, identifier, namespace)
            await hold(connection, "code_source", known["id"], etag)
            await rows.delete(connection, known["id"])


def checked_name(name: str, what: str) -> None:
    """Raise InvalidInput unless there is a name of bearable length."""
    if not name:
        raise InvalidInput(f"The name of the {what} must be given", field="name")
    if len(name) > LONGEST_NAME:
        raise InvalidInput(f"The name of a {what} has at most {LONGEST_NAME} characters", field="name")


def unknown_source(identifier: str, namespace: str) -> NotFound:
    """Return the error for code that is not there."""
    return NotFound(f"CodeSource not found [name={identifier}, namespace={namespace}]")


def _check_length(content: str) -> None:
    if not content.strip():
        raise InvalidInput("The code is empty", field="content")
    if len(content.encode("utf-8", "replace")) > _MOST_BYTES:
        raise InvalidInput(f"A code source has at most {_MOST_BYTES} bytes", field="content")


_FOUND: Final = Finding(rows.find, "code source", unknown_source)
