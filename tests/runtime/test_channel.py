"""Channels: round the replicas, past the dead ones, with the trace context along."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import grpc.aio
import pytest

from mistral_core import errors
from mistral_runtime import telemetry
from mistral_runtime.channel import channel, error_from
from mistral_runtime.server import grpc_server
from mistral_runtime.settings import ServiceSettings

SERVICE = "test.Echo"


def unary(opened: grpc.aio.Channel) -> Callable[..., Any]:
    return opened.unary_unary(f"/{SERVICE}/Unary")


async def test_calls_go_round_the_replicas_and_past_a_dead_one(new_echo):
    first, second = new_echo(), new_echo()
    async with grpc_server("127.0.0.1:0", second.register) as alive:
        async with (
            grpc_server("127.0.0.1:0", first.register, drain_seconds=0) as dying,
            channel(f"localhost:{dying}, 127.0.0.1:{alive}") as opened,
            asyncio.timeout(5),
        ):
            while not (first.metadata and second.metadata):
                await unary(opened)(b"x")
        async with channel(f"127.0.0.1:{dying},127.0.0.1:{alive}") as opened:
            assert [await unary(opened)(b"x") for _ in range(10)] == [b"x"] * 10


async def test_nobody_there_is_unavailable():
    async with channel("127.0.0.1:1") as opened:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await unary(opened)(b"x", timeout=5)

    assert isinstance(error_from(raised.value), errors.Unavailable)


async def test_a_trace_goes_through_a_call(echo, tmp_path):
    file = tmp_path / "spans"
    with telemetry.telemetry(ServiceSettings(name="engine-0", trace_ratio=1.0, trace_file=str(file))):
        async with grpc_server("127.0.0.1:0", echo.register) as port, channel(f"127.0.0.1:{port}") as opened:
            with telemetry.span("outer"):
                here = telemetry.current_traceparent()
                there = (await unary(opened)(b"trace")).decode()
                streamed = [answer async for answer in opened.unary_stream(f"/{SERVICE}/Many")(b"")][1].decode()

    trace_id = here.split("-")[1]
    assert there.split("-")[1] == streamed.split("-")[1] == trace_id
    spans = [json.loads(line) for line in file.read_text().splitlines()]
    assert {span["trace_id"] for span in spans} == {trace_id}
    outer = next(span for span in spans if span["name"] == "outer")
    call = next(span for span in spans if span["name"] == f"/{SERVICE}/Unary")
    assert (call["parent_id"], call["kind"], call["service"]) == (outer["span_id"], "SERVER", "engine-0")


async def test_an_unsampled_trace_stays_unsampled_on_the_other_side(echo, tmp_path):
    file = tmp_path / "spans"
    with telemetry.telemetry(ServiceSettings(name="engine-0", trace_ratio=0.0, trace_file=str(file))):
        async with grpc_server("127.0.0.1:0", echo.register) as port, channel(f"127.0.0.1:{port}") as opened:
            with telemetry.span("outer"):
                here = telemetry.current_traceparent()
                there = (await unary(opened)(b"trace")).decode()

    assert there == here
    assert there.endswith("-00")
    assert file.read_text() == ""
