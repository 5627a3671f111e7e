"""Environments: named variables that executions can be started with."""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.definition_scope import PRIVATE, checked_scope
from mistral_api_gateway.operations.etags import hold
from mistral_api_gateway.operations.finding import Finding
from mistral_api_gateway.operations.json_text import checked_object
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import InvalidInput, NotFound
from mistral_persistence import environments as rows
from mistral_persistence.listing import Page

_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRequest:
    """An environment as it is sent.

    Attributes:
        variables: JSON object; empty when they are not sent.
        description: None when it is not sent; likewise ``scope``.
    """

    name: str
    variables: bytes = b""
    description: str | None = None
    scope: str | None = None


class Environments:
    """What can be done with environments."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, caller: Caller, wanted: EnvironmentRequest) -> rows.Row:
        """Store an environment.

        Raises:
            InvalidInput: If it has no name, or its variables are no JSON object.
            Conflict: If there is one of that name.
        """
        variables = _checked(caller, wanted)
        new = rows.NewEnvironment(
            id=str(uuid4()),
            project=caller.project,
            name=wanted.name,
            description=wanted.description,
            variables=variables or "{}",
            scope=wanted.scope or PRIVATE,
        )
        async with self._store.transaction() as connection:
            await rows.create(connection, new)
            return await _FOUND.own(connection, caller, wanted.name)

    async def update(self, caller: Caller, wanted: EnvironmentRequest, *, etag: str = "") -> rows.Row:
        """Replace what is sent of the environment of that name; its variables only as a whole.

        Raises:
            InvalidInput: If no name is given, or the variables are no JSON object.
            NotFound: If there is none of that name.
        """
        variables = _checked(caller, wanted)
        change = rows.Change(description=wanted.description, variables=variables, scope=wanted.scope)
        async with self._store.transaction() as connection:
            known = await _FOUND.own(connection, caller, wanted.name)
            await hold(connection, "environment", known["id"], etag)
            await rows.update(connection, known["id"], change)
            return await _FOUND.own(connection, caller, wanted.name)

    async def get(self, caller: Caller, name: str) -> rows.Row:
        """Return an environment. Raises NotFound if none visible has that name."""
        return await self._store.read(_FOUND.visible, caller, name)

    async def page(self, caller: Caller, wanted: Page) -> list[rows.Row]:
        """Return a page of the environments that the caller sees."""
        return await self._store.page(rows.page, rows.ENVIRONMENTS, wanted, project=caller.scope)

    async def delete(self, caller: Caller, name: str, *, etag: str = "") -> None:
        """Remove an environment; executions keep the variables that they began with.

        Raises:
            NotFound: If none visible has that name.
            Forbidden: If it belongs to another project.
        """
        async with self._store.transaction() as connection:
            known = await _FOUND.own(connection, caller, name)
            await hold(connection, "environment", known["id"], etag)
            await rows.delete(connection, known["id"])


def _checked(caller: Caller, wanted: EnvironmentRequest) -> str | None:
    if not wanted.name:
        raise InvalidInput("Name of the environment is not provided.", field="name")
    if len(wanted.name) > _LONGEST_NAME:
        raise InvalidInput(f"The name of an environment has at most {_LONGEST_NAME} characters", field="name")
    checked_scope(caller, wanted.scope, "environments")
    return checked_object(wanted.variables, "variables").decode() or None


def _unknown(name: str) -> NotFound:
    return NotFound(f"Environment not found [name={name}]")


_FOUND: Final = Finding(rows.find, "environment", _unknown)
