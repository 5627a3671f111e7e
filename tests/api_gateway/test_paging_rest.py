"""Every list can be paged by every column, whatever stands in it: nothing is lost or told twice."""

from urllib.parse import urlsplit

import pytest

from mistral_api_gateway.rest.application import RESOURCES

FILLED = ("workbooks", "workflows", "environments", "executions", "tasks", "action_executions")
KINDS = {resource.plural: sorted(resource.filters) for resource in RESOURCES.values() if resource.plural in FILLED}
BOOK = "version: '2.0'\nname: {name}\nworkflows: {{w: {{tasks: {{t: {{action: std.noop}}}}}}}}"
WORKFLOW = "version: '2.0'\n{name}: {{tags: [a], tasks: {{t: {{action: std.noop}}}}}}"


@pytest.fixture
async def things(rest, rows, name):
    """Two or more of each kind; some values of theirs are null, some are not."""
    parent = await rows.execution(name, state="SUCCESS", output={})
    s = await rows.task(parent, "s", type="WORKFLOW", state="ERROR", published={"a": 1})
    t = await rows.task(parent, "t", finished_at=None)
    child = {"root_id": parent, "parent_id": parent, "task_execution_id": s, "state": "ERROR"}
    await rows.execution(name, **child, state_info="no", tags=["x"])
    await rows.execution(name, **child)
    for index in (0, 1):
        await rows.action(parent, t, index=index, output=index or None)
    for text in (WORKFLOW.format(name=name), WORKFLOW.format(name=f"{name}2")):
        assert (await rest.post("/v2/workflows", content=text)).status_code == 201
    for book in (f"{name}3", f"{name}4"):
        assert (await rest.post("/v2/workbooks", content=BOOK.format(name=book))).status_code == 201
    assert (await rest.put("/v2/workbooks", content=BOOK.format(name=f"{name}3"))).status_code == 200
    for sent in ({"name": name}, {"name": f"{name}5", "description": "d", "variables": {"a": 1}}):
        assert (await rest.post("/v2/environments", json=sent)).status_code == 201


async def test_every_list_is_paged_by_every_column(rest, things):
    columns = [(kind, column) for kind, filters in KINDS.items() for column in filters]
    for number, (kind, column) in enumerate(columns):
        order = f"sort_keys={column}&sort_dirs={('asc', 'desc')[number % 2]}&fields=id"
        whole = (await rest.get(f"/v2/{kind}?{order}")).json()[kind]
        assert len(whole) > 1, (kind, order)
        assert await paged(rest, f"/v2/{kind}?{order}&limit=1", kind) == whole, order


async def paged(rest, address: str | None, kind: str) -> list[dict]:
    seen: list[dict] = []
    while address:
        answer = (await rest.get(address)).json()
        seen += answer[kind]
        parts = urlsplit(answer["next"]) if "next" in answer else None
        address = f"{parts.path}?{parts.query}" if parts else None
    return seen
