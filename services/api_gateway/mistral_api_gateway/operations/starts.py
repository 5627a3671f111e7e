"""Starting executions: starts that come in while others are on their way to the engine travel together.

What an engine refuses because it cannot serve at the moment is offered again for a few seconds, and so is a start
with an id of its own whose answer was lost. One without an id is not: it might run twice.
"""

import asyncio
from collections.abc import Sequence

from mistral.internal.v1 import engine_service_pb2 as engine
from mistral_api_gateway.operations.batches import Batches
from mistral_api_gateway.operations.engine_calls import Engines, Uncertain, refused
from mistral_core.errors import Unavailable, WorkflowError
from mistral_runtime.metrics import SIZES, histogram

MOST_STARTS = 256
MOST_BYTES = 8 * 1024 * 1024
_PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0)

_SIZES = histogram("gateway_start_batch", "Starts sent to the engine in one call", buckets=SIZES)


class Starts:
    """Hands starts to the engines in batches; one that is refused does not touch the others."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._batches: Batches[engine.ExecutionStart, engine.ExecutionSummary] = Batches(
            self._call, most=MOST_STARTS, weight=_weight, most_weight=MOST_BYTES
        )

    async def start(self, start: engine.ExecutionStart) -> engine.ExecutionSummary:
        """Start one execution and return it once that is durable.

        Raises:
            WorkflowError: Of the kind that the engine refused it with.
        """
        for pause in _PAUSES:
            try:
                return await self._batches.ask(start)
            except Unavailable as error:
                if isinstance(error, Uncertain) and not (start.id or start.request_id):
                    raise
            await asyncio.sleep(pause)
        return await self._batches.ask(start)

    async def close(self) -> None:
        """Wait for the calls under way."""
        await self._batches.close()

    async def _call(self, starts: Sequence[engine.ExecutionStart]) -> Sequence[engine.ExecutionSummary | WorkflowError]:
        _SIZES.observe(len(starts))
        answers = await self._engines.start(list(starts))
        return [refused(answer.refusal) if answer.HasField("refusal") else answer.execution for answer in answers]


def _weight(start: engine.ExecutionStart) -> int:
    return len(start.input) + len(start.params) + 512
