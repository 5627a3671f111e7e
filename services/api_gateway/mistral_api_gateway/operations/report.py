"""Reports: an execution with its tasks, their actions and sub-workflows as one tree, and counts over it."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeAlias

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.executions import Executions
from mistral_api_gateway.operations.store import Store
from mistral_api_gateway.operations.task_facts import facts_of
from mistral_core.machine.state import State
from mistral_persistence import action_reads, execution_reads, task_reads

Leaf: TypeAlias = action_reads.Row

_COUNTED: Final = (State.RUNNING, State.SUCCESS, State.ERROR, State.IDLE, State.PAUSED)


@dataclass(slots=True)
class TaskNode:
    """A task with what it ran."""

    row: task_reads.Row
    retry_count: int | None
    leaves: list[Leaf] = field(default_factory=list)
    branches: list["Branch"] = field(default_factory=list)


@dataclass(slots=True)
class Branch:
    """An execution with its tasks; None where the report is not to go so deep."""

    row: execution_reads.Row
    tasks: list[TaskNode] | None


@dataclass(frozen=True, slots=True)
class Report:
    """The tree and its counts."""

    top: Branch
    statistics: dict[str, int]


async def report_of(
    executions: Executions,
    store: Store,
    caller: Caller,
    execution_id: str,
    *,
    max_depth: int = -1,
    errors_only: bool = False,
) -> Report:
    """Return the report of an execution.

    Args:
        max_depth: 0 shows its tasks and their sub-workflows without tasks; each further level one more; -1 all.
        errors_only: Leave out tasks that did not fail, with all that is below them; the counts are over the others.

    Raises:
        NotFound: If none visible has that id.
    """
    depth = max_depth + 1 if max_depth >= 0 else -1
    found = await executions.tree(caller, execution_id, max_depth=depth, errors_only=errors_only)
    rows = [row for _, row in found]
    with_tasks = [row["id"] for level, row in found if max_depth < 0 or level <= max_depth]
    tasks = await store.read(task_reads.of_executions, with_tasks)
    if errors_only:
        tasks = [row for row in tasks if row["state"] == State.ERROR]
    actions = await store.read(action_reads.of_executions, with_tasks)
    top = _tree(rows, frozenset(with_tasks), tasks, actions)
    estimate = await _estimated_seconds(store, top.row)
    return Report(top, {**_counts(tasks), "estimated_time": estimate})


def _tree(
    rows: list[execution_reads.Row],
    with_tasks: frozenset[str],
    tasks: list[task_reads.Row],
    actions: list[action_reads.Row],
) -> Branch:
    branches = {row["id"]: Branch(row, [] if row["id"] in with_tasks else None) for row in rows}
    nodes: dict[str, TaskNode] = {}
    for row in tasks:
        nodes[row["id"]] = node = TaskNode(row, facts_of(row).retry_no)
        shown = branches[row["workflow_execution_id"]].tasks
        assert shown is not None
        shown.append(node)
    for row in actions:
        if row["task_execution_id"] in nodes:
            nodes[row["task_execution_id"]].leaves.append(row)
    for row in rows[1:]:
        if row["task_execution_id"] in nodes:
            nodes[row["task_execution_id"]].branches.append(branches[row["id"]])
    return branches[rows[0]["id"]]


def _counts(tasks: list[task_reads.Row]) -> dict[str, int]:
    by_state: dict[str, int] = defaultdict(int)
    for row in tasks:
        by_state[row["state"]] += 1
    counts = {f"{state.lower()}_tasks_count": by_state[state] for state in _COUNTED}
    return {"total_tasks_count": sum(counts.values()), **counts}


async def _estimated_seconds(store: Store, row: execution_reads.Row) -> int:
    if row["state"] != State.RUNNING:
        return 0
    durations = await store.read(
        execution_reads.recent_durations, row["workflow_name"], row["workflow_id"], row["project_id"]
    )
    if not durations:
        return -1
    elapsed = (datetime.now(UTC) - row["created_at"]).total_seconds()
    usual = sum(durations) / len(durations)
    return max(1, int(usual - elapsed + 0.5))
