"""What a name means when something is started: always what is stored at that moment, however often it was asked for."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from mistral.internal.v1 import engine_service_pb2 as pb
from mistral_core.language import parse_workflows
from mistral_persistence import workflows
from mistral_persistence.workflows import NewWorkflow

ONE = """
version: '2.0'
one:
  output: {v: old}
  tasks:
    t: {action: std.noop}
"""
NEEDY = ONE.replace("one:", "one:\n  input: [x]")
FAMILY = """
version: '2.0'
parent:
  output: {v: <% task(t).result.v %>}
  tasks:
    t: {workflow: one, pause-before: true}
"""


async def rewrite(world: Any, text: str) -> None:
    """Store another text of a workflow that is there."""
    parsed = parse_workflows(text)[0]
    async with world.pool.acquire() as connection, connection.transaction():
        found = await workflows.find(connection, "p1", parsed.workflow.name)
        changed = NewWorkflow(
            id=found["id"],
            project="p1",
            namespace="",
            name=parsed.workflow.name,
            definition=parsed.text,
            checksum=None,
            input="",
            interface="{}",
            tags=(),
        )
        await workflows.update(connection, changed, scope=None)


async def ran(world: Any, engine: Any, workflow: str, given: Mapping[str, Any] | None = None) -> Any:
    begun = await engine.start(workflow, given or {})
    return await world.ended(begun.id)


async def test_a_start_goes_by_the_text_that_was_stored_before_it(world: Any) -> None:
    await world.define(ONE)
    engine = await world.engine()

    for number in range(20):
        assert await ran(world, engine, "one") == ("SUCCESS", {"v": number - 1 if number else "old"})
        await rewrite(world, ONE.replace("old", str(number)))


async def test_many_starts_at_once_over_a_change_all_run(world: Any) -> None:
    await world.define(ONE)
    engine = await world.engine()
    await ran(world, engine, "one")

    async def starts() -> list[str]:
        order = pb.ExecutionStart(project_id="p1", workflow="one", input=b"{}")
        return [answer.execution.id for answer in await engine.start_all(*[order] * 20)]

    before = asyncio.gather(*(starts() for _ in range(10)))
    await rewrite(world, ONE.replace("old", "new"))
    after = await starts()

    for one in after:
        assert await world.ended(one) == ("SUCCESS", {"v": "new"})
    for started in await before:
        for one in started:
            state, output = await world.ended(one)
            assert (state, output["v"]) in (("SUCCESS", "old"), ("SUCCESS", "new"))


async def test_a_start_is_not_refused_for_what_an_older_text_wanted(world: Any) -> None:
    await world.define(NEEDY)
    engine = await world.engine()
    assert await ran(world, engine, "one", {"x": 1}) == ("SUCCESS", {"v": "old"})

    await rewrite(world, ONE.replace("old", "new"))

    assert await ran(world, engine, "one") == ("SUCCESS", {"v": "new"})


async def test_a_workflow_that_was_deleted_starts_no_more(world: Any) -> None:
    await world.define(ONE)
    engine = await world.engine()
    await ran(world, engine, "one")

    async with world.pool.acquire() as connection, connection.transaction():
        found = await workflows.find(connection, "p1", "one")
        await workflows.delete(connection, found["id"])

    (answer,) = await engine.start_all(pb.ExecutionStart(project_id="p1", workflow="one", input=b"{}"))
    assert answer.refusal.error == "NotFound"


@pytest.mark.parametrize("known", [False, True])
async def test_a_sub_workflow_is_the_one_stored_when_its_task_starts(world: Any, known: bool) -> None:
    await world.define(ONE)
    await world.define(FAMILY)
    engine = await world.engine()
    if known:
        await ran(world, engine, "one")
    begun = await engine.start("parent")

    await rewrite(world, ONE.replace("old", "new"))
    await engine.stub.ResumeExecution(pb.ResumeExecutionRequest(id=begun.id))

    assert await world.ended(begun.id) == ("SUCCESS", {"v": "new"})
