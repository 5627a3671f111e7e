"""Many askers, few calls: what is asked for while a call is under way goes into the next call.

There is no linger: the first asker's call leaves at once. Under load the batches grow by themselves to what came in
during one round trip.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Batches(Generic[Item, Answer]):
    """Coalesces calls of one kind.

    Args:
        call: Answers a batch, in its order; an exception in place of an answer is raised to its asker, an exception
            from the call to all of them.
        most: Most items of a batch.
        weight: Size of an item in bytes; a batch stays under ``most_weight`` unless one item alone is heavier.
        under_way: Most calls at once.
    """

    def __init__(
        self,
        call: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | Exception]]],
        *,
        most: int,
        weight: Callable[[Item], int] = lambda _: 0,
        most_weight: int = 1,
        under_way: int = 1,
    ) -> None:
        self._call = call
        self._most = most
        self._weight = weight
        self._most_weight = most_weight
        self._free = under_way
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._calls: set[asyncio.Task[None]] = set()

    async def ask(self, item: Item) -> Answer:
        """Return the answer for one item."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._free:
            self._send()
        return await future

    def _send(self) -> None:
        self._free -= 1
        call = asyncio.create_task(self._answer())
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _answer(self) -> None:
        # Whoever asked in this turn of the loop comes along.
        await asyncio.sleep(0)
        batch = self._take()
        try:
            answers = await self._call([item for item, _ in batch]) if batch else ()
            for (_, future), answer in zip(batch, answers, strict=True):
                _settle(future, answer)
        except Exception as error:
            for _, future in batch:
                _settle(future, error)
        finally:
            for _, future in batch:
                future.cancel()
            self._free += 1
            if self._waiting:
                self._send()

    def _take(self) -> list[tuple[Item, asyncio.Future[Answer]]]:
        batch: list[tuple[Item, asyncio.Future[Answer]]] = []
        weight = 0
        while self._waiting and len(batch) < self._most:
            item, future = self._waiting[0]
            weight += self._weight(item)
            if batch and weight > self._most_weight:
                break
            self._waiting.popleft()
            if not future.done():
                batch.append((item, future))
        return batch

    async def close(self) -> None:
        """Wait for the calls under way."""
        while self._calls:
            await asyncio.wait(tuple(self._calls))


def _settle(future: "asyncio.Future[Answer]", answer: Answer | Exception) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
