"""Tasks: read from Postgres; rerun, replayed, suspended and resumed through the engine."""

from mistral_api_gateway.live.presence import Presence
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.engine_calls import Engines
from mistral_api_gateway.operations.json_text import checked_object
from mistral_api_gateway.operations.store import Store
from mistral_api_gateway.operations.task_facts import TaskFacts, facts_of
from mistral_core.errors import IllegalState, InvalidInput, NotFound
from mistral_core.machine.execution import TaskType
from mistral_core.machine.state import State
from mistral_core.priority import DEFAULT_QUEUE, queue_token
from mistral_persistence import task_reads
from mistral_persistence.listing import Page
from mistral_persistence.literals import as_uuid


class Tasks:
    """What can be done with tasks."""

    def __init__(self, store: Store, engines: Engines, presence: Presence) -> None:
        self._store = store
        self._engines = engines
        self._presence = presence

    async def get(self, caller: Caller, task_id: str) -> task_reads.Row:
        """Return a task with every column. Raises NotFound if none visible has that id."""
        row = await self._store.read(task_reads.one, task_id) if as_uuid(task_id) else None
        if row is None or not caller.sees(row["project_id"]):
            raise NotFound(f"TaskExecution not found [id={task_id}]")
        return row

    async def result(self, row: task_reads.Row) -> str:
        """Return the result of a task as JSON text.

        That is a list for a task with items, otherwise the one result that counts; an action task without any gives
        an empty list, a sub-workflow task null.
        """
        of_children = row["type"] == TaskType.WORKFLOW
        found = await self._store.read(
            task_reads.results, row["workflow_execution_id"], row["id"], of_children=of_children
        )
        texts = ["null" if text is None else text for text in found]
        if facts_of(row).items is not None:
            return f"[{', '.join(texts)}]"
        return texts[-1] if texts else ("null" if of_children else "[]")

    async def unserved(self, row: task_reads.Row) -> list[str]:
        """Return the queues that a running task waits for and that no executor serves at the moment."""
        served = self._presence.served()
        if row["state"] != State.RUNNING or row["type"] != TaskType.ACTION or served is None:
            return []
        targets = await self._store.read(task_reads.awaited_targets, row["workflow_execution_id"], row["id"])
        queues = {target or DEFAULT_QUEUE for target in targets}
        return sorted(queue for queue in queues if queue_token(queue) not in served)

    async def page(self, caller: Caller, wanted: Page, *, execution_id: str | None = None) -> list[task_reads.Row]:
        """Return a page of tasks, of one execution if that is said."""
        return await self._store.page(
            task_reads.page, task_reads.TASKS, wanted, project=caller.scope, execution_id=execution_id
        )

    async def rerun(self, caller: Caller, task_id: str, *, reset: bool, env: bytes = b"") -> task_reads.Row:
        """Run a failed task again.

        Raises:
            IllegalState: If it did not fail.
            InvalidInput: If ``reset`` is false and it has no items.
        """
        checked = checked_object(env, "env")
        row = await self.get(caller, task_id)
        facts = _failed(row)
        if not reset and facts.items is None:
            raise InvalidInput("Only a task with items has the option not to reset", field="reset")
        await self._engines.rerun(task_id, reset=reset, env=checked)
        return await self.get(caller, task_id)

    async def skip(self, caller: Caller, task_id: str) -> task_reads.Row:
        """Pass over a failed task. Raises IllegalState if it did not fail."""
        _failed(await self.get(caller, task_id))
        await self._engines.skip(task_id)
        return await self.get(caller, task_id)

    async def replay(self, caller: Caller, task_id: str, *, env: bytes = b"") -> task_reads.Row:
        """Run a finished task once more and return the new attempt; a repeat returns the same.

        Raises:
            IllegalState: If it has not finished, was set aside by another replay, or the execution is paused.
            Forbidden: If ``env`` is given but the execution is running.
        """
        checked = checked_object(env, "env")
        await self.get(caller, task_id)
        return await self.get(caller, await self._engines.replay(task_id, checked))

    async def suspend(self, caller: Caller, task_id: str) -> task_reads.Row:
        """Suspend a task. Raises IllegalState if it has finished, or the execution is over."""
        await self.get(caller, task_id)
        await self._engines.suspend_task(task_id)
        return await self.get(caller, task_id)

    async def resume(self, caller: Caller, task_id: str) -> task_reads.Row:
        """Let a suspended task go on. Raises IllegalState if the execution is over."""
        await self.get(caller, task_id)
        await self._engines.resume_task(task_id)
        return await self.get(caller, task_id)


def _failed(row: task_reads.Row) -> TaskFacts:
    if row["state"] != State.ERROR:
        raise IllegalState(f"Only a task in the state ERROR can be rerun or skipped; {row['name']!r} is {row['state']}")
    return facts_of(row)
