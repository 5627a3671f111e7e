"""What errors of the public gRPC API tell, and that a call's time limit is known to all that is done for it."""

import asyncio
import contextvars
import re
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import pytest
from google.protobuf.duration_pb2 import Duration

from mistral.internal.v1 import engine_service_pb2 as engine
from mistral.internal.v1 import engine_service_pb2_grpc as engine_grpc
from mistral_api_gateway.app import running as gateway_running
from mistral_api_gateway.operations.deadline import answer_within, seconds_left, seconds_to_wait, unhurried
from mistral_api_gateway.settings import GatewaySettings
from mistral_core import errors
from tests.api_gateway.public_api import Api, details, field_of, methods

UNKNOWN = "11111111-2222-4333-8444-555555555555"
GET = re.compile(r"(get|put|post|delete|patch): \"([^\"]+)\"")
PROTOS = Path(__file__).parents[2] / "protos" / "mistral" / "v1"


@pytest.fixture
def api(channel):
    return Api(channel)


async def refusal(call) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return raised.value


@pytest.mark.parametrize(
    ("rpc", "fields", "kind", "name"),
    [
        ("GetExecution", {"id": UNKNOWN}, "mistral.v1.Execution", UNKNOWN),
        ("GetTask", {"id": UNKNOWN}, "mistral.v1.Task", UNKNOWN),
        ("GetWorkflow", {"identifier": "nowhere"}, "mistral.v1.Workflow", "nowhere"),
        ("GetWorkbook", {"name": "nowhere"}, "mistral.v1.Workbook", "nowhere"),
        ("DeleteEnvironment", {"name": "nowhere"}, "mistral.v1.Environment", "nowhere"),
    ],
)
async def test_what_is_not_there_is_named(api, rpc, fields, kind, name):
    error = await refusal(getattr(api, rpc)(**fields))

    told = details(error)
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert (told["ErrorInfo"].reason, told["ErrorInfo"].domain) == ("NOT_FOUND", "mistral")
    assert (told["ResourceInfo"].resource_type, told["ResourceInfo"].resource_name) == (kind, name)


@pytest.mark.parametrize(
    ("rpc", "fields", "field"),
    [
        ("StartExecution", {}, "workflow"),
        ("StartExecution", {"workflow": "w", "input": "[]"}, "input"),
        ("StartExecution", {"workflow": "w", "params": "{"}, "params"),
        ("StartExecution", {"workflow": "w", "id": "x"}, "id"),
        ("StartExecutions", {}, "starts"),
        ("StopExecution", {"id": UNKNOWN}, "state"),
        ("ResumeExecution", {"id": UNKNOWN, "env": "1"}, "env"),
        ("CreateEnvironment", {}, "name"),
        ("CreateEnvironment", {"name": "e", "variables": "nope"}, "variables"),
        ("CreateEnvironment", {"name": "e", "scope": 99}, "scope"),
        ("CreateEnvironment", {"name": "a\0b"}, "name"),
        (
            "CreateWorkflows",
            {"definition": "version: '2.0'\nw: {tasks: {t: {actoin: x}}}"},
            "definition.w.tasks.t.actoin",
        ),
        ("RunAction", {}, "name"),
        ("ListTasks", {"page_size": -1}, "page_size"),
        ("GetExecutionTree", {"id": UNKNOWN, "max_depth": -1}, "max_depth"),
    ],
)
async def test_a_bad_request_names_its_field(api, rpc, fields, field):
    error = await refusal(getattr(api, rpc)(**fields))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field_of(error) == field


async def test_what_may_succeed_later_says_when(api, rows, name):
    found = await rows.execution(name)

    error = await refusal(api.PauseExecution(id=found))

    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert details(error)["RetryInfo"].retry_delay.seconds == 1


async def test_a_wait_is_over_before_the_caller_gives_up(api, rows, name):
    found = await rows.execution(name)

    answer = await api.GetExecution(id=found, wait=Duration(seconds=60), timeout=8)

    assert answer.execution.id == found


async def test_a_query_is_given_up_with_its_caller(api, pool):
    await api.ListEnvironments()
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE environment")

        error = await refusal(api.ListEnvironments(timeout=1))

        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        async with asyncio.timeout(20):
            while await pool.fetchval(waiting):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    await api.ListEnvironments()


class Patient(engine_grpc.EngineServiceServicer):
    """An engine that notes how long it is given."""

    given: float | None = None

    async def PauseExecution(
        self, request: engine.PauseExecutionRequest, context: grpc.aio.ServicerContext
    ) -> engine.PauseExecutionResponse:
        self.given = context.time_remaining()
        return engine.PauseExecutionResponse()


@pytest.fixture
async def patient(settings: GatewaySettings) -> AsyncIterator[tuple[Patient, Api]]:
    server, servicer = grpc.aio.server(), Patient()
    engine_grpc.add_EngineServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        known = GatewaySettings.read(
            {
                "MISTRAL_DATABASE_URL": settings.database_url,
                "MISTRAL_NATS_URL": settings.service.nats_url,
                "MISTRAL_HTTP_LISTEN": "127.0.0.1:0",
                "MISTRAL_ENGINE_ADDRESSES": f"127.0.0.1:{port}",
            }
        )
        async with (
            gateway_running(known) as ports,
            grpc.aio.insecure_channel(f"127.0.0.1:{ports.grpc}") as opened,
        ):
            yield servicer, Api(opened)
    finally:
        await server.stop(None)


async def test_the_engine_is_given_no_more_time_than_the_caller_has(patient, rows, name):
    servicer, api = patient
    found = await rows.execution(name)

    await api.PauseExecution(id=found, timeout=9)
    limited = servicer.given
    await api.PauseExecution(id=found, timeout=None)

    assert (limited or 99) < 9.5
    assert 10 < (servicer.given or 0) < 15.5


def test_time_that_is_left_goes_by_the_caller():
    def hurried(left: float, wanted: float) -> tuple[float, float]:
        answer_within(lambda: left)
        return seconds_left(wanted), seconds_to_wait(wanted)

    def given(left: float, wanted: float) -> tuple[float, float]:
        return contextvars.copy_context().run(hurried, left, wanted)

    def freed() -> float:
        answer_within(lambda: 1.0)
        with unhurried():
            return seconds_left(15)

    assert (seconds_left(15), seconds_to_wait(60)) == (15, 60)
    assert given(10, 60) == (10, 9)
    assert given(10, 2) == (2, 2)
    assert given(0.1, 60) == (0.1, 0.05)
    assert given(0, 60) == (0.001, 0)
    assert contextvars.copy_context().run(freed) == 15


def test_every_rpc_has_a_path_of_its_own():
    paths: list[tuple[str, str]] = []
    for file in PROTOS.glob("*_service.proto"):
        paths += [(verb, re.sub(r"\{[^}]*\}", "{}", path)) for verb, path in GET.findall(file.read_text())]

    # A session in which both talk when they like has no form in HTTP.
    assert len(paths) == len([method for method in methods() if not method.client_streaming])
    assert len(set(paths)) == len(paths)


def test_the_manual_lists_every_reason():
    manual = (PROTOS.parents[2] / "docs" / "grpc.md").read_text()

    def below(kind: type[Exception]) -> list[type[Exception]]:
        ours = [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]
        return [*ours, *(inner for child in ours for inner in below(child))]

    reasons = {re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).upper() for kind in below(errors.WorkflowError)}
    assert {reason for reason in reasons if f"`{reason}`" not in manual} == set()
