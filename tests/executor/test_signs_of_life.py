"""An executor that lives but says nothing: its actions are missed within seconds, in the line of every priority."""

import asyncio
import signal
import time
from typing import Any

import pytest


@pytest.mark.parametrize(("priority", "safe", "outcome"), [("normal", False, "LOST"), ("high", True, "SUCCESS")])
async def test_what_a_hanging_executor_has_is_answered_for_by_another(
    engine: Any, process: Any, site: Any, priority: str, safe: bool, outcome: str
) -> None:
    first = process(engine.queue)
    task = engine.task("std.http", {"url": f"{site.base}/slow?s=3"}, safe_rerun=safe)
    await engine.give(task, priority=priority)
    async with asyncio.timeout(20):
        while True:
            if site.seen:
                break
            await asyncio.sleep(0.02)
    process(engine.queue)

    first.send_signal(signal.SIGSTOP)
    hung = time.monotonic()
    try:
        assert (await engine.result(task, 60))[0] == outcome
        # The bus may hand it to the hanging one again for as long as that one's requests for work are good.
        assert time.monotonic() - hung < 45
    finally:
        first.send_signal(signal.SIGCONT)
