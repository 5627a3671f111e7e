"""Actions run on their own: checked here, run by the engine as the one task of a hidden execution.

A run whose result is not to be kept is removed once it has been answered.
"""

import hashlib
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from mistral.internal.v1 import engine_service_pb2 as engine
from mistral.internal.v1.executor_service_pb2 import ActionDescription
from mistral.internal.v1.standalone_action_pb2 import StandaloneAction
from mistral_api_gateway.live.events import FINAL
from mistral_api_gateway.live.waiting import Waiting
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.deadline import unhurried
from mistral_api_gateway.operations.dynamic_catalog import DynamicCatalog
from mistral_api_gateway.operations.engine_calls import Engines
from mistral_api_gateway.operations.executors import Executors
from mistral_api_gateway.operations.json_text import checked_object, members, text_of
from mistral_api_gateway.operations.offered_catalog import OfferedCatalog
from mistral_api_gateway.operations.starts import Starts
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import InvalidInput, Unavailable, WorkflowError
from mistral_core.language import action_from_text
from mistral_core.language.model import REQUIRED, AdhocAction
from mistral_core.machine.state import State
from mistral_core.machine.texts import invalid_input
from mistral_persistence import action_definitions, action_reads, execution_reads
from mistral_persistence.standalone import FORGET
from mistral_runtime import telemetry

_log = logging.getLogger(__name__)

WAIT_SECONDS: Final = 55.0
_LONGEST_SECONDS: Final = 2**31 - 1
_FORGOTTEN: Final = ("id", "created_at", "updated_at")

Run = Mapping[str, Any]
"""A run by the columns of ``action_reads``; the id is None if it is not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What to run.

    Attributes:
        input: JSON object by parameter name, or empty.
        run_sync: Whether to answer when it is over.
        save_result: Whether the run is kept.
        target: Group of executors to run it; empty for any.
        timeout: Seconds after which it has failed; 0 for no limit.
        request_id: Key that makes a repeat of a run that is kept give the first run, or empty.
    """

    name: str
    namespace: str = ""
    input: bytes = b""
    description: str = ""
    run_sync: bool = False
    save_result: bool = False
    target: str = ""
    timeout: int = 0
    request_id: str = ""


class StandaloneRuns:
    """Runs actions that no workflow asks for."""

    def __init__(
        self,
        store: Store,
        engines: Engines,
        executors: Executors,
        waiting: Waiting,
        dynamic: DynamicCatalog,
        offered: OfferedCatalog,
    ) -> None:
        self._store = store
        self._offered = offered
        self._dynamic = dynamic
        self._engines = engines
        self._starts = Starts(engines)
        self._executors = executors
        self._waiting = waiting

    async def run(self, caller: Caller, wanted: RunRequest) -> Run:
        """Run an action: at once and without keeping it, unless the request says otherwise or it is asynchronous.

        Raises:
            InvalidInput: If there is no such action, its input does not fit, or it cannot be run as asked.
            Unavailable: If it is not over in time and was not to be kept.
        """
        if not wanted.name:
            raise InvalidInput("The name of the action to run must be given", field="name")
        if wanted.timeout < 0:
            raise InvalidInput(f"The timeout must be 0 or more seconds: {wanted.timeout}", field="timeout_seconds")
        if wanted.timeout > _LONGEST_SECONDS:
            raise InvalidInput(f"The timeout may be at most {_LONGEST_SECONDS} seconds", field="timeout_seconds")
        given = members(wanted.input, "input") if checked_object(wanted.input, "input") else {}
        synchronous = await self._checked(caller, wanted, given.keys())
        if wanted.run_sync and not synchronous:
            raise InvalidInput("Action does not support synchronous execution.", field="run_sync")
        answered_at_once = not wanted.run_sync and (wanted.save_result or not synchronous)
        kept = answered_at_once or wanted.save_result
        execution_id = await self._start(caller, wanted, kept=kept)
        try:
            if answered_at_once:
                return await self._begun(execution_id)
            row = await self._over(caller, execution_id, saved=kept)
            return row if kept else {**row, **dict.fromkeys(_FORGOTTEN)}
        except InvalidInput:
            kept = False
            raise
        finally:
            if not kept:
                await self._forget(execution_id)

    async def _start(self, caller: Caller, wanted: RunRequest, *, kept: bool) -> str:
        start = engine.ExecutionStart(
            project_id=caller.project,
            namespace=wanted.namespace,
            params=text_of({"namespace": wanted.namespace, "env": {}, FORGET: not kept}).encode(),
            description=wanted.description,
            # With an id of its own it may be sent again when the answer is lost.
            id=_id_of_request(caller.project, wanted.request_id) if wanted.request_id else str(uuid4()),
            traceparent=telemetry.current_traceparent() or "",
            action=StandaloneAction(
                name=wanted.name, input=wanted.input, target=wanted.target, timeout_seconds=wanted.timeout
            ),
        )
        return (await self._starts.start(start)).id

    async def _begun(self, execution_id: str) -> Run:
        row = await self._store.read(action_reads.standalone, execution_id)
        if row is None:
            found = await self._store.read(execution_reads.by_ids, [execution_id])
            raise InvalidInput((found and found[0]["state_info"]) or "The action could not be run")
        return dict(row.items())

    async def _over(self, caller: Caller, execution_id: str, *, saved: bool) -> Run:
        execution = await self._waiting.get(caller, execution_id, WAIT_SECONDS)
        row = await self._begun(execution_id)
        if execution["state"] == State.ERROR and row["state"] == State.SUCCESS:
            # It ended well, but its ad-hoc action could make nothing of the result.
            raise InvalidInput(execution["state_info"] or "The output of the action could not be made")
        if execution["state"] not in FINAL and not saved:
            raise Unavailable(f"The action was not over after {WAIT_SECONDS:.0f} s; run it with save_result")
        return row

    async def _forget(self, execution_id: str) -> None:
        try:
            with unhurried():
                await self._engines.delete(execution_id, force=True)
        except WorkflowError as error:
            _log.warning("a run that nobody keeps could not be removed: %s", type(error).__name__)

    async def _checked(self, caller: Caller, wanted: RunRequest, given: Collection[str]) -> bool:
        """Hold the input against the action, and tell whether it is synchronous."""
        seen, name = {wanted.name}, wanted.name
        workbook = ""
        while (action := await self._adhoc(caller, name, workbook, wanted.namespace)) is not None:
            if name == wanted.name:
                required = [each.name for each in action.input if each.default is REQUIRED]
                _check(name, "AdhocAction", required, {each.name for each in action.input}, given)
            # What a workbook's action builds on is looked for in that workbook first.
            workbook = name.rpartition(".")[0] or workbook
            name = action.base
            if name in seen:
                raise InvalidInput(f"Found a cycle in an ad-hoc action chain [action_name={wanted.name}]", field="name")
            seen.add(name)
        builtin = await self._found(caller, name, wanted.namespace)
        if builtin is None:
            what = "action" if name == wanted.name else "base action"
            raise InvalidInput(f"Failed to find {what} [action_name={name}]", field="name")
        if name == wanted.name and not builtin.open_ended:
            _check(name, "Action", builtin.required, {*builtin.required, *builtin.optional}, given)
        return builtin.synchronous

    async def _found(self, caller: Caller, name: str, namespace: str) -> ActionDescription | None:
        """Return what really runs under a name that is none of an ad-hoc action."""
        found = (await self._executors.actions()).get(name) or await self._dynamic.offered(caller, name, namespace)
        return found or await self._offered.offered(caller, name)

    async def _adhoc(self, caller: Caller, name: str, workbook: str, namespace: str) -> AdhocAction | None:
        row = None
        if workbook:
            row = await self._store.read(action_definitions.find, caller.project, f"{workbook}.{name}", namespace)
        if row is None:
            row = await self._store.read(action_definitions.find, caller.project, name, namespace)
        return None if row is None else action_from_text(row["definition"], row["name"])


def _id_of_request(project: str, request_id: str) -> str:
    digest = hashlib.sha256(f"{project}\0run\0{request_id}".encode()).digest()
    return str(UUID(bytes=digest[:16], version=4))


def _check(name: str, kind: str, required: Collection[str], known: Collection[str], given: Collection[str]) -> None:
    missing = [parameter for parameter in required if parameter not in given]
    unexpected = sorted(parameter for parameter in given if parameter not in known)
    if missing or unexpected:
        raise InvalidInput(invalid_input(name, kind, missing, unexpected))
