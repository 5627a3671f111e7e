"""Lists of the public gRPC API: filters, orders, masks, and tokens that belong to one list."""

import base64
from datetime import timedelta

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from tests.api_gateway.conftest import NOON
from tests.api_gateway.public_api import Api, details, field_of, methods


@pytest.fixture
def api(channel):
    return Api(channel)


async def refusal(call) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return raised.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("state = ERROR", {"b"}),
        ("state = STATE_ERROR", {"b"}),
        ("state IN (ERROR, RUNNING)", {"a", "b"}),
        ("state NOT IN (ERROR)", {"a", "c"}),
        ('description = "a" ', {"a"}),
        ("description != a AND state=RUNNING", set()),
        ("description:b", {"b"}),
        ("tags:red", {"a", "c"}),
        ("tags IN (blue, red)", {"a", "b", "c"}),
        ("created_at > 2026-05-04T12:00:30Z", {"b", "c"}),
        ('created_at > "2026-05-04 12:00:30" AND created_at <= 2026-05-04T12:01:00.123456Z', {"b"}),
        ("finished_at = null", {"a"}),
        ("root_execution_id = null", {"a", "b", "c"}),
        ("workflow_version >= 2", set()),
        ('state_info = "say \\"hi\\""', {"c"}),
    ],
)
async def test_a_filter_finds_what_fits(api, rows, name, text, expected):
    await rows.execution(name, description="a", tags=["red"])
    later = NOON + timedelta(minutes=1)
    await rows.execution(name, description="b", tags=["blue"], state="ERROR", created_at=later)
    latest = NOON + timedelta(minutes=2)
    await rows.execution(
        name, description="c", tags=["red", "dark"], state="SUCCESS", created_at=latest, state_info='say "hi"'
    )

    answer = await api.ListExecutions(filter=f"workflow_name = {name} AND {text}")

    assert {each.description for each in answer.executions} == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("state", "expected an operator such as = or IN at the end"),
        ("state = ", "expected a value at the end"),
        ("state = ERROR OR state = RUNNING", "joined by AND only"),
        ("state = ERROR state = RUNNING", "expected AND instead of 'state'"),
        ("state = ERROR AND", "expected the name of a field at the end"),
        ("state = NOWHERE", "There is no state 'NOWHERE'"),
        ("nothing = 1", "names 'nothing'; there are: id"),
        ("etag = 1", "names 'etag'"),
        ("tags > a", "cannot be compared"),
        ("workflow_version = many", "many"),
        ("created_at > yesterday", "yesterday"),
        ("state IN ERROR", "expected ( and values"),
        ("state IN (ERROR", "expected ) or a comma at the end"),
        ("state != null", "null can only be compared by ="),
        ("(state = ERROR)", "expected the name of a field"),
        ('state = "ERROR', "expected a value"),
        ("workflow_version = 99999999999999999999", "99999999999999999999"),
        (" AND ".join(["state = ERROR"] * 40), "more than 32 conditions"),
        ("x" * 5000, "more than 4096 characters"),
    ],
)
async def test_a_filter_that_is_none_is_refused_with_its_place(api, text, complaint):
    error = await refusal(api.ListExecutions(filter=text))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert complaint in error.details()
    assert field_of(error) == "filter"


async def test_an_order_sorts_and_pages_follow_it(api, rows, name):
    for description in ("b", "c", "a", "d"):
        await rows.execution(name, description=description)
    seen, token = [], ""

    while True:
        page = await api.ListExecutions(
            workflow_name=name, order_by="description desc, created_at", page_size=3, page_token=token
        )
        seen += [each.description for each in page.executions]
        if not (token := page.next_page_token):
            break

    assert seen == ["d", "c", "b", "a"]
    for text in ("nothing", "name sideways", "created_at desc desc", "etag"):
        assert field_of(await refusal(api.ListExecutions(order_by=text))) == "order_by"


async def test_a_token_belongs_to_its_list(api, rows, name):
    for _ in range(3):
        await rows.execution(name)
    token = (await api.ListExecutions(workflow_name=name, page_size=1)).next_page_token

    other = [
        api.ListExecutions(workflow_name=name, filter="state = ERROR", page_size=1, page_token=token),
        api.ListExecutions(workflow_name=name, order_by="id", page_token=token),
        api.ListExecutions(page_token=token),
        api.ListTasks(page_token=token),
        api.ListExecutions(workflow_name=name, page_token=base64.urlsafe_b64encode(b"1:x").decode()),
        api.ListExecutions(workflow_name=name, page_token="\u00e9%"),
    ]
    errors = [await refusal(call) for call in other]

    assert {error.code() for error in errors} == {grpc.StatusCode.INVALID_ARGUMENT}
    assert {field_of(error) for error in errors} == {"page_token"}
    # The size and what is shown may change from page to page.
    mask = FieldMask(paths=["id"])
    page = await api.ListExecutions(workflow_name=name, page_size=9, page_token=token, read_mask=mask)
    assert len(page.executions) == 2


async def test_a_mask_fills_in_what_it_names(api, rows, name):
    found = await rows.execution(name, state="SUCCESS", output={"n": 1}, globals={"g": 2})
    mask = FieldMask(paths=["id", "output", "state"])

    listed = (await api.ListExecutions(workflow_name=name, read_mask=mask)).executions[0]
    got = (await api.GetExecution(id=found, read_mask=mask)).execution
    whole = (await api.GetExecution(id=found)).execution
    everything = (await api.GetExecution(id=found, read_mask=FieldMask(paths=["*"]))).execution
    wrong = await refusal(api.GetExecution(id=found, read_mask=FieldMask(paths=["state.x"])))

    assert listed == got
    assert {field.name for field, _ in got.ListFields()} == {"id", "output", "state"}
    assert whole == everything
    assert (whole.published_global, whole.etag != "") == ('{"g": 2}', True)
    assert field_of(wrong) == "read_mask"
    assert "there are: id, " in wrong.details()


async def test_tasks_and_actions_know_their_filters_and_masks(api, rows, name):
    execution = await rows.execution(name)
    task = await rows.task(execution, "t", type="WORKFLOW", state="ERROR", tags=["x"])
    await rows.task(execution, "u")
    action = await rows.action(execution, task, output=5, index=3)

    tasks = await api.ListTasks(filter=f"execution_id = {execution} AND type = TASK_TYPE_WORKFLOW AND tags:x")
    names = await api.ListTasks(execution_id=execution, order_by="name desc", read_mask=FieldMask(paths=["name"]))
    actions = await api.ListActionExecutions(
        filter=f"task_id = {task} AND index = 3", read_mask=FieldMask(paths=["id", "output"])
    )
    result = (await api.GetTask(id=task, read_mask=FieldMask(paths=["result"]))).task

    assert [(each.id, each.project_id) for each in tasks.tasks] == [(task, "<default-project>")]
    assert [each.name for each in names.tasks] == ["u", "t"]
    assert [(each.id, each.output) for each in actions.action_executions] == [(action, '{"result": 5}')]
    assert {field.name for field, _ in result.ListFields()} == {"result"}


async def test_definitions_know_their_filters(api, name, workflow_text):
    await api.CreateWorkflows(definition=workflow_text(name))

    found = await api.ListWorkflows(filter=f"name = {name} AND tags:nightly AND scope = private AND version = 1")
    none = await api.ListWorkflows(filter=f"name = {name} AND scope = public")

    assert [each.name for each in found.workflows] == [name]
    assert (found.workflows[0].definition, found.workflows[0].etag != "") == ("", True)
    assert not none.workflows


async def test_a_page_after_something_that_is_gone_says_so(api, rows, pool, name):
    for _ in range(3):
        await rows.execution(name)
    page = await api.ListExecutions(workflow_name=name, page_size=1)
    await pool.execute("DELETE FROM execution WHERE workflow_name = $1", name)

    error = await refusal(api.ListExecutions(workflow_name=name, page_size=1, page_token=page.next_page_token))

    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert details(error)["ErrorInfo"].reason == "NOT_FOUND"


# Lists that are short, and whole in one answer or as good as.
SHORT = {"ListServices", "ListApiKeys", "ListWorkers", "ListFleetWorkers"}
LISTS = [one for one in methods() if one.name.startswith("List") and one.name not in SHORT]


@pytest.mark.parametrize("rpc", LISTS, ids=lambda one: one.name)
def test_every_list_pages_filters_sorts_and_masks(rpc):
    missing = {"page_size", "page_token", "filter", "order_by", "read_mask"} - set(rpc.input_type.fields_by_name)

    assert not missing


async def test_things_of_other_projects_are_neither_listed_nor_counted_nor_shown(api, rows, name):
    foreign = await rows.execution(name, project_id="another")
    task = await rows.task(foreign, "t")
    mine = await rows.execution(name)

    listed = await api.ListExecutions(filter=f"workflow_name = {name}")
    tasks = await api.ListTasks(filter=f"execution_id = {foreign}")
    selection = {"filter": f"id IN ({foreign}, {mine})", "validate_only": True}
    counted = [answer.progress async for answer in api.BulkPauseExecutions(selection=selection)]
    hidden = [
        api.GetExecution(id=foreign),
        api.GetExecution(id=foreign, read_mask=FieldMask(paths=["id"])),
        api.GetExecutionTree(id=foreign),
        api.GetExecutionTree(id=mine, task_id=task),
        api.GetExecutionReport(id=foreign),
        api.StartExecution(source_execution_id=foreign),
        api.DeleteExecution(id=foreign, force=True),
    ]

    assert [each.id for each in listed.executions] == [mine]
    assert not tasks.tasks
    assert [(each.matched, list(each.sample_ids)) for each in counted] == [(1, [mine])]
    assert [(await refusal(call)).code() for call in hidden] == [grpc.StatusCode.NOT_FOUND] * len(hidden)
