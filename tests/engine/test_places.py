"""Where the engine sends actions: to the queue of their target, in the order of their priority."""

import json
from typing import Any

from mistral.internal.v1 import envelope_pb2 as wire

FLOW = """
version: '2.0'
w:
  input: [{where: two words.here}]
  tasks:
    usual: {action: my.a}
    urgent: {action: my.b, priority: high}
    elsewhere: {action: my.c, target: <% $.where %>, priority: low}
    each: {action: my.d, with-items: 'host in ["h1", "h2"]', target: <% $.host %>}
    nested: {workflow: child, priority: high}
child:
  tasks:
    inner: {action: my.e, on-success: last}
    last: {action: my.f, priority: normal}
"""


async def test_actions_go_to_the_place_that_target_and_priority_say(world: Any) -> None:
    await world.define(FLOW)
    engine = await world.engine()
    seen: dict[str, str] = {}

    async def heard(message: Any) -> None:
        for task in wire.TaskEnvelope.FromString(message.data).tasks:
            name = await world.pool.fetchval("SELECT name FROM action_execution WHERE id = $1", task.action_id)
            seen[f"{name} {task.index}"] = message.subject.removeprefix("mistral.tasks.")

    await world.bus.subscribe("mistral.tasks.>", heard)
    begun = await engine.start("w")

    await world.until(lambda: dict(seen), lambda found: "my.f 0" in found and len(found) >= 7)
    assert seen == {
        "my.a 0": "default.normal",
        "my.b 0": "default.high",
        "my.c 0": "two_words_here.low",
        "my.d 0": "h1.normal",
        "my.d 1": "h2.normal",
        "my.e 0": "default.high",
        "my.f 0": "default.normal",
    }
    params = await world.pool.fetchval("SELECT params FROM execution WHERE root_id = $1 AND id <> $1", begun.id)
    assert json.loads(params)["priority"] == "high"
