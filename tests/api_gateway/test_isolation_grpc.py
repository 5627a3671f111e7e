"""Project B tries every method of gRPC against things of project A, by ids and names that it should not know."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass

from mistral.v1 import state_pb2
from mistral_api_gateway.rpc.register import SERVICES
from tests.api_gateway.isolation import OPEN, World, snapshot, world
from tests.api_gateway.isolation_events import OPEN as OPEN_EVENTS
from tests.api_gateway.isolation_events import calls_on_events, heard
from tests.api_gateway.isolation_methods import OK, attempts
from tests.api_gateway.isolation_sessions import calls_on_sessions, connected
from tests.api_gateway.isolation_subscriptions import calls_on_subscriptions, subscribed
from tests.api_gateway.isolation_workers import calls_on_workers, employed

WATCHED = "ExecutionService/WatchExecutions"
"""Never ends by itself, so it has a test of its own."""


@pytest.fixture
async def two(database: str, nats: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database, nats, tmp_path, OPEN | OPEN_EVENTS) as found:
        await heard(found)
        await subscribed(found)
        await employed(found)
        await connected(found)
        yield found


def methods() -> dict[str, MethodDescriptor]:
    """Return every method that the gateway serves, as ``Service/Method``."""
    pool = descriptor_pool.Default()
    services = [pool.FindServiceByName(f"mistral.v1.{name}") for name in SERVICES]
    found = {f"{service.name}/{method.name}": method for service in services for method in service.methods}
    assert len(found) > 70
    return found


async def told(two: World, method: MethodDescriptor, request: Mapping[str, Any], who: str = "b") -> tuple[str, str]:
    """Call a method; return its status and all that was said."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    sent = GetMessageClass(method.input_type)(**request)
    codecs = {
        "request_serializer": type(sent).SerializeToString,
        "response_deserializer": GetMessageClass(method.output_type).FromString,
    }
    metadata = two.metadata(who) if who else ()
    try:
        if method.server_streaming:
            stream = two.channel.unary_stream(path, **codecs)(sent, metadata=metadata, timeout=20)
            return OK, "".join([str(answer) async for answer in stream])
        return OK, str(await two.channel.unary_unary(path, **codecs)(sent, metadata=metadata, timeout=20))
    except grpc.aio.AioRpcError as error:
        return error.code().name, str(error.details())


async def test_no_method_leads_from_one_project_into_another(two: World) -> None:
    known, tried = (
        methods(),
        {
            **attempts(two),
            **calls_on_subscriptions(two),
            **calls_on_workers(two),
            **calls_on_events(two),
            **calls_on_sessions(two),
        },
    )
    wrong = [f"{name} is not tried" for name in known if name not in tried and name != WATCHED]
    wrong += [f"there is no {name}" for name in tried if name not in known]
    before = await snapshot(two)

    for name, each in tried.items():
        for status, request in each if name in known else ():
            code, said = await told(two, known[name], request)
            if code != status:
                wrong.append(f"{name} {request}: {code}, not {status}: {said[:200]}")
            # A refusal may repeat the id that was sent.
            if two.leaks(said) if code == OK and "starts" not in request else two.token in said:
                wrong.append(f"{name} {request} tells what is A's: {said[:300]}")

    assert not wrong, "\n".join(wrong)
    assert await snapshot(two) == before


async def test_without_a_credential_no_method_answers(two: World) -> None:
    for name, method in methods().items():
        code, said = await told(two, method, {}, who="")
        assert code == "UNAUTHENTICATED", (name, said)


async def test_a_watch_of_all_executions_shows_only_those_of_the_project(two: World) -> None:
    method = methods()[WATCHED]
    request = GetMessageClass(method.input_type)(include_tasks=True)
    stream = two.channel.unary_stream(
        f"/mistral.v1.{WATCHED}",
        request_serializer=type(request).SerializeToString,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )(request, metadata=two.metadata("b"))
    async with asyncio.timeout(30):
        await stream.read()
        start = {"workflow_id": two.things["public workflow"], "input": {"v": 1}}
        theirs = (await two.made("a", "POST", "/v2/executions", json=start))["id"]
        await two.made("a", "PUT", f"/v2/executions/{theirs}", json={"state": "CANCELLED"})
        ours = (await two.made("b", "POST", "/v2/executions", json=start))["id"]
        await two.made("b", "PUT", f"/v2/executions/{ours}", json={"state": "CANCELLED"})
        while True:
            answer = await stream.read()
            if answer.HasField("event"):
                assert answer.event.execution_id == ours
                if answer.event.state == state_pb2.STATE_CANCELLED and not answer.event.task_id:
                    break
    stream.cancel()


@pytest.mark.parametrize("plural", ["Executions", "Tasks", "ActionExecutions", "Environments", "Workflows"])
async def test_a_page_token_of_another_project_leads_nowhere(two: World, plural: str) -> None:
    method = methods()[f"{plural.removesuffix('s')}Service/List{plural}"]
    path = f"/{method.containing_service.full_name}/{method.name}"
    first = GetMessageClass(method.input_type)(page_size=1, filter=f'project_id = "{two.a}"')
    call = two.channel.unary_unary(
        path,
        request_serializer=type(first).SerializeToString,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    await two.made("a", "POST", "/v2/environments", json={"name": f"second{two.a}", "variables": {}})
    token = (await call(first, metadata=two.metadata("a"))).next_page_token
    assert token

    first.page_token = token
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call(first, metadata=two.metadata("b"))

    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


async def test_an_administrator_changes_many_of_another_project_only_by_naming_it(two: World) -> None:
    delete = methods()["ExecutionBulkService/BulkDeleteExecutions"]
    found = {
        text: await told(two, delete, {"selection": {"filter": text, "validate_only": True}, "force": True}, who="root")
        for text in ("*", f'project_id = "{two.a}"')
    }

    held = two.things["held"]
    assert [code for code, _ in found.values()] == [OK, OK]
    assert [held in said for _, said in found.values()] == [False, True]
