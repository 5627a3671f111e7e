"""Project B tries every operation of REST against things of project A, by ids and names that it should not know."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api_gateway.isolation import ACTION, BOOK, CODE, HELD, World, snapshot, world

Attempts = list[tuple[int, str, dict[str, Any]]]
"""(status expected, path and query, what is sent)."""

NOBODY = "11111111-1111-4111-8111-111111111111"
OPEN_TO_ALL = {"GET /", "GET /v2", "GET /v2/", "GET /info", "GET /healthz", "GET /healthcheck", "GET /openapi.json"}


@pytest.fixture
async def two(database: str, nats: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database, nats, tmp_path) as found:
        yield found


def attempts(two: World) -> dict[str, Attempts]:
    """Return what B tries, by operation; an operation that is missing here fails the test."""
    things, mine = two.things, {"name": f"b_{two.b}", "token": "mine"}
    private, public = things["private name"], things["public name"]
    workflow, shared = things["private workflow"], things["public workflow"]
    held, task, action = things["held"], things["held task"], things["held action"]
    members, start = f"/v2/workflows/{workflow}/members", {"workflow_input": {"v": 1}}

    def text(form: str, **given: str) -> dict[str, Any]:
        return {"content": form.format(**{**mine, **given})}

    return {
        "GET /v2/services": [(200, "/v2/services", {})],
        "GET /maintenance": [(200, "/maintenance", {})],
        "PUT /maintenance": [(403, "/maintenance", {"json": {"status": "PAUSED"}})],
        # --- workbooks
        "POST /v2/workbooks/validate": [(200, "/v2/workbooks/validate", text(BOOK))],
        "POST /v2/workbooks": [
            # A's names do not stand in the way of B's, nor tell that they are taken.
            (201, "/v2/workbooks", text(BOOK, name=private)),
            (403, "/v2/workbooks?scope=public", text(BOOK)),
        ],
        "PUT /v2/workbooks": [(404, "/v2/workbooks", text(BOOK, name=public))],
        "GET /v2/workbooks": [(200, "/v2/workbooks", {}), (403, "/v2/workbooks?all_projects=true", {})],
        "GET /v2/workbooks/{name}": [(200, f"/v2/workbooks/{public}", {}), (404, "/v2/workbooks/nothing", {})],
        "DELETE /v2/workbooks/{name}": [
            (204, f"/v2/workbooks/{private}", {}),
            (404, f"/v2/workbooks/{private}", {}),
            (403, f"/v2/workbooks/{public}", {}),
        ],
        # --- workflows
        "POST /v2/workflows/validate": [(200, "/v2/workflows/validate", text(HELD))],
        "POST /v2/workflows": [
            (201, "/v2/workflows", text(HELD, name=f"failing_{two.a}")),
            (403, "/v2/workflows?scope=public", text(HELD)),
        ],
        "PUT /v2/workflows": [
            (404, "/v2/workflows", text(HELD, name=private)),
            (404, "/v2/workflows", text(HELD, name=public)),
        ],
        "GET /v2/workflows": [
            (200, "/v2/workflows", {}),
            (200, f"/v2/workflows?project_id={two.a}", {}),
            (200, f"/v2/workflows?definition=has:{two.token}", {}),
            (403, "/v2/workflows?all_projects=true", {}),
            (404, f"/v2/workflows?limit=1&marker={workflow}", {}),
            (404, f"/v2/workflows?limit=1&marker={workflow}&sort_keys=name,created_at&sort_dirs=asc,desc", {}),
        ],
        "GET /v2/workflows/{id}": [
            (404, f"/v2/workflows/{workflow}", {}),
            (404, f"/v2/workflows/{private}", {}),
            (404, f"/v2/workflows/{workflow}?fields=definition", {}),
            (200, f"/v2/workflows/{shared}", {}),
            (200, f"/v2/workflows/{public}", {}),
        ],
        "PUT /v2/workflows/{id}": [
            (404, f"/v2/workflows/{workflow}", text(HELD, name=private)),
            (403, f"/v2/workflows/{shared}", text(HELD, name=public)),
            (403, f"/v2/workflows/{public}", text(HELD, name=public)),
        ],
        "DELETE /v2/workflows/{id}": [
            (404, f"/v2/workflows/{workflow}", {}),
            (404, f"/v2/workflows/{private}", {}),
            (403, f"/v2/workflows/{shared}", {}),
        ],
        # --- members
        "GET /v2/workflows/{id}/members": [(404, members, {}), (200, f"/v2/workflows/{shared}/members", {})],
        "POST /v2/workflows/{id}/members": [
            (404, members, {"json": {"member_id": two.b}}),
            (403, f"/v2/workflows/{shared}/members", {"json": {"member_id": two.b}}),
        ],
        "GET /v2/workflows/{id}/members/{member_id}": [
            (404, f"{members}/c{two.a}", {}),
            (404, f"{members}/{two.b}", {}),
        ],
        "PUT /v2/workflows/{id}/members/{member_id}": [
            (404, f"{members}/c{two.a}", {"json": {"status": "accepted"}}),
            (404, f"{members}/{two.b}", {"json": {"status": "accepted"}}),
        ],
        "DELETE /v2/workflows/{id}/members/{member_id}": [(404, f"{members}/c{two.a}", {})],
        # --- actions
        "POST /v2/actions/validate": [(200, "/v2/actions/validate", text(ACTION))],
        "POST /v2/actions": [
            (201, "/v2/actions", text(ACTION)),
            (403, "/v2/actions?scope=public", text(ACTION, name="pub")),
        ],
        "PUT /v2/actions": [
            (404, "/v2/actions", text(ACTION, name=private)),
            (403, "/v2/actions", text(ACTION, name=public)),
            (403, "/v2/actions?scope=public", text(ACTION)),
        ],
        "PUT /v2/actions/{identifier}": [
            (404, f"/v2/actions/{things['private action']}", text(ACTION, name=private)),
            (403, f"/v2/actions/{things['public action']}", text(ACTION, name=public)),
        ],
        "GET /v2/actions": [(200, "/v2/actions", {}), (403, "/v2/actions?all_projects=true", {})],
        "GET /v2/actions/{identifier}": [
            (404, f"/v2/actions/{things['private action']}", {}),
            (404, f"/v2/actions/{private}", {}),
            (404, f"/v2/actions/{private}.one", {}),
            (200, f"/v2/actions/{public}", {}),
            (200, f"/v2/actions/{public}.one", {}),
        ],
        "GET /v2/actions/{identifier}/{namespace}": [(404, f"/v2/actions/{private}/", {})],
        "DELETE /v2/actions/{identifier}": [
            (404, f"/v2/actions/{things['private action']}", {}),
            (403, f"/v2/actions/{things['public action']}", {}),
        ],
        "DELETE /v2/actions/{identifier}/{namespace}": [(404, f"/v2/actions/{private}/x", {})],
        # --- code sources, dynamic actions
        "POST /v2/code_sources": [
            (201, "/v2/code_sources?name=b", text(CODE)),
            (403, "/v2/code_sources?name=c&scope=public", text(CODE)),
        ],
        "PUT /v2/code_sources": [
            (404, f"/v2/code_sources?identifier={things['private source']}", text(CODE)),
            (404, f"/v2/code_sources?identifier={private}", text(CODE)),
            (403, f"/v2/code_sources?identifier={things['public source']}", text(CODE)),
        ],
        "GET /v2/code_sources": [(200, "/v2/code_sources", {}), (403, "/v2/code_sources?all_projects=true", {})],
        "GET /v2/code_sources/{identifier}": [
            (404, f"/v2/code_sources/{things['private source']}", {}),
            (404, f"/v2/code_sources/{private}", {}),
            (200, f"/v2/code_sources/{public}", {}),
        ],
        "DELETE /v2/code_sources/{identifier}": [
            (404, f"/v2/code_sources/{things['private source']}", {}),
            (403, f"/v2/code_sources/{public}", {}),
        ],
        "POST /v2/dynamic_actions": [
            (404, "/v2/dynamic_actions", {"json": _dynamic(code_source_id=things["private source"])}),
            (404, "/v2/dynamic_actions", {"json": _dynamic(code_source_name=private)}),
            (403, "/v2/dynamic_actions", {"json": _dynamic(code_source_id=things["public source"], scope="public")}),
        ],
        "PUT /v2/dynamic_actions": [
            (404, "/v2/dynamic_actions", {"json": {"id": things["private dynamic"], "class_name": "Two"}}),
            (403, "/v2/dynamic_actions", {"json": {"id": things["public dynamic"], "class_name": "Two"}}),
        ],
        "GET /v2/dynamic_actions": [(200, "/v2/dynamic_actions", {}), (403, "/v2/dynamic_actions?all_projects=1", {})],
        "GET /v2/dynamic_actions/{identifier}": [
            (404, f"/v2/dynamic_actions/{things['private dynamic']}", {}),
            (404, f"/v2/dynamic_actions/{private}.one", {}),
            (200, f"/v2/dynamic_actions/{public}.one", {}),
        ],
        "DELETE /v2/dynamic_actions/{identifier}": [
            (404, f"/v2/dynamic_actions/{things['private dynamic']}", {}),
            (403, f"/v2/dynamic_actions/{public}.one", {}),
        ],
        # --- environments
        "POST /v2/environments": [
            (201, "/v2/environments", {"json": {"name": mine["name"], "variables": {}}}),
            (403, "/v2/environments", {"json": {"name": "pub", "variables": {}, "scope": "public"}}),
        ],
        "PUT /v2/environments": [
            (404, "/v2/environments", {"json": {"name": private, "variables": {"v": 1}}}),
            (403, "/v2/environments", {"json": {"name": public, "variables": {"v": 1}}}),
            (403, "/v2/environments", {"json": {"name": mine["name"], "scope": "public"}}),
        ],
        "GET /v2/environments": [
            (200, "/v2/environments", {}),
            (200, f"/v2/environments?variables=has:{two.token}", {}),
            (403, "/v2/environments?all_projects=true", {}),
        ],
        "GET /v2/environments/{name}": [
            (404, f"/v2/environments/{private}", {}),
            (200, f"/v2/environments/{public}", {}),
        ],
        "DELETE /v2/environments/{name}": [
            (404, f"/v2/environments/{private}", {}),
            (403, f"/v2/environments/{public}", {}),
        ],
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


def _dynamic(**given: str) -> dict[str, Any]:
    return {"name": "mine.one", "class_name": "One", **given}


def _cron(**given: Any) -> dict[str, Any]:
    return {"name": "mine", "pattern": "0 0 1 1 *", **given}


def _event(**given: Any) -> dict[str, Any]:
    return {"name": "mine", "exchange": "x", "topic": "t", "event": "e", **given}


def _unnamed(operation: str) -> str:
    return re.sub(r"{\w+}", "{}", operation)


async def operations(two: World) -> set[str]:
    """Return all operations that there are; what their parameters are called does not matter."""
    document = (await two.call("b", "GET", "/openapi.json")).json()
    known = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert len(known) > 60
    return {_unnamed(one) for one in known - OPEN_TO_ALL}


async def test_no_operation_leads_from_one_project_into_another(two: World):
    tried = attempts(two)
    known, here = await operations(two), {_unnamed(one) for one in tried}
    wrong = [f"{one} is not tried" for one in sorted(known - here)] + [f"there is no {one}" for one in here - known]
    before = await snapshot(two)

    for operation, each in tried.items():
        for status, path, given in each:
            answer = await two.call("b", operation.partition(" ")[0], path, **given)
            if answer.status_code != status:
                wrong.append(f"{operation} {path}: {answer.status_code}, not {status}: {answer.text[:200]}")
            # A refusal may repeat the id that was sent.
            leaks = two.leaks(answer.text) if answer.is_success else two.token in answer.text
            if leaks or two.token in str(answer.headers):
                wrong.append(f"{operation} {path} tells what is A's: {answer.text[:300]}")

    assert not wrong, "\n".join(wrong)
    assert await snapshot(two) == before


async def test_what_is_not_there_and_what_is_not_seen_are_told_in_the_same_words(two: World):
    for plural, thing in (
        ("workflows", "private workflow"),
        ("executions", "held"),
        ("tasks", "held task"),
        ("action_executions", "held action"),
        ("cron_triggers", "private cron"),
        ("event_triggers", "private event"),
        ("code_sources", "private source"),
        ("dynamic_actions", "private dynamic"),
        ("actions", "private action"),
    ):
        theirs = await two.call("b", "GET", f"/v2/{plural}/{two.things[thing]}")
        nobodys = await two.call("b", "GET", f"/v2/{plural}/{NOBODY}")
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.text.replace(two.things[thing], NOBODY) == nobodys.text


async def test_lists_of_b_hold_only_its_own_and_what_is_public(two: World):
    await two.made("b", "POST", "/v2/workflows", content=HELD.format(name="own", token="mine"))
    for plural in ("workflows", "workbooks", "environments", "cron_triggers", "event_triggers", "executions", "tasks"):
        for shown in (await two.made("b", "GET", f"/v2/{plural}"))[plural]:
            assert shown["project_id"] == two.b or shown["scope"] == "public", shown


async def test_without_a_credential_nothing_is_told_at_all(two: World):
    for operation, each in attempts(two).items():
        for _, path, given in each[:1]:
            answer = await two.rest.request(operation.partition(" ")[0], path, **given)
            assert answer.status_code == 401, operation
            assert two.token not in answer.text


async def test_an_administrator_sees_and_changes_what_any_project_has(two: World):
    header = {"X-Project-Id": "elsewhere"}
    things = two.things

    async def status(method: str, path: str, **given: Any) -> int:
        answer = await two.rest.request(
            method, path, headers={"Authorization": f"Bearer {two.secrets['root']}", **header}, **given
        )
        return answer.status_code

    assert await status("GET", f"/v2/workflows/{things['private workflow']}") == 200
    assert await status("GET", f"/v2/executions/{things['held']}/report") == 200
    assert await status("GET", f"/v2/environments/{things['private name']}") == 200
    assert await status("GET", f"/v2/cron_triggers/{things['private cron']}") == 200
    text = ACTION.format(name=things["private name"], token="changed")
    assert await status("PUT", f"/v2/actions/{things['private action']}", content=text) == 200
    assert await status("DELETE", f"/v2/event_triggers/{things['private event']}") == 204
    assert await status("PUT", f"/v2/executions/{things['held']}", json={"state": "CANCELLED"}) == 200
    # It sees them, but runs only what its project has.
    assert await status("POST", "/v2/executions", json={"workflow_id": things["private workflow"]}) == 404
