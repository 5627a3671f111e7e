"""Expressions written to take the engine down: each fails its own task, and the engine goes on serving all others."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import psutil
import pytest

from mistral.internal.v1 import engine_service_pb2 as pb
from mistral_persistence import workflows
from tests.engine import bombs
from tests.engine.conftest import PROJECT, order

OTHERS = """
version: '2.0'
other:
  input: [x]
  output: {x: <% $.x %>, slow: <% $.slow %>, jinja: "{{ _.jinja }}"}
  tasks:
    t:
      action: std.echo output=<% $.x %>
      publish:
        x: <% task().result + 1 %>
        jinja: "{% for i in [1, 2] %}{{ i }}{% endfor %}"
        slow: <% range(3).toList() %>
"""
BOMBS_OF = {"yaql": {name: f"<% {text} %>" for name, text in bombs.YAQL.items()}, "jinja": bombs.JINJA}


async def store(world: Any, texts: Mapping[str, str]) -> None:
    """Put in a workflow for each text; nobody checks them, as if their grammar had been found sound."""
    async with world.pool.acquire() as connection, connection.transaction():
        for number, text in enumerate(texts.values()):
            task = f"{{action: std.noop, publish: {{x: {json.dumps(text)}}}}}"
            new = workflows.NewWorkflow(
                id=str(uuid4()),
                project=PROJECT,
                namespace="",
                name=f"b{number}",
                definition=f"version: '2.0'\nb{number}:\n  tasks:\n    t: {task}\n",
                checksum=None,
                input="",
                interface="{}",
                tags=(),
            )
            await workflows.create(connection, new)


async def others(world: Any, stub: Any, stop: asyncio.Event) -> list[float]:
    """Run workflows of somebody else all the while; return how long each took."""
    took = []
    while not stop.is_set():
        began = time.monotonic()
        request = pb.StartExecutionsRequest(starts=[order("other", {"x": 1}, project="p2")])
        begun = (await stub.StartExecutions(request, timeout=20)).started[0]
        state, output = await world.ended(begun.execution.id)
        took.append(time.monotonic() - began)
        assert (state, output) == ("SUCCESS", {"x": 2, "slow": [0, 1, 2], "jinja": "12"})
    return took


@pytest.mark.parametrize("language", BOMBS_OF)
async def test_the_engine_goes_on_serving_others(language: str, world: Any) -> None:
    texts = BOMBS_OF[language]
    await store(world, texts)
    await world.define(OTHERS, project="p2")
    engine = world.process("engine-0", MISTRAL_EXPRESSION_SECONDS="0.5")
    await world.until_owned({"engine-0": 256})
    stub = await world.stub_of("engine-0")
    incarnation = await world.pool.fetchval("SELECT incarnation FROM engine_instance")
    stop = asyncio.Event()

    serving = asyncio.create_task(others(world, stub, stop))
    answer = await stub.StartExecutions(
        pb.StartExecutionsRequest(starts=[order(f"b{n}") for n in range(len(texts))]), timeout=60
    )
    ends = [await world.end(begun.execution.id, 90) for begun in answer.started]
    stop.set()
    took = await serving

    survived = {name: row["output"][:200] for name, row in zip(texts, ends, strict=True) if row["state"] != "ERROR"}
    assert survived == {}
    for name, row in zip(texts, ends, strict=True):
        assert row["state_info"].startswith("Failed to handle action completion [error=Can not evaluate "), name
        assert ", error=" in row["state_info"], name
    assert engine.poll() is None
    assert await world.owners() == {"engine-0": 256}
    assert await world.pool.fetchval("SELECT incarnation FROM engine_instance") == incarnation
    assert len(took) >= 3
    assert max(took) < 10
    assert psutil.Process(engine.pid).memory_info().rss < 500e6
