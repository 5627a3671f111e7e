"""What waits in a lane: starts, requests of people, messages of the bus, and jobs of the engine itself.

Each kind says what to apply and who is told afterwards. ``done`` comes after the commit; ``failed`` says why it
will not come.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from mistral_core.machine.event import Event, Start
from mistral_core.machine.execution import Execution

Occurrence: TypeAlias = tuple[str, Event]
"""An execution's id and what happened to it."""


@dataclass(slots=True)
class StartWork:
    """Start an execution; the answer is the execution, or the reason why not.

    Attributes:
        named: Whether the caller chose the id, so that it may exist already.
        definitions: The epoch that the definition is remembered from; None if it was looked up for this start.
    """

    start: Start
    answer: asyncio.Future[Execution]
    named: bool = False
    traceparent: str = ""
    definitions: int | None = None


@dataclass(slots=True)
class RequestWork:
    """Apply one event that a person asked for; refusals go back to them."""

    execution_id: str
    event: Event
    answer: asyncio.Future[Execution]
    traceparent: str = ""


@dataclass(slots=True)
class DescribeWork:
    """Give an execution another description; None keeps what it has."""

    execution_id: str
    description: str | None
    answer: asyncio.Future[Execution]


class Receipt(Protocol):
    """What a message of the bus wants to hear; a ``Delivery`` is one."""

    def ack(self) -> None: ...
    def nak(self, delay: float | None = None) -> None: ...


class SharedReceipt:
    """The receipt of a message that is worked off in parts: acked with the last of them."""

    def __init__(self, whole: Receipt, parts: int) -> None:
        self._whole = whole
        self._open = parts

    def ack(self) -> None:
        self._open -= 1
        if self._open == 0:
            self._whole.ack()

    def nak(self, delay: float | None = None) -> None:
        self._whole.nak(delay)


class SharedAnswer:
    """The answer to results that are worked off in parts: given with the last of them, with the first error if any."""

    def __init__(self, whole: asyncio.Future[None], parts: int) -> None:
        self._whole = whole
        self._open = parts
        self._error: BaseException | None = None

    def part(self) -> asyncio.Future[None]:
        part: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        part.add_done_callback(self._done)
        return part

    def _done(self, part: asyncio.Future[None]) -> None:
        self._open -= 1
        self._error = self._error or part.exception()
        if self._open or self._whole.done():
            return
        if self._error is None:
            self._whole.set_result(None)
        else:
            self._whole.set_exception(self._error)


@dataclass(slots=True)
class MessageWork:
    """Apply what a message of the bus brought; it is acked once that is durable."""

    delivery: Receipt
    occurrences: Sequence[Occurrence]
    traceparent: str = ""


@dataclass(slots=True)
class ResultsWork:
    """Apply results that came by a call, or events that the engine itself found missing."""

    occurrences: Sequence[Occurrence]
    answer: asyncio.Future[None]


@dataclass(slots=True)
class JobWork:
    """Run a job of the engine between two batches, when nothing of the lane is half done."""

    job: Callable[[], Awaitable[None]]
    answer: asyncio.Future[None]


Work: TypeAlias = StartWork | RequestWork | DescribeWork | MessageWork | ResultsWork | JobWork


@dataclass(slots=True)
class Inbox:
    """The works that wait in a lane, first come first served."""

    limit: int
    _works: list[Work] = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _room: asyncio.Event = field(default_factory=asyncio.Event)

    def __len__(self) -> int:
        return len(self._works)

    @property
    def full(self) -> bool:
        return len(self._works) >= self.limit

    def put(self, work: Work) -> None:
        self._works.append(work)
        self._arrived.set()

    def put_first(self, works: Sequence[Work]) -> None:
        """Give works back that were taken; they come before all others."""
        self._works[:0] = works
        self._arrived.set()

    async def until_room(self) -> None:
        """Return once the inbox is not full."""
        while self.full:
            self._room.clear()
            await self._room.wait()

    async def take(self, most: int) -> list[Work]:
        """Wait for works and return up to ``most`` of them at once."""
        while not self._works:
            self._arrived.clear()
            await self._arrived.wait()
        taken, self._works = self._works[:most], self._works[most:]
        self._room.set()
        return taken


def fail(work: Work, error: Exception) -> None:
    """Tell whoever waits for ``work`` that it was not done; a message of the bus comes again."""
    if isinstance(work, MessageWork):
        work.delivery.nak()
    elif not work.answer.done():
        work.answer.set_exception(error)


def parted(work: Work) -> list[Work]:
    """Return a work as one per occurrence, so that a bad one can be told from the rest; requests as they are."""
    match work:
        case MessageWork() if len(work.occurrences) > 1:
            receipt = SharedReceipt(work.delivery, len(work.occurrences))
            return [MessageWork(receipt, [each], work.traceparent) for each in work.occurrences]
        case ResultsWork() if len(work.occurrences) > 1:
            answers = SharedAnswer(work.answer, len(work.occurrences))
            return [ResultsWork([each], answers.part()) for each in work.occurrences]
        case _:
            return [work]
