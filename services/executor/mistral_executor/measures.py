"""What the executor counts. The label of an action is a name on offer, so the number of series is bounded."""

from functools import cache

from prometheus_client import Histogram

from mistral_executor.outcome import NAMES
from mistral_runtime.metrics import counter, gauge, histogram

_ENDED = counter("executor_actions", "Attempts of actions that were answered", ("action", "outcome"))
_SECONDS = histogram("executor_action_seconds", "Duration of actions that had to wait for something", ("action",))
RUNNING = gauge("executor_running", "Actions running now")
HELD = gauge("executor_envelopes", "Envelopes in hand")
ABANDONED = gauge("executor_abandoned_threads", "Threads of actions that were given up and have not come back")


class Tally:
    """Counts answers cheaply; ``flush()`` from time to time hands the counts over to the metrics."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, int], int] = {}

    def add(self, action: str, outcome: int) -> None:
        key = action, outcome
        self._counts[key] = self._counts.get(key, 0) + 1

    def flush(self) -> None:
        counts, self._counts = self._counts, {}
        for (action, outcome), count in counts.items():
            _ENDED.labels(action, NAMES.get(outcome, "unknown")).inc(count)


@cache
def _histogram(action: str) -> Histogram:
    return _SECONDS.labels(action)


def seconds(action: str, duration: float) -> None:
    _histogram(action).observe(duration)
