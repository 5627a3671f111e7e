"""The executor's gRPC service, its traces, and its settings."""

import json
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from mistral.internal.v1 import executor_service_pb2 as pb2
from mistral.internal.v1.executor_service_pb2_grpc import ExecutorServiceStub
from mistral_executor.settings import ExecutorSettings
from mistral_runtime.settings import SettingError


async def test_it_says_what_it_offers(executor: Any):
    async with grpc.aio.insecure_channel(f"127.0.0.1:{executor.port}") as channel:
        response = await ExecutorServiceStub(channel).ListActions(pb2.ListActionsRequest())

    actions = {action.name: action for action in response.actions}
    assert [action.name for action in response.actions] == sorted(actions)
    assert actions["std.echo"].signature == "output, delay=0"
    assert actions["std.http"].signature.startswith('url, method="GET", params=null')
    assert actions["std.noop"].synchronous
    assert not actions["std.async_noop"].synchronous
    assert not actions["std.mistral_http"].synchronous
    assert all(action.description for action in response.actions)


async def test_it_says_what_it_does(engine: Any, start: Any):
    executor = await start(slots=7)
    await engine.run("std.noop")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{executor.port}") as channel:
        status = await ExecutorServiceStub(channel).GetExecutorStatus(pb2.GetExecutorStatusRequest())
        health = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())

    assert (status.name, status.slots, status.running, status.finished) == ("executor-test", 7, 0, 1)
    assert status.instance
    assert health.status == health_pb2.HealthCheckResponse.SERVING


async def test_a_sampled_trace_goes_on_through_the_executor(engine: Any, start: Any, tmp_path: Path):
    file = tmp_path / "trace.jsonl"
    executor = await start(trace_file=str(file))
    trace = "0af7651916cd43dd8448eb211c80319c"
    quick, slow = engine.task("std.noop"), engine.task("std.echo", {"output": 1, "delay": 0.1})

    await engine.give(quick, slow, traceparent=f"00-{trace}-b7ad6b7169203331-01")
    await engine.result(slow)
    await executor.aclose()

    spans = [json.loads(line) for line in file.read_text().splitlines()]
    assert {"actions", "action std.echo"} <= {span["name"] for span in spans}
    assert {trace} == {span["trace_id"] for span in spans}
    assert all(trace in envelope.traceparent for envelope in engine.envelopes)


async def test_an_unsampled_trace_costs_no_span(engine: Any, start: Any, tmp_path: Path):
    file = tmp_path / "trace.jsonl"
    executor = await start(trace_file=str(file))
    task = engine.task("std.noop")

    await engine.give(task, traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
    await engine.result(task)
    await executor.aclose()

    assert not file.exists() or file.read_text() == ""


def test_settings_come_from_the_environment():
    settings = ExecutorSettings.read(
        {
            "MISTRAL_EXECUTOR_SLOTS": "3",
            "MISTRAL_EXECUTOR_QUEUES": "a, b",
            "MISTRAL_EGRESS_ALLOWED": "10.0.0.0/8",
        }
    )

    assert (settings.slots, settings.queues, settings.egress_allowed) == (3, ("a", "b"), ("10.0.0.0/8",))
    assert settings.service.name == "executor-0"


@pytest.mark.parametrize("slots", ["0", "many"])
def test_wrong_settings_are_named(slots: str):
    with pytest.raises(SettingError, match="MISTRAL_EXECUTOR_SLOTS"):
        ExecutorSettings.read({"MISTRAL_EXECUTOR_SLOTS": slots})
