"""What project B tries over gRPC against things of project A, by method."""

from typing import Any

from mistral.v1 import api_key_pb2, state_pb2, workflow_member_pb2, workflow_pb2
from tests.api_gateway.isolation import ACTION, BOOK, CODE, HELD, NOBODY, World

Attempts = list[tuple[str, dict[str, Any]]]
"""(status expected, request)."""

NOT_FOUND, DENIED, OK, INVALID = "NOT_FOUND", "PERMISSION_DENIED", "OK", "INVALID_ARGUMENT"
PUBLIC = workflow_pb2.SCOPE_PUBLIC
_PAST = {"start": {"seconds": 1_767_225_600}, "end": {"seconds": 1_767_312_000}}


def attempts(two: World) -> dict[str, Attempts]:
    """Return what B tries, by method; a method that is missing here fails the test."""
    things, mine = two.things, {"name": f"b_{two.b}", "token": "mine"}
    private, public = things["private name"], things["public name"]
    workflow, shared = things["private workflow"], things["public workflow"]
    held, task, action = things["held"], things["held task"], things["held action"]
    failed, failed_task = things["failed"], things["failed task"]
    started = {"workflow_input": '{"v": 1}'}

    def text(form: str, **given: str) -> str:
        return form.format(**{**mine, **given})

    def by_name(*kinds: str) -> Attempts:
        """Expect of a read or a removal that it finds neither the private thing by id nor by name."""
        return [(NOT_FOUND, {"identifier": one}) for one in (things[f"private {kinds[0]}"], *kinds[1:])]

    def listed(**ways: Any) -> Attempts:
        return [(OK, ways), (DENIED, {**ways, "all_projects": True})]

    lists = {
        f"{service}Service/List{plural}": listed()
        for service, plural in (
            ("Workbook", "Workbooks"),
            ("Workflow", "Workflows"),
            ("Action", "Actions"),
            ("CodeSource", "CodeSources"),
            ("DynamicAction", "DynamicActions"),
            ("Environment", "Environments"),
            ("CronTrigger", "CronTriggers"),
            ("EventTrigger", "EventTriggers"),
        )
    }
    checks = {
        "WorkbookService/ValidateWorkbook": [(OK, {"definition": text(BOOK)})],
        "WorkflowService/ValidateWorkflows": [(OK, {"definition": text(HELD)})],
        "ActionService/ValidateActions": [(OK, {"definition": text(ACTION)})],
    }
    return {
        **lists,
        **checks,
        "WorkbookService/CreateWorkbook": [
            (OK, {"definition": text(BOOK, name=private)}),
            (DENIED, {"definition": text(BOOK), "scope": PUBLIC}),
        ],
        "WorkbookService/UpdateWorkbook": [(NOT_FOUND, {"definition": text(BOOK, name=public)})],
        "WorkbookService/GetWorkbook": [(OK, {"name": public}), (NOT_FOUND, {"name": "nothing"})],
        "WorkbookService/DeleteWorkbook": [
            (OK, {"name": private}),
            (NOT_FOUND, {"name": private}),
            (DENIED, {"name": public}),
        ],
        "WorkflowService/CreateWorkflows": [
            (OK, {"definition": text(HELD, name=f"failing_{two.a}")}),
            (DENIED, {"definition": text(HELD), "scope": PUBLIC}),
        ],
        "WorkflowService/UpdateWorkflows": [(NOT_FOUND, {"definition": text(HELD, name=private)})],
        "WorkflowService/UpdateWorkflow": [
            (NOT_FOUND, {"identifier": workflow, "definition": text(HELD, name=private)}),
            (DENIED, {"identifier": shared, "definition": text(HELD, name=public)}),
        ],
        "WorkflowService/GetWorkflow": [*by_name("workflow", private), (OK, {"identifier": shared})],
        "WorkflowService/DeleteWorkflow": [*by_name("workflow", private), (DENIED, {"identifier": shared})],
        "WorkflowMemberService/CreateWorkflowMember": [
            (NOT_FOUND, {"workflow_id": workflow, "member_id": two.b}),
            (DENIED, {"workflow_id": shared, "member_id": two.b}),
        ],
        "WorkflowMemberService/GetWorkflowMember": [(NOT_FOUND, {"workflow_id": workflow, "member_id": f"c{two.a}"})],
        "WorkflowMemberService/ListWorkflowMembers": [(NOT_FOUND, {"workflow_id": workflow})],
        "WorkflowMemberService/UpdateWorkflowMember": [
            (NOT_FOUND, {"workflow_id": workflow, "member_id": member, "status": accepted})
            for member in (f"c{two.a}", two.b)
            for accepted in [workflow_member_pb2.MEMBER_STATUS_ACCEPTED]
        ],
        "WorkflowMemberService/DeleteWorkflowMember": [
            (NOT_FOUND, {"workflow_id": workflow, "member_id": f"c{two.a}"})
        ],
        "ActionService/CreateActions": [
            (OK, {"definition": text(ACTION)}),
            (DENIED, {"definition": text(ACTION, name="pub"), "scope": PUBLIC}),
        ],
        "ActionService/UpdateActions": [
            (NOT_FOUND, {"definition": text(ACTION, name=private)}),
            (DENIED, {"definition": text(ACTION, name=public)}),
        ],
        "ActionService/UpdateAction": [
            (NOT_FOUND, {"identifier": things["private action"], "definition": text(ACTION, name=private)}),
            (DENIED, {"identifier": public, "definition": text(ACTION, name=public)}),
        ],
        "ActionService/GetAction": [*by_name("action", private, f"{private}.one"), (OK, {"identifier": public})],
        "ActionService/DeleteAction": [*by_name("action", private), (DENIED, {"identifier": public})],
        "CodeSourceService/CreateCodeSource": [
            (OK, {"name": "b", "content": text(CODE)}),
            (DENIED, {"name": "c", "content": text(CODE), "scope": PUBLIC}),
        ],
        "CodeSourceService/UpdateCodeSource": [
            (NOT_FOUND, {"identifier": things["private source"], "content": text(CODE)}),
            (DENIED, {"identifier": public, "content": text(CODE)}),
        ],
        "CodeSourceService/GetCodeSource": [*by_name("source", private), (OK, {"identifier": public})],
        "CodeSourceService/DeleteCodeSource": [*by_name("source", private), (DENIED, {"identifier": public})],
        "DynamicActionService/CreateDynamicAction": [
            (NOT_FOUND, {"name": "m.one", "class_name": "One", "code_source": source})
            for source in (things["private source"], private)
        ],
        "DynamicActionService/UpdateDynamicAction": [
            (NOT_FOUND, {"identifier": things["private dynamic"], "class_name": "Two"}),
            (DENIED, {"identifier": things["public dynamic"], "class_name": "Two"}),
        ],
        "DynamicActionService/GetDynamicAction": by_name("dynamic", f"{private}.one"),
        "DynamicActionService/DeleteDynamicAction": [
            *by_name("dynamic", f"{private}.one"),
            (DENIED, {"identifier": f"{public}.one"}),
        ],
        "EnvironmentService/CreateEnvironment": [
            (OK, {"name": "mine", "variables": "{}"}),
            (DENIED, {"name": "pub", "variables": "{}", "scope": PUBLIC}),
        ],
        "EnvironmentService/UpdateEnvironment": [
            (NOT_FOUND, {"name": private, "variables": "{}"}),
            (DENIED, {"name": public, "variables": "{}"}),
        ],
        "EnvironmentService/GetEnvironment": [(NOT_FOUND, {"name": private}), (OK, {"name": public})],
        "EnvironmentService/DeleteEnvironment": [(NOT_FOUND, {"name": private}), (DENIED, {"name": public})],
        "CronTriggerService/CreateCronTrigger": [
            (NOT_FOUND, {"name": "m", "pattern": "0 0 1 1 *", "workflow": workflow, **started}),
            (DENIED, {"name": "m", "pattern": "0 0 1 1 *", "workflow": shared, "scope": PUBLIC, **started}),
        ],
        "CronTriggerService/GetCronTrigger": [*by_name("cron", private), (OK, {"identifier": public})],
        "CronTriggerService/DeleteCronTrigger": [*by_name("cron", private), (DENIED, {"identifier": public})],
        **{
            f"CronTriggerService/{method}": [*by_name("cron", private), (DENIED, {"identifier": public})]
            for method in ("PauseCronTrigger", "ResumeCronTrigger", "RunCronTrigger", "ListCronTriggerRuns")
        },
        "CronTriggerService/BackfillCronTrigger": [
            (NOT_FOUND, {"identifier": things["private cron"], **_PAST}),
            (NOT_FOUND, {"identifier": private, **_PAST}),
            (DENIED, {"identifier": public, **_PAST}),
        ],
        "CronTriggerService/PreviewCronTrigger": [*by_name("cron", private), (OK, {"identifier": public})],
        "EventTriggerService/CreateEventTrigger": [
            (NOT_FOUND, {"exchange": "x", "topic": "t", "event": "e", "workflow_id": workflow, **started})
        ],
        "EventTriggerService/UpdateEventTrigger": [
            (NOT_FOUND, {"id": things["private event"], "name": "m"}),
            (DENIED, {"id": things["public event"], "name": "m"}),
        ],
        "EventTriggerService/GetEventTrigger": [(NOT_FOUND, {"id": things["private event"]})],
        "EventTriggerService/DeleteEventTrigger": [
            (NOT_FOUND, {"id": things["private event"]}),
            (DENIED, {"id": things["public event"]}),
        ],
        "ExecutionService/StartExecution": [
            (NOT_FOUND, {"workflow": workflow, "input": '{"v": 1}'}),
            (NOT_FOUND, {"workflow": workflow, "input": '{"v": 1}', "wait": {"seconds": 1}}),
            (NOT_FOUND, {"source_execution_id": held}),
            ("ALREADY_EXISTS", {"workflow": shared, "input": '{"v": 1}', "id": held}),
            ("ALREADY_EXISTS", {"workflow": shared, "input": '{"v": 1}', "id": failed, "wait": {"seconds": 1}}),
        ],
        "ExecutionService/StartExecutions": [
            (OK, {"starts": [{"workflow": workflow}, {"workflow": shared, "input": '{"v": 1}', "id": held.upper()}]})
        ],
        "ExecutionService/GetExecution": [
            (NOT_FOUND, {"id": held}),
            (NOT_FOUND, {"id": held, "wait": {"seconds": 1}}),
            (NOT_FOUND, {"id": failed, "wait": {"seconds": 1}}),
        ],
        "ExecutionService/ListExecutions": [
            *listed(include_output=True),
            (OK, {"task_execution_id": task}),
            (OK, {"filter": f'id = "{held}"'}),
            (OK, {"filter": f'project_id = "{two.a}"'}),
        ],
        "ExecutionService/WatchExecution": [(NOT_FOUND, {"id": held})],
        "ExecutionService/GetExecutionTree": [(NOT_FOUND, {"id": held}), (NOT_FOUND, {"id": NOBODY, "task_id": task})],
        "ExecutionService/GetExecutionReport": [(NOT_FOUND, {"id": held, "statistics_only": True})],
        "ExecutionService/PauseExecution": [(NOT_FOUND, {"id": held})],
        "ExecutionService/ResumeExecution": [(NOT_FOUND, {"id": held})],
        "ExecutionService/StopExecution": [(NOT_FOUND, {"id": held, "state": state_pb2.STATE_CANCELLED})],
        "ExecutionService/UpdateExecution": [(NOT_FOUND, {"id": held, "description": "mine"})],
        "ExecutionService/DeleteExecution": [(NOT_FOUND, {"id": held, "force": True})],
        **{
            f"ExecutionBulkService/Bulk{verb}Executions": [
                (OK, {"selection": {"filter": f'id = "{held}"'}, **more}),
                (OK, {"selection": {"filter": f'project_id = "{two.a}"'}, **more}),
                (OK, {"selection": {"filter": "*"}, **more}),
            ]
            for verb, more in (
                ("Pause", {}),
                ("Resume", {}),
                ("Stop", {"state": state_pb2.STATE_CANCELLED}),
                ("Rerun", {"reset": True}),
                ("Delete", {"force": True}),
            )
        },
        "TaskService/GetTask": [(NOT_FOUND, {"id": task})],
        "TaskService/ListTasks": [*listed(), (OK, {"execution_id": held})],
        "TaskService/RerunTask": [(NOT_FOUND, {"id": failed_task, "reset": True})],
        "TaskService/SkipTask": [(NOT_FOUND, {"id": failed_task})],
        "TaskService/ReplayTask": [(NOT_FOUND, {"id": failed_task})],
        "TaskService/SuspendTask": [(NOT_FOUND, {"id": task})],
        "TaskService/ResumeTask": [(NOT_FOUND, {"id": task})],
        "ActionExecutionService/RunAction": [(INVALID, {"name": private}), (INVALID, {"name": f"{private}.one"})],
        "ActionExecutionService/GetActionExecution": [(NOT_FOUND, {"id": one}) for one in (action, things["alone"])],
        "ActionExecutionService/ListActionExecutions": [*listed(include_output=True), (OK, {"task_id": task})],
        "ActionExecutionService/CompleteActionExecution": [
            (NOT_FOUND, {"id": action, "state": state_pb2.STATE_SUCCESS, "output": '{"r": 1}'})
        ],
        "ActionExecutionService/DeleteActionExecution": [(NOT_FOUND, {"id": things["alone"]})],
        "ApiKeyService/CreateApiKey": [
            (DENIED, {"name": "k", "project_id": two.a, "scopes": [api_key_pb2.API_KEY_SCOPE_ADMIN]})
        ],
        "ApiKeyService/GetApiKey": [(DENIED, {"id": NOBODY})],
        "ApiKeyService/ListApiKeys": [(DENIED, {})],
        "ApiKeyService/RevokeApiKey": [(DENIED, {"id": NOBODY})],
        "MaintenanceService/GetMaintenance": [(OK, {})],
        "MaintenanceService/EnterMaintenance": [(DENIED, {})],
        "MaintenanceService/LeaveMaintenance": [(DENIED, {})],
        "ServiceService/ListServices": [(OK, {})],
    }
