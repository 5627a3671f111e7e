"""Trees and reports of executions as messages."""

from mistral.v1 import execution_report_pb2 as messages
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.report import Branch, TaskNode, report_of
from mistral_api_gateway.rpc import action_executions, tasks
from mistral_api_gateway.rpc.execution_shape import SHAPE
from mistral_core.errors import InvalidInput

_COUNTS = ("total", "running", "success", "error", "idle", "paused")


async def tree(
    gateway: Gateway, caller: Caller, request: messages.GetExecutionTreeRequest
) -> messages.GetExecutionTreeResponse:
    """Return an execution, or a task of it, with all below it.

    Raises:
        NotFound: If there is no such execution or task.
        InvalidInput: If the depth or the mask is none.
    """
    fields = SHAPE.chosen(request.read_mask, SHAPE.listed)
    depth = _depth(request)
    whole = bool({"output", "published_global"} & set(fields))
    if request.task_id:
        task = await gateway.tasks.get(caller, request.task_id)
        if task["workflow_execution_id"] != request.id.lower():
            raise InvalidInput("This task belongs to another execution", field="task_id")
        found = await gateway.executions.below_task(
            caller, request.id, task["id"], max_depth=depth, whole=whole, errors_only=request.errors_only
        )
    else:
        found = await gateway.executions.tree(
            caller, request.id, max_depth=depth, whole=whole, errors_only=request.errors_only
        )
    nodes = [messages.ExecutionTreeNode(execution=SHAPE.write(row, fields), depth=level) for level, row in found]
    return messages.GetExecutionTreeResponse(nodes=nodes)


async def report(
    gateway: Gateway, caller: Caller, request: messages.GetExecutionReportRequest
) -> messages.GetExecutionReportResponse:
    """Return the report of an execution.

    Raises:
        NotFound: If there is no such execution.
        InvalidInput: If the depth is none.
    """
    found = await report_of(
        gateway.executions,
        gateway.store,
        caller,
        request.id,
        max_depth=_depth(request),
        errors_only=request.errors_only,
    )
    counts = {f"{name}_tasks": found.statistics[f"{name}_tasks_count"] for name in _COUNTS}
    statistics = messages.ExecutionStatistics(**counts, estimated_seconds=found.statistics["estimated_time"])
    shown = None if request.statistics_only else _branch(found.top)
    return messages.GetExecutionReportResponse(statistics=statistics, report=shown)


def _depth(request: messages.GetExecutionTreeRequest | messages.GetExecutionReportRequest) -> int:
    if not request.HasField("max_depth"):
        return -1
    if request.max_depth < 0:
        raise InvalidInput("max_depth must be 0 or more; leave it out for all levels", field="max_depth")
    return request.max_depth


def _branch(branch: Branch) -> messages.ExecutionReport:
    return messages.ExecutionReport(
        execution=SHAPE.write(branch.row, SHAPE.listed), tasks=map(_task, branch.tasks or ())
    )


def _task(node: TaskNode) -> messages.TaskReport:
    return messages.TaskReport(
        task=tasks.SHAPE.write(node.row, tasks.SHAPE.listed),
        retry_count=node.retry_count,
        action_executions=[action_executions.SHAPE.write(leaf, action_executions.SHAPE.listed) for leaf in node.leaves],
        executions=map(_branch, node.branches),
    )
