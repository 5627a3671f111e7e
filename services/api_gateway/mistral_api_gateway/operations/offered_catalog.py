"""Actions that workers offer, among all others: for lists of actions, and for runs of an action on its own."""

from collections.abc import Mapping, Sequence
from typing import Any

from mistral.internal.v1.executor_service_pb2 import ActionDescription
from mistral_api_gateway.live.presence import Presence
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.store import Store
from mistral_core.offered_input import offered_input
from mistral_persistence import offers as rows


class OfferedCatalog:
    """Shows what is offered as a caller sees it: of one name the own project's offer, before that of another one."""

    def __init__(self, store: Store, presence: Presence) -> None:
        self._store = store
        self._presence = presence

    async def all(self, caller: Caller) -> list[Mapping[str, Any]]:
        """Return all that the caller sees, in no order, by the columns of ``action_definitions`` and ``offer``."""
        by_name: dict[str, list[rows.Row]] = {}
        for row in await self._store.read(rows.visible, caller.scope):
            by_name.setdefault(row["name"], []).append(row)
        return [self._shown(caller, found) for found in by_name.values()]

    async def get(self, caller: Caller, name: str) -> Mapping[str, Any] | None:
        """Return the one of that name, if the caller sees one."""
        found = await self._store.read(rows.visible, caller.scope, name=name)
        return self._shown(caller, found) if found else None

    async def offered(self, caller: Caller, name: str) -> ActionDescription | None:
        """Return what a run of that name would find."""
        found = await self._store.read(rows.visible, caller.project, name=name)
        if not found:
            return None
        takes = offered_input(_counting(caller, found)[0]["input_schema"])
        return ActionDescription(
            name=name,
            signature=takes.signature,
            # Whether a worker hands its work to somebody else, only the worker knows.
            synchronous=True,
            required=takes.required,
            optional=[each.name for each in takes.optional],
            open_ended=takes.open_ended,
        )

    def _shown(self, caller: Caller, found: Sequence[rows.Row]) -> Mapping[str, Any]:
        counting = _counting(caller, found)
        newest = max(counting, key=lambda row: row["last_offered_at"])
        project = newest["project_id"]
        workers = self._presence.workers(project, newest["name"])
        return {
            "id": newest["name"],
            "name": newest["name"],
            "namespace": "",
            "definition": "",
            "input": offered_input(newest["input_schema"]).signature,
            "description": newest["description"],
            "tags": [],
            "scope": "public" if newest["public"] else "private",
            "project_id": project,
            "created_at": "",
            "updated_at": "",
            "is_system": False,
            "offer": {
                "queues": [row["queue"] for row in counting],
                "input_schema": newest["input_schema"],
                "output_schema": newest["output_schema"],
                "safe_rerun": newest["safe_rerun"],
                "last_offered_at": newest["last_offered_at"],
                # Who another project's workers are is nobody else's business; how many there are is.
                "workers": sum(map(len, workers.values())),
                "worker_ids": sorted({i for ids in workers.values() for i in ids}) if caller.sees(project) else [],
            },
        }


def _counting(caller: Caller, found: Sequence[rows.Row]) -> Sequence[rows.Row]:
    """Return the offers of the project whose workers would run it: the own one, else the first that is seen."""
    projects = sorted({row["project_id"] for row in found}, key=lambda project: (project != caller.project, project))
    return [row for row in found if row["project_id"] == projects[0]]
