"""``/v2/tasks``: showing tasks, giving failed ones another chance, replaying, suspending and resuming them."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.json_text import text_of
from mistral_api_gateway.operations.task_facts import facts_of, runtime_context
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.action_resource import RESOURCE as ACTIONS
from mistral_api_gateway.rest.action_resource import answer_of
from mistral_api_gateway.rest.execution_resource import RESOURCE as EXECUTIONS
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Row, json_answer, spaced
from mistral_api_gateway.rest.task_resource import RESOURCE, TASK_BODY, TaskBody
from mistral_core.errors import InvalidInput, NotFound

_SUB_FIELDS: Final = tuple(name for name in EXECUTIONS.listed if name not in ("input", "params"))
_TREE: Final = ("errors_only", "max_depth", "include_output")
_ACTIONS_EXTRA: Final = ("include_output",)


class TaskEndpoints:
    """What REST does with tasks."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._tasks = gateway.tasks
        self._actions = gateway.action_executions
        self._executions = gateway.executions
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        lists, subs = query.paging_arguments(RESOURCE), query.paging_arguments(EXECUTIONS)
        acts = (*query.paging_arguments(ACTIONS), *_ACTIONS_EXTRA)

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/tasks{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="tasks", **more)

        return [
            make("GET", "", self.page, "List tasks", query=lists, gives="tasks"),
            make("GET", "/{id}", self.get, "Get a task", query=("fields",), gives="Task"),
            make(
                "PUT",
                "/{id}",
                self.update,
                "Rerun, skip, replay, suspend or resume a task",
                takes="TaskChange",
                gives="Task",
            ),
            make(
                "GET",
                "/{id}/action_executions",
                self.actions,
                "List its actions",
                query=acts,
                gives="action_executions",
            ),
            make(
                "GET", "/{id}/action_executions/{aid}", self.action, "Get one of its actions", gives="ActionExecution"
            ),
            make(
                "GET", "/{id}/workflow_executions", self.subs, "List its sub-workflows", query=subs, gives="executions"
            ),
            make("GET", "/{id}/executions", self.tree, "List all below it", query=_TREE, gives="executions"),
        ]

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE)
        rows = await self._tasks.page(current_caller(), wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def get(self, request: Request) -> Response:
        given = query.only(request, ("fields",))
        fields = RESOURCE.chosen(given["fields"], alone=True) if given.get("fields") else RESOURCE.all
        return await self._answer(await self._tasks.get(current_caller(), request.path_params["id"]), fields)

    async def update(self, request: Request) -> Response:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), TASK_BODY, "task")
        row = await self._tasks.get(current_caller(), request.path_params["id"])
        _check(sent, row)
        return await self._answer(await self._changed(sent, row), RESOURCE.all)

    async def _changed(self, sent: TaskBody, row: Row) -> Row:
        if sent.state == "SKIPPED":
            return await self._tasks.skip(current_caller(), row["id"])
        if sent.state == "PAUSED":
            return await self._tasks.suspend(current_caller(), row["id"])
        if sent.replay:
            return await self._tasks.replay(current_caller(), row["id"], env=bodies.json_text(sent.env))
        if facts_of(row).suspended is not None:
            return await self._tasks.resume(current_caller(), row["id"])
        return await self._tasks.rerun(
            current_caller(), row["id"], reset=bool(sent.reset), env=bodies.json_text(sent.env)
        )

    async def actions(self, request: Request) -> Response:
        wanted = query.list_query(request, ACTIONS, extra=_ACTIONS_EXTRA)
        task = await self._tasks.get(current_caller(), request.path_params["id"])
        pair = task["workflow_execution_id"], task["id"]
        rows = await self._actions.page(current_caller(), wanted.page, of_task=pair)
        return wanted.answer(request, ACTIONS, [ACTIONS.written(row, wanted.fields) for row in rows])

    async def action(self, request: Request) -> Response:
        row = await self._actions.get(current_caller(), request.path_params["aid"])
        if row["task_execution_id"] != request.path_params["id"]:
            raise NotFound(f"ActionExecution not found [id={request.path_params['aid']}]")
        return answer_of(row)

    async def subs(self, request: Request) -> Response:
        wanted = query.list_query(request, EXECUTIONS, usual=_SUB_FIELDS)
        task = await self._tasks.get(current_caller(), request.path_params["id"])
        rows = await self._executions.page(current_caller(), query.of_task(wanted.page, task["id"]))
        return wanted.answer(request, EXECUTIONS, [EXECUTIONS.written(row, wanted.fields) for row in rows])

    async def tree(self, request: Request) -> Response:
        given = query.only(request, _TREE)
        depth = query.integer(given, "max_depth", -1)
        whole, failed = query.flag(given, "include_output"), query.flag(given, "errors_only")
        task = await self._tasks.get(current_caller(), request.path_params["id"])
        found = await self._executions.below_task(
            current_caller(),
            task["workflow_execution_id"],
            task["id"],
            max_depth=depth,
            whole=whole,
            errors_only=failed,
        )
        fields = EXECUTIONS.listed_with_heavy if whole else EXECUTIONS.listed
        return json_answer({"executions": [EXECUTIONS.written(row, fields) for _, row in found]})

    async def _answer(self, row: Row, fields: tuple[str, ...]) -> Response:
        shown = RESOURCE.written(row, fields)
        if "result" in shown:
            shown["result"] = spaced(await self._tasks.result(row))
        if "runtime_context" in shown and (unserved := await self._tasks.unserved(row)):
            shown["runtime_context"] = text_of(runtime_context(facts_of(row), unserved))
        return json_answer(shown)


def _check(sent: TaskBody, row: Row) -> None:
    if sent.name and sent.name != row["name"]:
        raise InvalidInput("Task name does not match.")
    if sent.workflow_name and sent.workflow_name != row["workflow_name"]:
        raise InvalidInput("Workflow name does not match.")
    if sent.state not in ("RUNNING", "SKIPPED", "PAUSED"):
        raise InvalidInput(
            "Invalid task state. Only updating task to rerun, replay or resume (RUNNING), skip (SKIPPED) or suspend "
            "(PAUSED) is supported."
        )
    if sent.replay:
        if sent.state != "RUNNING":
            raise InvalidInput("A replay is asked for with the state RUNNING.")
        return
    if sent.state == "RUNNING" and row["state"] == "ERROR" and sent.reset is None:
        raise InvalidInput("Mandatory field missing: reset must be given to rerun a task.")
