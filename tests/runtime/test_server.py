"""Calls over a real port: errors become statuses with details, and statuses become errors again."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from prometheus_client import REGISTRY

from mistral_core import errors
from mistral_runtime.channel import channel, error_from
from mistral_runtime.errors import DETAILS_KEY, status_of
from mistral_runtime.server import grpc_server

SERVICE = "test.Echo"


@pytest.fixture
async def opened(echo: Any) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc_server("127.0.0.1:0", echo.register) as port, channel(f"127.0.0.1:{port}") as opened:
        yield opened


def unary(opened: grpc.aio.Channel) -> Callable[..., Any]:
    return opened.unary_unary(f"/{SERVICE}/Unary")


async def failure(opened: grpc.aio.Channel, request: bytes) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await unary(opened)(request)
    return raised.value


def details(error: grpc.aio.AioRpcError, kind: Any) -> Any:
    status = status_pb2.Status.FromString(dict(error.trailing_metadata())[DETAILS_KEY])
    assert status.code == error.code().value[0]
    for detail in status.details:
        found = kind()
        if detail.Unpack(found):
            return found
    return None


@pytest.mark.parametrize(
    ("request_", "code", "reason"),
    [
        (b"not found", grpc.StatusCode.NOT_FOUND, "NOT_FOUND"),
        (b"history", grpc.StatusCode.OUT_OF_RANGE, "HISTORY_GONE"),
        (b"conflict", grpc.StatusCode.ALREADY_EXISTS, "CONFLICT"),
        (b"etag", grpc.StatusCode.ABORTED, "ETAG_MISMATCH"),
        (b"reused", grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED"),
        (b"forbidden", grpc.StatusCode.PERMISSION_DENIED, "FORBIDDEN"),
        (b"unauthenticated", grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED"),
        (b"invalid", grpc.StatusCode.INVALID_ARGUMENT, "INVALID"),
        (b"input", grpc.StatusCode.INVALID_ARGUMENT, "INVALID_INPUT"),
        (b"definition", grpc.StatusCode.INVALID_ARGUMENT, "INVALID_DEFINITION"),
        (b"expression", grpc.StatusCode.INVALID_ARGUMENT, "EXPRESSION_FAILED"),
        (b"state", grpc.StatusCode.FAILED_PRECONDITION, "ILLEGAL_STATE"),
        (b"limit", grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED"),
        (b"maintenance", grpc.StatusCode.UNAVAILABLE, "IN_MAINTENANCE"),
    ],
)
async def test_an_error_of_ours_travels_as_a_status_and_comes_out_as_itself(echo, opened, request_, code, reason):
    error = await failure(opened, request_)

    info = details(error, error_details_pb2.ErrorInfo)
    assert (error.code(), info.reason, info.domain) == (code, reason, "mistral")
    again = error_from(error)
    assert type(again) is type(echo.raised[request_])
    assert str(again) == str(echo.raised[request_])


def test_every_error_of_the_core_has_a_status(echo):
    def below(kind: type[Exception]) -> set[type[Exception]]:
        # Services refine these errors for themselves; a refined one travels as what it refines.
        refined = (child for child in kind.__subclasses__() if child.__module__ == errors.__name__)
        return {kind}.union(*map(below, refined))

    assert below(errors.WorkflowError) - {errors.WorkflowError} == {type(raised) for raised in echo.raised.values()} - {
        RuntimeError
    }
    assert all(status_of(raised) for raised in echo.raised.values() if isinstance(raised, errors.WorkflowError))


async def test_a_fault_in_a_definition_names_its_place(opened):
    error = await failure(opened, b"definition")

    (violation,) = details(error, error_details_pb2.BadRequest).field_violations
    assert (violation.field, violation.description) == ("tasks.t1", "is no list")
    again = error_from(error)
    assert (again.path, again.line, again.column) == ("tasks.t1", 7, 3)


async def test_what_may_succeed_later_says_when(opened):
    assert details(await failure(opened, b"limit"), error_details_pb2.RetryInfo).retry_delay.seconds == 1
    assert details(await failure(opened, b"state"), error_details_pb2.RetryInfo) is None


async def test_a_bug_tells_the_caller_a_reference_and_the_log_the_rest(opened, caplog):
    with caplog.at_level(logging.ERROR):
        error = await failure(opened, b"bug")

    assert error.code() is grpc.StatusCode.INTERNAL
    assert "hunter2" not in str(error.details()) + str(error.trailing_metadata())
    reference = details(error, error_details_pb2.ErrorInfo).metadata["reference"]
    assert reference in error.details()
    assert reference in caplog.text
    assert "Traceback" in caplog.text


async def test_a_status_set_by_the_servicer_is_left_alone(opened):
    error = await failure(opened, b"abort")

    assert (error.code(), error.details()) == (grpc.StatusCode.OUT_OF_RANGE, "too far")
    assert type(error_from(error)) is errors.Invalid


async def test_a_stream_may_fail_after_its_first_answers(opened):
    seen = []

    async def read() -> None:
        async for response in opened.unary_stream(f"/{SERVICE}/Many")(b"not found"):
            seen.append(response)

    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await read()

    assert seen == [b"first"]
    assert isinstance(error_from(raised.value), errors.NotFound)


async def test_streams_of_requests_work_and_fail_too(opened):
    async def requests(*items: bytes) -> AsyncIterator[bytes]:
        for item in items:
            yield item

    assert await opened.stream_unary(f"/{SERVICE}/Gather")(requests(b"a", b"b")) == b"ab"
    assert [answer async for answer in opened.stream_stream(f"/{SERVICE}/Chat")(requests(b"a", b"b"))] == [b"a", b"b"]
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        [answer async for answer in opened.stream_stream(f"/{SERVICE}/Chat")(requests(b"a", b"state"))]
    assert isinstance(error_from(raised.value), errors.IllegalState)


async def test_a_stream_whose_reader_goes_away_ends(echo, opened, caplog, until):
    labels = {"method": f"/{SERVICE}/Many", "code": "CANCELLED"}
    before = REGISTRY.get_sample_value("mistral_grpc_server_seconds_count", labels) or 0
    call = opened.unary_stream(f"/{SERVICE}/Many")(b"wait")
    assert await call.read() == b"first"

    call.cancel()

    await asyncio.wait_for(echo.left.wait(), 2)
    await until(lambda: REGISTRY.get_sample_value("mistral_grpc_server_seconds_count", labels) == before + 1)
    assert caplog.text == ""


async def test_large_messages_pass(opened):
    assert len(await unary(opened)(bytes(10 * 1024 * 1024))) == 10 * 1024 * 1024


async def test_health_and_reflection_know_the_service(opened):
    health = await health_pb2_grpc.HealthStub(opened).Check(health_pb2.HealthCheckRequest(service=SERVICE))
    assert health.status == health_pb2.HealthCheckResponse.SERVING

    async def requests() -> AsyncIterator[Any]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")

    async for response in reflection_pb2_grpc.ServerReflectionStub(opened).ServerReflectionInfo(requests()):
        assert SERVICE in [service.name for service in response.list_services_response.service]


async def test_running_calls_finish_while_the_server_drains(echo, until):
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(grpc_server("127.0.0.1:0", echo.register, drain_seconds=5))
        async with channel(f"127.0.0.1:{port}") as opened:
            running = asyncio.ensure_future(unary(opened)(b"wait"))
            await until(lambda: bool(echo.metadata))
            leaving = asyncio.create_task(stack.aclose())
            await asyncio.sleep(0.1)
            assert not leaving.done()

            echo.release.set()

            assert await running == b"wait"
            await leaving


async def test_a_taken_port_is_told(echo, new_echo):
    async with grpc_server("127.0.0.1:0", echo.register) as port:
        with pytest.raises(OSError, match="cannot listen"):
            async with grpc_server(f"127.0.0.1:{port}", new_echo().register):
                pass


async def test_calls_are_counted_by_method_and_code(opened):
    labels = {"method": f"/{SERVICE}/Unary", "code": "NOT_FOUND"}
    before = REGISTRY.get_sample_value("mistral_grpc_server_seconds_count", labels) or 0

    await failure(opened, b"not found")

    assert REGISTRY.get_sample_value("mistral_grpc_server_seconds_count", labels) == before + 1
