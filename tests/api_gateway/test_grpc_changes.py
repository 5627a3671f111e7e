"""Changes over the public gRPC API: created once under a request id, changed only as it was read, and in parts."""

import asyncio
import json
from uuid import uuid4

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from mistral.v1 import workflow_pb2
from mistral_api_gateway.settings import GatewaySettings
from tests.api_gateway.public_api import Api, details, field_of, methods

ACTION = "version: '2.0'\n{name}: {{base: std.echo, base-input: {{output: hi}}}}\n"
BOOK = "version: '2.0'\nname: {name}\nworkflows:\n  w: {{tasks: {{t: {{action: std.noop}}}}}}\n"


@pytest.fixture
def settings(database: str, nats: str) -> GatewaySettings:
    environ = {
        "MISTRAL_DATABASE_URL": database,
        "MISTRAL_NATS_URL": nats,
        "MISTRAL_HTTP_LISTEN": "127.0.0.1:0",
        "MISTRAL_DRAIN_SECONDS": "1",
        "MISTRAL_DYNAMIC_ACTIONS": "true",
        "MISTRAL_GATEWAY_POOL_SIZE": "2",
    }
    return GatewaySettings.read(environ)


@pytest.fixture
def api(channel):
    return Api(channel)


async def refusal(call) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return raised.value


def creations(name: str, text: str) -> dict[str, dict]:
    return {
        "CreateWorkflows": {"definition": text},
        "CreateWorkbook": {"definition": BOOK.format(name=name)},
        "CreateActions": {"definition": ACTION.format(name=name)},
        "CreateEnvironment": {"name": name, "variables": '{"a": 1}'},
        "CreateCodeSource": {"name": name, "content": "x = 1"},
    }


async def test_what_is_created_under_a_request_id_is_created_once(api, name, workflow_text, pool):
    for rpc, fields in creations(name, workflow_text(name)).items():
        key = str(uuid4())

        first = await getattr(api, rpc)(**fields, request_id=key)
        again = await getattr(api, rpc)(**fields, request_id=key)
        other = (
            await refusal(getattr(api, rpc)(**fields, namespace="n", request_id=key)) if "name" not in fields else None
        )
        plain = await refusal(getattr(api, rpc)(**fields))

        assert again == first
        assert plain.code() is grpc.StatusCode.ALREADY_EXISTS
        if other is not None:
            assert other.code() is grpc.StatusCode.ALREADY_EXISTS
            assert details(other)["ErrorInfo"].reason == "REQUEST_ID_REUSED"
    assert await pool.fetchval("SELECT count(*) FROM answered_request WHERE response IS NULL") == 0


async def test_many_repeats_at_once_create_one_thing(api, name):
    calls = [api.CreateEnvironment(name=name, request_id=name) for _ in range(20)]

    answers = await asyncio.gather(*calls)

    assert len({answer.environment.id for answer in answers}) == 1


async def test_a_request_that_failed_may_be_repeated_with_its_id(api, name, workflow_text):
    await api.CreateEnvironment(name=name)

    refused = await refusal(api.CreateEnvironment(name=name, request_id=name))
    await api.DeleteEnvironment(name=name)
    answer = await api.CreateEnvironment(name=name, request_id=name)

    assert refused.code() is grpc.StatusCode.ALREADY_EXISTS
    assert answer.environment.name == name


async def test_a_request_id_is_forgotten_after_a_day(api, name, pool):
    await api.CreateEnvironment(name=name, request_id=name)
    await pool.execute("UPDATE answered_request SET created_at = now() - interval '25 hours'")

    refused = await refusal(api.CreateEnvironment(name=name, request_id=name))
    await api.CreateEnvironment(name=f"{name}_2", request_id=f"{name}_2")

    assert details(refused)["ErrorInfo"].reason == "CONFLICT"
    assert await pool.fetchval("SELECT count(*) FROM answered_request WHERE request_id = $1", name) == 0


async def test_a_request_id_that_is_too_long_is_refused(api, name):
    assert field_of(await refusal(api.CreateEnvironment(name=name, request_id="x" * 129))) == "request_id"


# The answer of the one holds a secret, which is told once and not kept; the other names what it creates.
OTHERWISE = {"CreateApiKey", "CreateWorkflowMember"}
CREATING = [one for one in methods() if one.name.startswith("Create") and one.name not in OTHERWISE]


@pytest.mark.parametrize("rpc", CREATING, ids=lambda one: one.name)
def test_everything_that_creates_takes_a_request_id(rpc):
    assert "request_id" in rpc.input_type.fields_by_name


async def test_a_change_of_what_was_changed_meanwhile_is_refused(api, name, workflow_text):
    text = workflow_text(name)
    stored = (await api.CreateWorkflows(definition=text)).workflows[0]
    changed = (await api.UpdateWorkflow(identifier=name, definition=text + "# 1\n", etag=stored.etag)).workflow

    refused = [
        await refusal(api.UpdateWorkflow(identifier=name, definition=text + "# 2\n", etag=stored.etag)),
        await refusal(api.UpdateWorkflows(definition=text + "# 2\n", etags={name: stored.etag})),
        await refusal(api.DeleteWorkflow(identifier=name, etag=stored.etag)),
    ]
    got = (await api.GetWorkflow(identifier=name)).workflow
    await api.UpdateWorkflows(definition=text + "# 3\n", etags={name: changed.etag, "another": "x"})

    assert [error.code() for error in refused] == [grpc.StatusCode.ABORTED] * 3
    assert {details(error)["ErrorInfo"].reason for error in refused} == {"ETAG_MISMATCH"}
    assert details(refused[0])["ResourceInfo"].resource_name == name
    assert (got.etag, got.version) == (changed.etag, 2)
    assert stored.etag != changed.etag


async def test_of_two_changes_of_the_same_state_one_wins(api, name):
    made = (await api.CreateEnvironment(name=name, variables='{"n": 0}')).environment
    calls = [api.UpdateEnvironment(name=name, variables=f'{{"n": {n}}}', etag=made.etag) for n in range(1, 9)]

    answers = await asyncio.gather(*calls, return_exceptions=True)

    won = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert len(won) == 1
    assert (await api.GetEnvironment(name=name)).environment == won[0].environment
    assert {one.code() for one in answers if isinstance(one, grpc.aio.AioRpcError)} == {grpc.StatusCode.ABORTED}


async def test_every_kind_of_definition_has_an_etag_that_counts(api, name):
    book = (await api.CreateWorkbook(definition=BOOK.format(name=name))).workbook
    action = (await api.CreateActions(definition=ACTION.format(name=name))).actions[0]
    source = (await api.CreateCodeSource(name=name, content="x = 1")).code_source
    made = await api.CreateDynamicAction(name=name, class_name="C", code_source=name)

    stale = [
        api.UpdateWorkbook(definition=BOOK.format(name=name), etag="old"),
        api.DeleteWorkbook(name=name, etag="old"),
        api.UpdateAction(identifier=name, definition=ACTION.format(name=name), etag="old"),
        api.UpdateActions(definition=ACTION.format(name=name), etags={name: "old"}),
        api.DeleteAction(identifier=name, etag="old"),
        api.UpdateDynamicAction(identifier=name, class_name="D", etag="old"),
        api.DeleteDynamicAction(identifier=name, etag="old"),
        api.UpdateCodeSource(identifier=name, content="x = 2", etag="old"),
        api.DeleteCodeSource(identifier=name, etag="old"),
    ]
    codes = [(await refusal(call)).code() for call in stale]
    await api.UpdateWorkbook(definition=BOOK.format(name=name), etag=book.etag)
    await api.UpdateAction(identifier=name, definition=ACTION.format(name=name), etag=action.etag)
    await api.UpdateDynamicAction(identifier=name, class_name="D", etag=made.dynamic_action.etag)
    changed = await api.UpdateCodeSource(identifier=name, content="x = 2", etag=source.etag)
    await api.DeleteCodeSource(identifier=name, etag=changed.code_source.etag)

    assert codes == [grpc.StatusCode.ABORTED] * len(stale)


async def test_an_update_mask_says_what_is_replaced_also_by_nothing(api, name):
    given = {"name": name, "description": "d", "variables": '{"a": 1}', "scope": workflow_pb2.SCOPE_PUBLIC}
    await api.CreateEnvironment(**given)

    mask = FieldMask(paths=["description", "scope"])
    cleared = (await api.UpdateEnvironment(name=name, variables='{"b": 2}', update_mask=mask)).environment
    emptied = (await api.UpdateEnvironment(name=name, update_mask=FieldMask(paths=["variables"]))).environment
    wrong = await refusal(api.UpdateEnvironment(name=name, update_mask=FieldMask(paths=["name"])))

    assert (cleared.description, cleared.scope) == ("", workflow_pb2.SCOPE_PRIVATE)
    assert json.loads(cleared.variables) == {"a": 1}
    assert json.loads(emptied.variables) == {}
    assert field_of(wrong) == "update_mask"


async def test_code_and_dynamic_actions_are_changed_in_parts(api, name):
    await api.CreateCodeSource(name=name, content="x = 1")
    await api.CreateDynamicAction(name=name, class_name="C", code_source=name)

    public = FieldMask(paths=["scope"])
    shared = await api.UpdateCodeSource(identifier=name, scope=workflow_pb2.SCOPE_PUBLIC, update_mask=public)
    renamed = await api.UpdateDynamicAction(identifier=name, new_name=f"{name}_2", class_name="D")
    kept = await api.UpdateDynamicAction(
        identifier=f"{name}_2", class_name="E", scope=workflow_pb2.SCOPE_PUBLIC, update_mask=public
    )
    nothing = await refusal(
        api.UpdateDynamicAction(identifier=f"{name}_2", update_mask=FieldMask(paths=["class_name"]))
    )

    assert (shared.code_source.content, shared.code_source.scope) == ("x = 1", workflow_pb2.SCOPE_PUBLIC)
    assert (renamed.dynamic_action.name, renamed.dynamic_action.class_name) == (f"{name}_2", "D")
    assert (kept.dynamic_action.class_name, kept.dynamic_action.scope) == ("D", workflow_pb2.SCOPE_PUBLIC)
    assert field_of(nothing) == "class_name"


async def test_one_workflow_is_updated_by_its_id_and_may_get_another_name(api, name, workflow_text):
    stored = (await api.CreateWorkflows(definition=workflow_text(name))).workflows[0]

    renamed = (await api.UpdateWorkflow(identifier=stored.id, definition=workflow_text(f"{name}_2"))).workflow
    nameless = await refusal(api.UpdateWorkflow(definition=workflow_text(name)))

    assert (renamed.id, renamed.name, renamed.version) == (stored.id, f"{name}_2", 2)
    assert json.loads(renamed.interface)["input"]
    assert field_of(nameless) == "identifier"
