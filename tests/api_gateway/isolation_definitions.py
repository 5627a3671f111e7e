"""What project B tries over REST against definitions of project A, by operation."""

from typing import Any

from tests.api_gateway.isolation import ACTION, BOOK, CODE, HELD, Attempts, World


def on_definitions(two: World) -> dict[str, Attempts]:
    """Return (status expected, path and query, what is sent) for each operation."""
    things, mine = two.things, {"name": f"b_{two.b}", "token": "mine"}
    private, public = things["private name"], things["public name"]
    workflow, shared = things["private workflow"], things["public workflow"]
    members = f"/v2/workflows/{workflow}/members"

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
    }


def _dynamic(**given: str) -> dict[str, Any]:
    return {"name": "mine.one", "class_name": "One", **given}
