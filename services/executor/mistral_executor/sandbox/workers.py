"""Children for one kind of work: started when they are needed, used again if that is safe, never more than allowed."""

import asyncio
from types import TracebackType
from typing import Self

from mistral_executor.sandbox.limits import Limits
from mistral_executor.sandbox.worker import Worker, WorkerDied

_KILOBYTE = 1024
_START_SECONDS = 30.0
# Whoever has answered has nothing more to do.
_AGAIN_SECONDS = 2.0


class Workers:
    """A bounded number of children that run the same program.

    Args:
        most: Most of them at once; whoever comes then waits for one to be free.
        uses: Requests that each of them may answer before it is replaced.
        answer_kb: Largest answer.
    """

    def __init__(self, program: str, limits: Limits, *, most: int, uses: int, answer_kb: int) -> None:
        self.limits = limits
        self._program = program
        self._uses = uses
        self._most_bytes = answer_kb * _KILOBYTE
        self._room = asyncio.Semaphore(most)
        self._idle: list[Worker] = []
        self._ending: set[asyncio.Task[None]] = set()

    async def ask(self, request: bytes, *, seconds: float) -> bytes:
        """Have a child answer a request; one that does not, or when nobody waits any more, is killed.

        Args:
            seconds: Most time for the answer, from when a child is free.

        Raises:
            TimeoutError: If that is over.
            WorkerDied: If the child ends instead of answering.
            AnswerTooLarge: If the answer is too long.
        """
        async with self._room:
            worker = self._idle.pop() if self._idle else await self._started()
            fit = False
            try:
                async with asyncio.timeout(seconds):
                    answer = await worker.ask(request, most_bytes=self._most_bytes)
                fit = worker.answered < self._uses and await _ready_again(worker)
                return answer
            finally:
                if fit:
                    self._idle.append(worker)
                else:
                    self._end(worker)

    async def _started(self) -> Worker:
        worker = await Worker.start(self._program, self.limits)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await worker.ready()
        except TimeoutError:
            self._end(worker)
            raise WorkerDied(f"its process did not start within {_START_SECONDS:g} seconds") from None
        except BaseException:
            self._end(worker)
            raise
        return worker

    def _end(self, worker: Worker) -> None:
        worker.stop()
        ending = asyncio.create_task(worker.gone(), name="child ends")
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        while self._idle:
            self._end(self._idle.pop())
        while self._ending:
            await asyncio.wait(tuple(self._ending))


async def _ready_again(worker: Worker) -> bool:
    try:
        async with asyncio.timeout(_AGAIN_SECONDS):
            await worker.ready()
    except (TimeoutError, WorkerDied):
        return False
    return True
