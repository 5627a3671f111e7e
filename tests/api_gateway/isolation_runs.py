"""What project B tries over REST against triggers, executions, tasks and actions of project A, by operation."""

from typing import Any

from tests.api_gateway.isolation import NOBODY, Attempts, World


def on_runs(two: World) -> dict[str, Attempts]:
    """Return (status expected, path and query, what is sent) for each operation."""
    things = two.things
    private, public = things["private name"], things["public name"]
    workflow, shared = things["private workflow"], things["public workflow"]
    held, task, action = things["held"], things["held task"], things["held action"]
    start = {"workflow_input": {"v": 1}}
    return {
        # --- triggers
        "POST /v2/cron_triggers": [
            (404, "/v2/cron_triggers", {"json": _cron(workflow_id=workflow, **start)}),
            (404, "/v2/cron_triggers", {"json": _cron(workflow_name=private, **start)}),
            (403, "/v2/cron_triggers", {"json": _cron(workflow_id=shared, scope="public", **start)}),
        ],
        "GET /v2/cron_triggers": [(200, "/v2/cron_triggers", {}), (403, "/v2/cron_triggers?all_projects=true", {})],
        "GET /v2/cron_triggers/{identifier}": [
            (404, f"/v2/cron_triggers/{things['private cron']}", {}),
            (404, f"/v2/cron_triggers/{private}", {}),
            (200, f"/v2/cron_triggers/{public}", {}),
        ],
        "DELETE /v2/cron_triggers/{identifier}": [
            (404, f"/v2/cron_triggers/{things['private cron']}", {}),
            (403, f"/v2/cron_triggers/{public}", {}),
        ],
        **_on_cron_control(things, private, public),
        "POST /v2/event_triggers": [
            (404, "/v2/event_triggers", {"json": _event(workflow_id=workflow, **start)}),
            (403, "/v2/event_triggers", {"json": _event(workflow_id=shared, scope="public", **start)}),
        ],
        "PUT /v2/event_triggers/{id}": [
            (404, f"/v2/event_triggers/{things['private event']}", {"json": {"name": "mine"}}),
            (403, f"/v2/event_triggers/{things['public event']}", {"json": {"name": "mine"}}),
        ],
        "GET /v2/event_triggers": [(200, "/v2/event_triggers", {}), (403, "/v2/event_triggers?all_projects=true", {})],
        "GET /v2/event_triggers/{id}": [
            (404, f"/v2/event_triggers/{things['private event']}", {}),
            (200, f"/v2/event_triggers/{things['public event']}", {}),
        ],
        "DELETE /v2/event_triggers/{id}": [
            (404, f"/v2/event_triggers/{things['private event']}", {}),
            (403, f"/v2/event_triggers/{things['public event']}", {}),
        ],
        # --- executions
        "POST /v2/executions": [
            (404, "/v2/executions", {"json": {"workflow_id": workflow, "input": {"v": 1}}}),
            (404, "/v2/executions", {"json": {"workflow_name": private, "input": {"v": 1}}}),
            (404, "/v2/executions", {"json": {"source_execution_id": held}}),
            (409, "/v2/executions", {"json": {"id": held, "workflow_id": shared, "input": {"v": 1}}}),
            (409, "/v2/executions", {"json": {"id": things["failed"], "workflow_id": shared, "input": {"v": 1}}}),
            (404, "/v2/executions", {"json": {"id": held, "workflow_id": workflow}}),
            (409, "/v2/executions", {"json": {"id": held, "workflow_id": shared, "input": {"wrong": 1}}}),
            (400, "/v2/executions", {"json": {"workflow_id": shared, "input": {"v": 1}, "params": {"env": private}}}),
            (201, "/v2/executions", {"json": {"workflow_id": shared, "input": {"v": 1}, "params": {"env": public}}}),
        ],
        "GET /v2/executions": [
            (200, "/v2/executions?include_output=true", {}),
            (200, f"/v2/executions?project_id={two.a}", {}),
            (200, f"/v2/executions?id={held}", {}),
            (200, f"/v2/executions?input=has:{two.token}", {}),
            (200, f"/v2/executions?root_execution_id={held}", {}),
            (403, "/v2/executions?all_projects=true", {}),
            (404, f"/v2/executions?limit=1&marker={held}", {}),
        ],
        "GET /v2/executions/{id}": [
            (404, f"/v2/executions/{held}", {}),
            (404, f"/v2/executions/{things['failed']}", {}),
            (404, f"/v2/executions/{NOBODY}", {}),
            (404, f"/v2/executions/{held}?fields=input", {}),
        ],
        "PUT /v2/executions/{id}": [
            (404, f"/v2/executions/{held}", {"json": {"state": state}})
            for state in ("PAUSED", "RUNNING", "SUCCESS", "ERROR", "CANCELLED")
        ]
        + [
            (404, f"/v2/executions/{held}", {"json": {"description": "mine"}}),
            (404, f"/v2/executions/{things['failed']}", {"json": {"params": {"env": {"k": 1}}}}),
        ],
        "DELETE /v2/executions/{id}": [
            (404, f"/v2/executions/{held}?force=true", {}),
            (404, f"/v2/executions/{things['failed']}", {}),
        ],
        "GET /v2/executions/{id}/tasks": [(404, f"/v2/executions/{held}/tasks", {})],
        "GET /v2/executions/{id}/executions": [(404, f"/v2/executions/{held}/executions", {})],
        "GET /v2/executions/{id}/report": [
            (404, f"/v2/executions/{held}/report", {}),
            (404, f"/v2/executions/{held}/report?statistics_only=true", {}),
        ],
        "GET /v2/executions/{id}/events": [(404, f"/v2/executions/{held}/events", {})],
        # --- tasks
        "GET /v2/tasks": [
            (200, "/v2/tasks", {}),
            (200, f"/v2/tasks?workflow_execution_id={held}", {}),
            (403, "/v2/tasks?all_projects=true", {}),
            (404, f"/v2/tasks?limit=1&marker={task}", {}),
        ],
        "GET /v2/tasks/{id}": [(404, f"/v2/tasks/{task}", {})],
        "PUT /v2/tasks/{id}": [
            (404, f"/v2/tasks/{things['failed task']}", {"json": {"state": "RUNNING", "reset": True}}),
            (404, f"/v2/tasks/{things['failed task']}", {"json": {"state": "SKIPPED"}}),
            (404, f"/v2/tasks/{things['failed task']}", {"json": {"state": "RUNNING", "replay": True}}),
            (404, f"/v2/tasks/{task}", {"json": {"state": "PAUSED"}}),
        ],
        "GET /v2/tasks/{id}/action_executions": [(404, f"/v2/tasks/{task}/action_executions", {})],
        "GET /v2/tasks/{id}/action_executions/{aid}": [(404, f"/v2/tasks/{task}/action_executions/{action}", {})],
        "GET /v2/tasks/{id}/workflow_executions": [(404, f"/v2/tasks/{task}/workflow_executions", {})],
        "GET /v2/tasks/{id}/executions": [(404, f"/v2/tasks/{task}/executions", {})],
        # --- action executions
        "POST /v2/action_executions": [
            (400, "/v2/action_executions", {"json": {"name": private, "params": {"run_sync": True}}}),
            (400, "/v2/action_executions", {"json": {"name": f"{private}.one", "params": {"run_sync": True}}}),
            (201, "/v2/action_executions", {"json": {"name": public, "params": {"run_sync": True}}}),
        ],
        "GET /v2/action_executions": [
            (200, "/v2/action_executions?include_output=true", {}),
            (200, f"/v2/action_executions?task_execution_id={task}", {}),
            (403, "/v2/action_executions?all_projects=true", {}),
            (404, f"/v2/action_executions?limit=1&marker={action}", {}),
        ],
        "GET /v2/action_executions/{id}": [
            (404, f"/v2/action_executions/{action}", {}),
            (404, f"/v2/action_executions/{things['alone']}", {}),
        ],
        "PUT /v2/action_executions/{id}": [
            (404, f"/v2/action_executions/{action}", {"json": {"state": state, "output": {"r": 1}}})
            for state in ("SUCCESS", "ERROR", "CANCELLED", "PAUSED", "RUNNING")
        ],
        "DELETE /v2/action_executions/{id}": [(404, f"/v2/action_executions/{things['alone']}", {})],
    }


def _on_cron_control(things: dict[str, str], private: str, public: str) -> dict[str, Attempts]:
    past = {"json": {"start": "2026-01-01 00:00", "end": "2026-01-02 00:00"}}
    found: dict[str, Attempts] = {
        f"{method} /v2/cron_triggers/{{identifier}}/{tail}": [
            (404, f"/v2/cron_triggers/{things['private cron']}/{tail}", sent),
            (404, f"/v2/cron_triggers/{private}/{tail}", sent),
            (200 if tail == "preview" else 403, f"/v2/cron_triggers/{public}/{tail}", sent),
        ]
        for method, tail, sent in (
            *(("POST", "pause", {}), ("POST", "resume", {}), ("POST", "run", {}), ("POST", "backfill", past)),
            *(("GET", "preview", {}), ("GET", "runs", {})),
        )
    }
    return {**found, "POST /v2/cron_preview": [(200, "/v2/cron_preview", {"json": {"pattern": "0 3 * * *"}})]}


def _cron(**given: Any) -> dict[str, Any]:
    return {"name": "mine", "pattern": "0 0 1 1 *", **given}


def _event(**given: Any) -> dict[str, Any]:
    return {"name": "mine", "exchange": "x", "topic": "t", "event": "e", **given}
