"""Executions: started and steered through the engine, read from Postgres."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mistral.internal.v1 import engine_service_pb2 as engine
from mistral_api_gateway.operations.batches import Batches
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.engine_calls import Engines
from mistral_api_gateway.operations.etags import check_etag
from mistral_api_gateway.operations.json_text import checked_object, object_of, text_of
from mistral_api_gateway.operations.starts import Starts
from mistral_api_gateway.operations.store import Store
from mistral_api_gateway.operations.told import ToldRow, is_whole, row_of
from mistral_core.errors import InvalidInput, NotFound, RequestIdReused, WorkflowError
from mistral_core.machine.state import State
from mistral_persistence import execution_reads as reads
from mistral_persistence import task_reads
from mistral_persistence.listing import Filter, Operator, Page
from mistral_persistence.literals import as_uuid
from mistral_persistence.records import to_json
from mistral_runtime import telemetry

STOPPED = frozenset({State.SUCCESS, State.ERROR, State.CANCELLED})
MOST_READS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """What to start.

    Attributes:
        workflow: Name or id; may be empty only with ``source``.
        input: JSON object by parameter name, or empty.
        params: JSON object such as ``env``, ``task_name``, ``notify``, or empty.
        id: Wanted UUID, or empty.
        request_id: Key that makes a repeat give the first execution, or empty.
        source: Id of an execution whose workflow, input and params are taken where none are given, or empty.
    """

    workflow: str = ""
    namespace: str = ""
    input: bytes = b""
    params: bytes = b""
    description: str = ""
    id: str = ""
    request_id: str = ""
    source: str = ""


class Executions:
    """What can be done with executions."""

    def __init__(self, store: Store, engines: Engines) -> None:
        self._store = store
        self._engines = engines
        self._starts = Starts(engines)
        self._rows: Batches[str, reads.Row | None] = Batches(self._read, most=MOST_READS)

    async def close(self) -> None:
        """Wait for the starts under way."""
        await self._starts.close()

    async def start(self, caller: Caller, wanted: StartRequest) -> engine.ExecutionSummary:
        """Start a workflow and return id and state of the execution once that is durable.

        Raises:
            NotFound: If there is no such workflow.
            InvalidInput: If input or params do not fit it.
            LimitExceeded: If the engine is behind.
            RequestIdReused: If another start had its key.
        """
        if wanted.source:
            wanted = await self._based_on(caller, wanted)
        if not wanted.workflow:
            raise InvalidInput(
                "Workflow ID or workflow name must be provided. Workflow ID is preferable if present.", field="workflow"
            )
        if wanted.id and not as_uuid(wanted.id):
            raise InvalidInput(f"The id of an execution must be a UUID: {wanted.id!r}", field="id")
        start = engine.ExecutionStart(
            project_id=caller.project,
            workflow=wanted.workflow,
            namespace=wanted.namespace,
            input=checked_object(wanted.input, "input"),
            params=checked_object(wanted.params, "params"),
            description=wanted.description,
            id=wanted.id,
            request_id=wanted.request_id,
            traceparent=telemetry.current_traceparent() or "",
        )
        started = await self._starts.start(start)
        if wanted.request_id:
            _check_repeat(wanted, started)
        return started

    async def begin(self, caller: Caller, wanted: StartRequest) -> reads.Row | ToldRow:
        """Like ``start``, but return the execution with every column.

        Of one whose id was sent and is known nothing else is looked at.
        """
        try:
            started = await self.start(caller, wanted)
        except (InvalidInput, NotFound):
            known = await self._rows.ask(wanted.id) if as_uuid(wanted.id) else None
            if known is None or not caller.sees(known["project_id"]):
                raise
            return known
        # An output that is too large to be told has to be read.
        if started.state in STOPPED and not is_whole(started):
            return await self.get(caller, started.id)
        return row_of(started)

    async def start_all(
        self, caller: Caller, wanted: Sequence[StartRequest]
    ) -> list[engine.ExecutionSummary | WorkflowError]:
        """Start many, each on its own; return what ``start`` returns or raises for each, in the same order."""

        async def one(each: StartRequest) -> engine.ExecutionSummary | WorkflowError:
            try:
                return await self.start(caller, each)
            except WorkflowError as error:
                return error

        return await asyncio.gather(*map(one, wanted))

    async def get(self, caller: Caller, execution_id: str) -> reads.Row:
        """Return an execution with every column.

        Raises:
            NotFound: If none visible has that id.
        """
        row = await self._rows.ask(execution_id) if as_uuid(execution_id) else None
        if row is None or not caller.sees(row["project_id"]):
            raise NotFound(f"WorkflowExecution not found [id={execution_id}]")
        return row

    async def part(self, caller: Caller, execution_id: str, columns: Sequence[str]) -> reads.Row:
        """Return some columns of an execution. Raises NotFound if none visible has that id."""
        wanted = Page(columns=columns, filters=[Filter("id", Operator.EQ, (execution_id,))], limit=1)
        found = await self._store.read(reads.page, wanted, project=caller.scope) if as_uuid(execution_id) else None
        if not found:
            raise NotFound(f"WorkflowExecution not found [id={execution_id}]")
        return found[0]

    async def page(self, caller: Caller, wanted: Page) -> list[reads.Row]:
        """Return a page of executions."""
        return await self._store.page(reads.page, reads.EXECUTIONS, wanted, project=caller.scope)

    async def pause(self, caller: Caller, execution_id: str, *, etag: str = "") -> reads.Row:
        """Let running tasks finish and start no more. Raises IllegalState if it is final."""
        check_etag(await self.get(caller, execution_id), etag)
        await self._engines.pause(execution_id)
        return await self.get(caller, execution_id)

    async def resume(self, caller: Caller, execution_id: str, *, env: bytes = b"", etag: str = "") -> reads.Row:
        """Go on with a paused execution; ``env``, a JSON object or empty, is merged into the environment first."""
        checked = checked_object(env, "env")
        check_etag(await self.get(caller, execution_id), etag)
        await self._engines.resume(execution_id, checked)
        return await self.get(caller, execution_id)

    async def stop(
        self, caller: Caller, execution_id: str, state: str, *, message: str = "", etag: str = ""
    ) -> reads.Row:
        """End an execution now as SUCCESS, ERROR or CANCELLED.

        Raises:
            InvalidInput: If it is another state.
            IllegalState: If it cannot get to that state.
        """
        if state not in STOPPED:
            raise InvalidInput(f"An execution cannot be stopped with the state {state!r}", field="state")
        check_etag(await self.get(caller, execution_id), etag)
        await self._engines.stop(execution_id, state, message)
        return await self.get(caller, execution_id)

    async def update(
        self, caller: Caller, execution_id: str, *, description: str | None = None, env: bytes = b"", etag: str = ""
    ) -> reads.Row:
        """Change the description, or the environment of one that does not run.

        Raises:
            IllegalState: If its environment cannot be changed now.
        """
        checked = checked_object(env, "env")
        check_etag(await self.get(caller, execution_id), etag)
        await self._engines.update(execution_id, description, checked)
        return await self.get(caller, execution_id)

    async def delete(self, caller: Caller, execution_id: str, *, force: bool = False, etag: str = "") -> None:
        """Remove an execution with all below it.

        Raises:
            IllegalState: If it is not final and not forced.
        """
        check_etag(await self.get(caller, execution_id), etag)
        await self._engines.delete(execution_id, force=force)

    async def tree(
        self, caller: Caller, execution_id: str, *, max_depth: int = -1, whole: bool = False, errors_only: bool = False
    ) -> list[tuple[int, reads.Row]]:
        """Return an execution and those below it, depth first, each with its depth; 0 is the top.

        Args:
            max_depth: How many levels below the top; -1 for all.
            whole: Whether the heavy columns come along.
            errors_only: Leave out what is below tasks that did not fail.
        """
        rows = await self._family(caller, execution_id, whole=whole, errors_only=errors_only)
        return _depth_first([row for row in rows if row["id"] == execution_id.lower()], rows, max_depth)

    async def below_task(
        self,
        caller: Caller,
        execution_id: str,
        task_id: str,
        *,
        max_depth: int = -1,
        whole: bool = False,
        errors_only: bool = False,
    ) -> list[tuple[int, reads.Row]]:
        """Return the sub-workflow executions of a task of that execution and those below them, likewise."""
        rows = await self._family(caller, execution_id, whole=whole, errors_only=errors_only)
        return _depth_first([row for row in rows if row["task_execution_id"] == task_id], rows, max_depth)

    async def _family(
        self, caller: Caller, execution_id: str, *, whole: bool, errors_only: bool = False
    ) -> list[reads.Row]:
        top = await self.get(caller, execution_id)
        rows = await self._store.read(reads.family, top["id"], top["root_execution_id"] or top["id"], whole=whole)
        if not errors_only:
            return rows
        tasks = [row["task_execution_id"] for row in rows if row["task_execution_id"]]
        failed = await self._store.read(task_reads.failed_among, tasks)
        return [row for row in rows if row["id"] == top["id"] or row["task_execution_id"] in failed]

    async def _read(self, ids: Sequence[str]) -> list[reads.Row | None]:
        found = await self._store.read(reads.by_ids, list(ids))
        by_id = {row["id"]: row for row in found}
        return [by_id.get(one.lower()) for one in ids]

    async def _based_on(self, caller: Caller, wanted: StartRequest) -> StartRequest:
        source = await self.get(caller, wanted.source)
        note = f"Based on the execution '{wanted.source}'"
        return StartRequest(
            workflow=wanted.workflow or source["workflow_id"],
            namespace=wanted.namespace or source["workflow_namespace"],
            input=_merged(source["input"], wanted.input, "input"),
            params=_merged(source["params"], wanted.params, "params"),
            description=f"{wanted.description or source['description']} {note}".strip(),
            id=wanted.id,
            request_id=wanted.request_id,
        )


def _depth_first(tops: list[reads.Row], rows: list[reads.Row], max_depth: int) -> list[tuple[int, reads.Row]]:
    below: dict[str | None, list[reads.Row]] = {}
    for row in reversed(rows):
        below.setdefault(row["parent_id"], []).append(row)
    ordered, waiting = [], [(0, row) for row in reversed(tops)]
    while waiting:
        depth, row = waiting.pop()
        ordered.append((depth, row))
        if depth != max_depth:
            waiting += [(depth + 1, child) for child in below.get(row["id"], ())]
    return ordered


def _check_repeat(wanted: StartRequest, started: engine.ExecutionSummary) -> None:
    same = wanted.workflow == started.workflow_name or wanted.workflow.lower() == started.workflow_id
    if same and wanted.input:
        kept, given = object_of(started.input, "input"), object_of(wanted.input, "input")
        # The second time as the database writes it, which has a word of its own for some characters.
        same = _holds(kept, given) or _holds(kept, object_of(to_json(given), "input"))
    if not same:
        raise RequestIdReused(f"The request_id {wanted.request_id!r} was used for another start: {started.id}")


def _holds(kept: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    return all(kept.get(name) == value for name, value in given.items())


def _merged(under: str, over: bytes, what: str) -> bytes:
    return text_of(_laid_over(object_of(under, what), object_of(over, what))).encode()


def _laid_over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for name, value in over.items():
        below = merged.get(name)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[name] = _laid_over(below, value)
        else:
            merged[name] = value
    return merged
