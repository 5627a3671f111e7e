"""Action executions: read from Postgres; asynchronous ones are completed through the engine."""

from collections.abc import Sequence

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.engine_calls import Engines
from mistral_api_gateway.operations.json_text import checked_object, members
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import Forbidden, InvalidInput, NotFound
from mistral_core.machine.state import State
from mistral_persistence import action_progress, action_reads
from mistral_persistence.listing import Filter, Operator, Page
from mistral_persistence.literals import as_uuid

FINAL = frozenset({State.SUCCESS, State.ERROR, State.CANCELLED})
SETTABLE = (State.SUCCESS, State.ERROR, State.CANCELLED, State.PAUSED, State.RUNNING)


class ActionExecutions:
    """What can be done with action executions.

    Args:
        deletes: Whether those that were run on their own may be deleted.
    """

    def __init__(self, store: Store, engines: Engines, *, deletes: bool) -> None:
        self._store = store
        self._engines = engines
        self._deletes = deletes

    async def get(self, caller: Caller, action_id: str) -> action_reads.Row:
        """Return an action execution with every column. Raises NotFound if none visible has that id."""
        row = await self._store.read(action_reads.one, action_id) if as_uuid(action_id) else None
        if row is None or not caller.sees(row["project_id"]):
            raise NotFound(f"ActionExecution not found [id={action_id}]")
        return row

    async def told(self, action_id: str) -> action_progress.Row | None:
        """Return which worker ended an action execution that the caller sees, and what it told of its progress."""
        return await self._store.read(action_progress.told, action_id)

    async def part(self, caller: Caller, action_id: str, columns: Sequence[str]) -> action_reads.Row:
        """Return some columns of an action execution. Raises NotFound if none visible has that id."""
        wanted = Page(columns=columns, filters=[Filter("id", Operator.EQ, (action_id,))], limit=1)
        found = await self._store.read(action_reads.page, wanted, project=caller.scope) if as_uuid(action_id) else None
        if not found:
            raise NotFound(f"ActionExecution not found [id={action_id}]")
        return found[0]

    async def page(
        self, caller: Caller, wanted: Page, *, of_task: tuple[str, str] | None = None
    ) -> list[action_reads.Row]:
        """Return a page of action executions; ``of_task`` is (execution id, task id) for those of one task."""
        return await self._store.page(
            action_reads.page, action_reads.ACTIONS, wanted, project=caller.scope, of_task=of_task
        )

    async def complete(self, caller: Caller, action_id: str, state: str, output: bytes = b"") -> action_reads.Row:
        """Say how an asynchronous action ended, or hold it (PAUSED) or let it go on (RUNNING).

        Args:
            output: The result, or what went wrong: a JSON object or empty.

        Raises:
            InvalidInput: If the state cannot be set or the output is no object.
            IllegalState: If it is final already.
        """
        if state not in SETTABLE:
            raise InvalidInput(
                f"Error. Expected one of {[one.value for one in SETTABLE]}, actual: {state}", field="state"
            )
        value = checked_object(output, "output")
        await self.get(caller, action_id)
        await self._engines.complete(action_id, state, _result(state, value))
        return await self.get(caller, action_id)

    async def delete(self, caller: Caller, action_id: str) -> None:
        """Remove a final one that was run on its own.

        Raises:
            NotFound: If none visible has that id.
            Forbidden: If that is not allowed here, it belongs to a task, or it is not final.
        """
        if not self._deletes:
            raise Forbidden("Action execution deletion is not allowed.")
        row = await self.get(caller, action_id)
        if row["task_execution_id"] is not None:
            raise Forbidden("Only ad-hoc action execution can be deleted.")
        if row["state"] not in FINAL:
            raise Forbidden("Only completed action execution can be deleted.")
        bearer = await self._store.read(action_reads.bearer, action_id)
        if bearer is not None:
            await self._engines.delete(bearer, force=True)


def _result(state: str, value: bytes) -> bytes:
    match state:
        case State.SUCCESS:
            return value or b"{}"
        case State.ERROR:
            # An empty object says as little as none.
            return value if value and members(value, "output") else b'"Unknown error"'
        case _:
            return b""


def output_object(result: str | None) -> str | None:
    """Return a result's JSON text as readers know it: an object with the one key ``result``."""
    return None if result is None else f'{{"result": {result}}}'
