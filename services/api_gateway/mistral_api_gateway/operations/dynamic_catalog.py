"""Dynamic actions among all others: for lists of actions, and for runs of an action on its own."""

from collections.abc import Mapping
from typing import Any

from mistral.internal.v1.executor_service_pb2 import ActionDescription
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.class_reading import described
from mistral_api_gateway.operations.code_sources import Switch
from mistral_api_gateway.operations.store import Store
from mistral_persistence import dynamic_actions as rows


class DynamicCatalog:
    """Shows dynamic actions as far as their code can be read; shows none while they are off."""

    def __init__(self, store: Store, switch: Switch) -> None:
        self._store = store
        self._switch = switch

    async def all(self, caller: Caller) -> list[Mapping[str, Any]]:
        """Return all that the caller sees, in no order, by the columns of ``action_definitions``."""
        if not self._switch.on:
            return []
        return [_shown(dict(row)) for row in await self._store.read(rows.with_code, caller.scope)]

    async def get(self, caller: Caller, identifier: str, namespace: str) -> Mapping[str, Any] | None:
        """Return the one of that id or name, if the caller sees one."""
        if not self._switch.on:
            return None
        row = await self._store.read(rows.find, caller.project, identifier, namespace, everything=caller.admin)
        if row is None:
            return None
        found = await self._store.read(rows.code_of, row["project_id"], [row["namespace"]], row["name"], "")
        return None if found is None else _shown({**row, "content": found["content"]})

    async def offered(self, caller: Caller, name: str, namespace: str) -> ActionDescription | None:
        """Return what a run of that name in that namespace would find."""
        if not self._switch.on:
            return None
        namespaces = [namespace, ""] if namespace else [""]
        found = await self._store.read(rows.code_of, caller.project, namespaces, name, "")
        return None if found is None else described(name, found["content"], found["class_name"])


def _shown(row: Mapping[str, Any]) -> Mapping[str, Any]:
    told = described(row["name"], row["content"], row["class_name"])
    return {
        "id": row["id"],
        "name": row["name"],
        "namespace": row["namespace"],
        "definition": "",
        "input": told.signature,
        "description": told.description,
        "tags": [],
        "scope": row["scope"],
        "project_id": row["project_id"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "is_system": False,
        "offer": None,
    }
