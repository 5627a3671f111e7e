"""What the executor counts. The label of an action is a name on offer, so the number of series is bounded."""

from functools import cache

from prometheus_client import Counter, Histogram

from mistral_runtime.metrics import counter, gauge, histogram

_ENDED = counter("executor_actions", "Attempts of actions that were answered", ("action", "outcome"))
_SECONDS = histogram("executor_action_seconds", "Duration of actions that had to wait for something", ("action",))
RUNNING = gauge("executor_running", "Actions running now")
HELD = gauge("executor_envelopes", "Envelopes in hand")


@cache
def _counter(action: str, outcome: str) -> Counter:
    return _ENDED.labels(action, outcome)


@cache
def _histogram(action: str) -> Histogram:
    return _SECONDS.labels(action)


def ended(action: str, outcome: str) -> None:
    _counter(action, outcome).inc()


def seconds(action: str, duration: float) -> None:
    _histogram(action).observe(duration)
