"""Lists over REST: filters, order, paging by key, and every wrong argument refused."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest


@pytest.fixture
async def five(rows, name):
    """Five executions, an hour apart, of which every second failed."""
    noon = datetime(2026, 5, 4, 12, tzinfo=UTC)
    return [
        await rows.execution(
            name,
            description=f"run {number} of 100%",
            state=("SUCCESS", "ERROR")[number % 2],
            state_info=None if number % 2 == 0 else "broken",
            tags=["a", "b"] if number == 0 else ["a"],
            created_at=noon + timedelta(hours=number),
        )
        for number in range(5)
    ]


async def ids(rest, query):
    answer = await rest.get(f"/v2/executions?{query}")
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["executions"]]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("state=ERROR", [1, 3]),
        ("state=eq:ERROR", [1, 3]),
        ("state=neq:ERROR", [0, 2, 4]),
        ("state=in:ERROR,SUCCESS&state=nin:SUCCESS", [1, 3]),
        ("state=RUNNING", []),
        ("description=has:run 3", [3]),
        ("description=has:100%25", [0, 1, 2, 3, 4]),
        ("description=has:1_0", []),
        ("created_at=gt:2026-05-04 14:00:00", [3, 4]),
        ("created_at=gte:2026-05-04 14:00:00&created_at=lt:2026-05-04 15:00:00", [2]),
        ("created_at=2026-05-04 13:00:00", [1]),
        ("tags=a,b", [0]),
        ("tags=a", [0, 1, 2, 3, 4]),
        ("nulls=state_info", [0, 2, 4]),
        ("sort_keys=created_at&sort_dirs=desc", [4, 3, 2, 1, 0]),
        ("sort_keys=state,created_at&sort_dirs=asc,desc", [3, 1, 4, 2, 0]),
        ("sort_keys=name,created_at&sort_dirs=desc", [0, 1, 2, 3, 4]),
        ("task_execution_id=11111111-2222-4333-8444-555555555555", []),
    ],
)
async def test_filters_and_order(rest, name, five, query, wanted):
    assert await ids(rest, f"workflow_name={name}&{query}") == [five[number] for number in wanted]


@pytest.mark.parametrize(
    "order",
    [
        "",
        "&sort_keys=created_at&sort_dirs=desc",
        "&sort_keys=state,created_at&sort_dirs=asc,desc",
        "&sort_keys=state_info",
    ],
)
async def test_pages_give_everything_once(rest, name, five, order):
    address, seen = f"/v2/executions?workflow_name=in:{name},x&limit=2&fields=state{order}", []

    while address:
        answer = (await rest.get(address)).json()
        seen += [each["id"] for each in answer["executions"]]
        assert all(list(each) == ["id", "state"] for each in answer["executions"])
        parts = urlsplit(answer["next"]) if "next" in answer else None
        address = f"{parts.path}?{parts.query}" if parts else None

    assert seen == await ids(rest, f"workflow_name={name}{order}")
    assert sorted(seen) == sorted(five)


async def test_the_next_page_is_told_only_when_this_one_is_full(rest, name, five):
    assert "next" in (await rest.get(f"/v2/executions?workflow_name={name}&limit=5")).json()
    assert "next" not in (await rest.get(f"/v2/executions?workflow_name={name}&limit=6")).json()


async def test_outputs_come_only_when_asked_for(rest, rows, name):
    await rows.execution(name, state="SUCCESS", output={"r": 1})

    plain = (await rest.get(f"/v2/executions?workflow_name={name}")).json()["executions"][0]
    asked = (await rest.get(f"/v2/executions?workflow_name={name}&include_output=true")).json()["executions"][0]
    named = (await rest.get(f"/v2/executions?workflow_name={name}&fields=output")).json()["executions"][0]

    assert "output" not in plain
    assert "published_global" not in plain
    assert asked["output"] == named["output"] == '{"r": 1}'


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-3",
        "limit=many",
        "fields=nonsense",
        "sort_dirs=sideways",
        "sort_keys=state&sort_dirs=asc,desc",
        "sort_keys=nonsense",
        "marker=not-a-uuid",
        "bogus=1",
        "created_at=gt:yesterday",
        "root_execution_id=no-uuid",
        "workflow_id=in:11111111-2222-4333-8444-555555555555,no-uuid",
        "description=a%00b",
        "include_output=perhaps",
        "nulls=nonsense",
    ],
)
async def test_wrong_arguments_are_refused(rest, query):
    answer = await rest.get(f"/v2/executions?{query}")

    assert answer.status_code == 400
    assert answer.json()["faultcode"] == "Client"
    assert answer.json()["debuginfo"] is None
    assert answer.json()["faultstring"]


async def test_other_projects_things_are_not_seen(rest, rows, name):
    foreign = await rows.execution(name, project_id="other")
    task = await rows.task(foreign, "t")

    assert await ids(rest, f"workflow_name={name}") == []
    assert (await rest.get(f"/v2/executions/{foreign}")).status_code == 404
    assert (await rest.get(f"/v2/tasks/{task}")).status_code == 404


@pytest.mark.parametrize("kind", ["executions", "tasks", "action_executions", "workflows", "workbooks", "environments"])
async def test_a_page_after_something_that_is_gone_is_not_found(rest, kind):
    answer = await rest.get(f"/v2/{kind}?marker=11111111-2222-4333-8444-555555555555")

    assert answer.status_code == 404
    assert (await rest.get("/v2/actions?marker=nothing_of_that_name")).status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('{"b": [1, {"c": null}], "a": 1.0}', True),
        ('eq:{"a":1,"b":[1,{"c":null}]}', True),
        ('neq:{"a": 1}', True),
        ('{"a": 1}', False),
        ('neq:{"a":1,"b":[1,{"c":null}]}', False),
        ("has:null", True),
    ],
)
async def test_fields_of_json_are_equal_when_they_mean_the_same(rest, rows, name, query, found):
    await rows.execution(name, input={"a": 1, "b": [1, {"c": None}]})
    await rows.execution(name, input={"nul": "\0", "null": 1}, state="ERROR")

    assert len(await ids(rest, f"workflow_name={name}&state=RUNNING&input={query}")) == int(found)


@pytest.mark.parametrize("value", ["no json", '"\\u0000"'])
async def test_what_is_no_json_is_not_looked_for(rest, value):
    assert (await rest.get("/v2/executions", params={"input": value})).status_code == 400


async def test_fields_and_truth_values_may_be_written_in_several_ways(rest, rows, name):
    execution = await rows.execution(name, state="SUCCESS", output={})
    await rows.task(execution, "t", processed=True)

    for word in ("True", "1", "on", "Y", "t"):
        (shown,) = (await rest.get(f"/v2/executions?workflow_name={name}&include_output={word}")).json()["executions"]
        assert "output" in shown
        assert len((await rest.get(f"/v2/tasks?workflow_name={name}&processed={word}")).json()["tasks"]) == 1
    (shown,) = (await rest.get(f"/v2/executions?workflow_name={name}&fields=State,%20ID")).json()["executions"]
    assert list(shown) == ["id", "state"]
