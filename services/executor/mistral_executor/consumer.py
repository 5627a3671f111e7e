"""Taking envelopes of a queue: one line for each priority, so that what is urgent need not pass a backlog."""

import asyncio
from collections.abc import Sequence

from mistral.internal.v1.envelope_pb2 import ActionTask
from mistral_core.priority import Priority
from mistral_executor.attempts import Lease, Leases
from mistral_executor.line import Line
from mistral_executor.results import Results
from mistral_executor.running import Runner
from mistral_runtime.bus import Bus


class Intake:
    """Takes the envelopes of one queue until ``leave()``."""

    def __init__(self, bus: Bus, queue: str, runner: Runner, results: Results, leases: Leases) -> None:
        self._lines = [Line(bus, queue, priority, runner, results, leases) for priority in Priority]

    async def start(self) -> None:
        # The usual line first: in a store from before there were priorities its consumer still takes all of them.
        for line in sorted(self._lines, key=lambda line: line.priority is not Priority.NORMAL):
            await line.start()

    async def run(self) -> None:
        """Take envelopes until ``leave()``."""
        async with asyncio.TaskGroup() as group:
            for line in self._lines:
                group.create_task(line.run())

    async def leave(self) -> None:
        """Take nothing further; what has arrived but not begun is put back into the queue."""
        for line in self._lines:
            await line.leave()

    async def put_back(self, tasks: Sequence[ActionTask], lease: Lease) -> None:
        """Publish tasks that have not begun once more, for another executor, with the priority that they had."""
        await self._lines[0].put_back(tasks, lease)
