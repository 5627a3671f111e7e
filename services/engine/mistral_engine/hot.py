"""The executions that a lane keeps in memory. All of it is in Postgres too: letting one go loses nothing."""

from collections import OrderedDict
from collections.abc import Collection, Iterable

from msgspec import Struct

from mistral_core.machine.execution import Execution


class Hot(Struct, frozen=True):
    """A committed version of an execution.

    Attributes:
        position: Position of its last history event.
        traceparent: Trace context of whoever started it; empty when that trace is not recorded.
    """

    execution: Execution
    position: int
    traceparent: str = ""


class HotExecutions:
    """Committed executions by id, those used last at the end."""

    def __init__(self, most_tasks: int) -> None:
        self._most_tasks = most_tasks
        self._tasks = 0
        self._kept: OrderedDict[str, Hot] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, execution_id: str) -> Hot | None:
        hot = self._kept.get(execution_id)
        if hot is not None:
            self._kept.move_to_end(execution_id)
        return hot

    def put(self, hot: Hot) -> None:
        self.drop(hot.execution.id)
        self._kept[hot.execution.id] = hot
        self._tasks += _weight(hot)

    def drop(self, execution_id: str) -> None:
        if (hot := self._kept.pop(execution_id, None)) is not None:
            self._tasks -= _weight(hot)

    def drop_all(self, execution_ids: Iterable[str]) -> None:
        for execution_id in execution_ids:
            self.drop(execution_id)

    def drop_partitions(self, partitions: Collection[int]) -> None:
        self.drop_all([i for i, hot in self._kept.items() if hot.execution.partition in partitions])

    def of_root(self, root_id: str) -> list[Hot]:
        return [hot for hot in self._kept.values() if hot.execution.root_id == root_id]

    def trim(self) -> None:
        """Let those used longest ago go until the rest fits."""
        while self._tasks > self._most_tasks and len(self._kept) > 1:
            _, hot = self._kept.popitem(last=False)
            self._tasks -= _weight(hot)


def _weight(hot: Hot) -> int:
    return 1 + len(hot.execution.tasks)
