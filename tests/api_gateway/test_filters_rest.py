"""Filters over REST: each operator on each kind of column, what is refused by name and value, links that hold."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
OTHER_ID = "11111111-2222-4333-8444-555555555555"


async def listed(rest, kind: str, **query: str) -> list[str]:
    answer = await rest.get(f"/v2/{kind}", params={"limit": "1000", **query})
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()[kind]]


@pytest.fixture
async def three(rest, rows, name):
    """Three executions: a second and a half apart, the middle one a sub-workflow's."""
    parent = await rows.execution(name, id=str(uuid4()), description="ä & b + c", state="RUNNING", created_at=NOON)
    return [
        parent,
        await rows.execution(
            name,
            created_at=NOON + timedelta(seconds=1.5),
            updated_at=NOON + timedelta(seconds=2),
            root_id=parent,
            parent_id=parent,
            task_execution_id=OTHER_ID,
            state="ERROR",
            state_info="no",
            tags=["a", "b c"],
            workflow_id=OTHER_ID,
            output={"x": 1},
        ),
        await rows.execution(
            name, created_at=NOON + timedelta(seconds=3), state="SUCCESS", tags=["a"], output={}, input={"k": [1]}
        ),
    ]


@pytest.mark.parametrize(
    ("column", "value", "wanted"),
    [
        # Texts.
        ("state", "eq:ERROR", [1]),
        ("state", "neq:ERROR", [0, 2]),
        ("state", "gt:ERROR", [0, 2]),
        ("state", "gte:RUNNING", [0, 2]),
        ("state", "lt:RUNNING", [1]),
        ("state", "lte:RUNNING", [0, 1]),
        ("state", "in:ERROR, SUCCESS", [1, 2]),
        ("state", "nin:ERROR,SUCCESS", [0]),
        ("state", "has:RR", [1]),
        ("state", "in:", []),
        ("state_info", "no", [1]),
        ("state_info", "neq:yes", [1]),
        ("description", "ä & b + c", [0]),
        ("description", "has:& b +", [0]),
        ("description", "unknown:operator", []),
        ("workflow_namespace", "", [0, 1, 2]),
        # Times compare to the second.
        ("created_at", "2026-05-04 12:00:01", [1]),
        ("created_at", "eq:2026-05-04T12:00:01Z", [1]),
        ("created_at", "eq:2026-05-04 12:00:01.500000", []),
        ("created_at", "neq:2026-05-04 12:00:01", [0, 2]),
        ("created_at", "neq:2026-05-04 12:00:01.5", [0, 1, 2]),
        ("created_at", "gt:2026-05-04 12:00:01", [2]),
        ("created_at", "gte:2026-05-04 12:00:01", [1, 2]),
        ("created_at", "gte:2026-05-04 12:00:01.2", [2]),
        ("created_at", "lt:2026-05-04 12:00:01", [0]),
        ("created_at", "lt:2026-05-04 12:00:01.2", [0, 1]),
        ("created_at", "lte:2026-05-04 12:00:01", [0, 1]),
        ("created_at", "in:2026-05-04 12:00:00,2026-05-04 12:00:01", [0, 1]),
        ("created_at", "nin:2026-05-04 12:00:00,2026-05-04 12:00:01", [2]),
        ("created_at", "has:12:00:01", [1]),
        ("created_at", "gte:2026-05-04", [0, 1, 2]),
        ("created_at", "lt:9999-12-31 23:59:59", [0, 1, 2]),
        ("created_at", "gt:9999-12-31 23:59:59", []),
        ("updated_at", "2026-05-04 12:00:02", [1]),
        # Ids.
        ("workflow_id", OTHER_ID, [1]),
        ("workflow_id", f"neq:{OTHER_ID}", [0, 2]),
        ("workflow_id", f"in:{OTHER_ID.upper()},{OTHER_ID}", [1]),
        ("workflow_id", f"nin:{OTHER_ID}", [0, 2]),
        ("workflow_id", "has:2222-4333", [1]),
        ("task_execution_id", OTHER_ID, [1]),
        ("task_execution_id", f"gte:{OTHER_ID}", [1]),
        # Tags.
        ("tags", "a", [1, 2]),
        ("tags", "a,b c", [1]),
        ("tags", "in:b c,x", [1]),
        ("tags", "nin:b c,x", [0, 2]),
        ("tags", "neq:a", [0]),
        ("tags", "has:a", [1, 2]),
        ("tags", "", [0, 1, 2]),
        # JSON.
        ("input", '{"k": [1]}', [2]),
        ("input", 'neq:{"k":[1]}', [0, 1]),
        ("input", 'has:"k"', [2]),
        ("output", '{"x": 1}', [1]),
        # What is missing.
        ("nulls", "state_info", [0, 2]),
        ("nulls", "task_execution_id, root_execution_id", [0, 2]),
        ("nulls", "output", [0]),
        ("nulls", "state", []),
        ("nulls", "", [0, 1, 2]),
    ],
)
async def test_executions_by_each_operator(rest, name, three, column, value, wanted):
    found = await listed(rest, "executions", workflow_name=name, **{column: value})

    assert found == [three[number] for number in wanted]


async def test_several_conditions_on_one_column_all_hold(rest, name, three):
    query = [
        ("workflow_name", name),
        ("created_at", "gte:2026-05-04 12:00:01"),
        ("created_at", "lt:2026-05-04 12:00:03"),
    ]

    answer = await rest.get("/v2/executions", params=query)

    assert [each["id"] for each in answer.json()["executions"]] == [three[1]]


@pytest.fixture
async def family(rows, name):
    """An execution with two tasks, each with an action."""
    execution = await rows.execution(name, state="SUCCESS", output={})
    first = await rows.task(execution, "first", published={"a": 1}, tags=["x", "y"], finished_at=None)
    second = await rows.task(execution, "second", state="ERROR", processed=False, created_at=NOON + timedelta(hours=1))
    actions = [
        await rows.action(execution, first, name="std.echo"),
        await rows.action(execution, second, name="std.http", accepted=False, state="ERROR"),
    ]
    return execution, [first, second], actions


@pytest.mark.parametrize(
    ("column", "value", "wanted"),
    [
        ("name", "first", [0]),
        ("name", "gt:first", [1]),
        ("state", "in:ERROR,PAUSED", [1]),
        ("type", "ACTION", [0, 1]),
        ("processed", "true", [0]),
        ("processed", "neq:true", [1]),
        ("processed", "in:false,true", [0, 1]),
        ("tags", "x,y", [0]),
        ("tags", "nin:x", [1]),
        ("created_at", "gt:2026-05-04 12:30:00", [1]),
        ("finished_at", "gte:2026-05-04 12:00:00", [1]),
        ("nulls", "finished_at", [0]),
        ("nulls", "state_info", [0, 1]),
    ],
)
async def test_tasks_by_each_kind_of_column(rest, name, family, column, value, wanted):
    execution, tasks, _ = family
    chosen = [tasks[number] for number in wanted]

    assert await listed(rest, "tasks", workflow_execution_id=execution, **{column: value}) == chosen
    assert await listed(rest, "tasks", workflow_name=name, **{column: value}) == chosen
    answer = await rest.get(f"/v2/executions/{execution}/tasks", params={column: value})
    assert [each["id"] for each in answer.json()["tasks"]] == chosen


@pytest.mark.parametrize(
    ("column", "value", "wanted"),
    [
        ("name", "std.echo", [0]),
        ("state", "ERROR", [1]),
        ("accepted", "false", [1]),
        ("task_name", "has:sec", [1]),
        ("created_at", "2026-05-04 12:00:00", [0, 1]),
        ("nulls", "state_info", [0, 1]),
        ("nulls", "output", []),
    ],
)
async def test_action_executions_by_each_kind_of_column(rest, name, family, column, value, wanted):
    _, _, actions = family
    found = await listed(rest, "action_executions", workflow_name=name, sort_keys="name", **{column: value})

    assert found == [actions[number] for number in wanted]


async def test_action_executions_of_tasks_are_found_by_their_ids(rest, family):
    _, (first, second), actions = family

    assert await listed(rest, "action_executions", task_execution_id=first) == [actions[0]]
    both = await listed(rest, "action_executions", task_execution_id=f"in:{first},{second}", sort_keys="name")
    assert both == actions
    assert await listed(rest, "action_executions", task_execution_id=str(uuid4())) == []


@pytest.mark.parametrize(
    ("kind", "column", "value"),
    [
        ("executions", "created_at", "gt:yesterday"),
        ("executions", "created_at", ""),
        ("executions", "created_at", "in:2026-05-04 12:00:00,soon"),
        ("executions", "updated_at", "2026-13-01 00:00:00"),
        ("executions", "updated_at", "0001-01-01T00:00:00+14:00"),
        ("executions", "workflow_id", "no-uuid"),
        ("executions", "workflow_id", "neq:" + "-" * 4 + "0" * 32),
        ("executions", "task_execution_id", f"in:{OTHER_ID},x"),
        ("executions", "state", "ERR\0OR"),
        ("executions", "tags", "a,\0"),
        ("executions", "tags", "gt:a"),
        ("executions", "input", "{"),
        ("executions", "input", "[" * 5000 + "]" * 5000),
        ("executions", "input", '{"k": 1e999999}'),
        ("executions", "input", '"\\ud800"'),
        ("executions", "nulls", "nonsense"),
        ("tasks", "processed", "perhaps"),
        ("tasks", "workflow_execution_id", "gt:1"),
        ("tasks", "nulls", "body"),
        ("action_executions", "accepted", "in:true,2"),
        ("cron_triggers", "remaining_executions", "many"),
        ("cron_triggers", "remaining_executions", "gt:" + "9" * 30),
        ("workflows", "created_at", "lte:now"),
    ],
)
async def test_what_does_not_fit_its_column_is_refused_by_name(rest, kind, column, value):
    answer = await rest.get(f"/v2/{kind}", params={column: value})

    assert answer.status_code == 400, answer.text
    assert f"Invalid input for argument {column}. Value: " in answer.json()["faultstring"]
    assert len(answer.json()["faultstring"]) < 600


@pytest.mark.parametrize("value", ["gt:2147483648", "-9223372036854775807", "in:1,99999999999"])
async def test_numbers_may_be_larger_than_any_that_is_stored(rest, value):
    assert (await rest.get("/v2/cron_triggers", params={"remaining_executions": value})).status_code == 200


async def test_bytes_that_are_no_text_are_no_trouble(rest):
    for raw in ("%ED%A0%80", "%FF", "%F4%90%80%80", "has:%25", "in:%2C%2C"):
        assert (await rest.get(f"/v2/executions?description={raw}")).status_code == 200


async def test_long_lists_of_values_are_looked_for(rest, name, three):
    many = ",".join(["nothing"] * 4000 + [name])
    ids = ",".join(str(uuid4()) for _ in range(1000))

    assert await listed(rest, "executions", workflow_name=f"in:{many}") == three
    assert await listed(rest, "executions", workflow_name=name, workflow_id=f"nin:{ids}") == three


NASTY = [
    "a&b=c",
    "ä ö 漢字 🙂",
    "50% + 50%",
    "in:x",
    "quo\"te's",
    "semi;colon#hash",
    "back\\slash",
    "comma, blank",
    "{[(<>)]}",
]


@pytest.mark.parametrize("text", NASTY)
async def test_the_next_page_is_found_whatever_the_filters_hold(rest, rows, name, text):
    made = [await rows.execution(name, description=text, tags=[text.replace(",", "")]) for _ in range(3)]
    query = {
        "workflow_name": f"in:{name},{name} other",
        "description": f"eq:{text}",
        "tags": f"eq:{text.replace(',', '')}",
        "sort_keys": "id",
        "fields": "description,tags",
        "nulls": "state_info",
        "limit": "1",
    }
    address, seen = f"/v2/executions?{urlencode(query, quote_via=quote)}", []

    while address:
        answer = await rest.get(address)
        assert answer.status_code == 200, answer.text
        seen += [each["id"] for each in answer.json()["executions"]]
        address = answer.json().get("next")

    assert seen == sorted(made)


async def test_only_the_columns_of_the_fields_are_shown(rest, name, three):
    answer = await rest.get("/v2/executions", params={"workflow_name": name, "fields": "output,state"})

    assert [list(each) for each in answer.json()["executions"]] == [["id", "output", "state"]] * 3


async def test_an_order_of_several_columns_in_several_ways(rest, name, three):
    order = {"workflow_name": name, "sort_keys": "name,state,created_at", "sort_dirs": "desc,asc"}

    assert await listed(rest, "executions", **order) == [three[1], three[0], three[2]]
    assert await listed(rest, "executions", **order, limit="2") == [three[1], three[0]]
    assert await listed(rest, "executions", **order, marker=three[1]) == [three[0], three[2]]
