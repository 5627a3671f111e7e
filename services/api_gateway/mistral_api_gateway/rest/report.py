"""``/v2/executions/{id}/report``: an execution with all below it, as one tree, and how its tasks stand."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.report import Branch, Leaf, TaskNode, report_of
from mistral_api_gateway.rest import query
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import as_time, json_answer

_ARGUMENTS: Final = ("errors_only", "max_depth", "statistics_only")


class ReportEndpoints:
    """Reports of executions."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        return [
            Operation(
                method="GET",
                path="/v2/executions/{id}/report",
                handler=self.report,
                summary="Report on an execution and all below it",
                tag="executions",
                query=_ARGUMENTS,
                gives="Report",
            )
        ]

    async def report(self, request: Request) -> Response:
        given = query.only(request, _ARGUMENTS)
        found = await report_of(
            self._gateway.executions,
            self._gateway.store,
            current_caller(),
            request.path_params["id"],
            max_depth=query.integer(given, "max_depth", -1),
            errors_only=query.flag(given, "errors_only"),
        )
        shown: dict[str, Any] = {"statistics": found.statistics}
        if not query.flag(given, "statistics_only"):
            shown["root_workflow_execution"] = _branch(found.top)
        return json_answer(shown)


def _branch(branch: Branch) -> dict[str, Any]:
    shown = _head(branch.row, branch.row["workflow_name"])
    if branch.tasks is not None:
        shown["task_executions"] = [_task(task) for task in branch.tasks]
    return shown


def _task(task: TaskNode) -> dict[str, Any]:
    shown = _head(task.row, task.row["name"])
    if task.retry_count is not None:
        shown["retry_count"] = task.retry_count
    shown["action_executions"] = [_leaf(leaf) for leaf in task.leaves]
    shown["workflow_executions"] = [_branch(branch) for branch in task.branches]
    return shown


def _leaf(leaf: Leaf) -> dict[str, Any]:
    shown = _head(leaf, leaf["name"])
    shown["accepted"] = leaf["accepted"]
    shown["last_heartbeat"] = as_time(leaf["updated_at"])
    return shown


def _head(row: Any, name: str) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": name,
        "created_at": as_time(row["created_at"]),
        "updated_at": as_time(row["updated_at"]),
        "state": row["state"],
        "state_info": row["state_info"],
    }
