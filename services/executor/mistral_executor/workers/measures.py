"""What is counted of workers."""

from collections.abc import Iterable

from mistral_runtime.metrics import counter, gauge, histogram

SESSIONS = gauge("executor_worker_sessions", "Workers that are connected", ("transport",))
CREDITS = gauge("executor_worker_credits", "Runs that connected workers would take now")
RUNNING = gauge("executor_worker_runs", "Runs that workers have in hand")
_WAITING = gauge("executor_worker_waiting", "Runs in hand that wait for a worker", ("action",))
ASSIGNED = counter("executor_worker_assigned", "Runs that were given to workers")
LEASES_LOST = counter("executor_worker_leases_lost", "Leases of runs that ran out", ("then",))
TO_START = histogram("executor_worker_start_seconds", "From giving a run out to the word that it begins")


def waiting(counts: Iterable[tuple[str, int]]) -> None:
    """Show how many runs wait for each action; one that no worker offers any longer is shown no more."""
    sums: dict[str, int] = {}
    for action, count in counts:
        sums[action] = sums.get(action, 0) + count
    _WAITING.clear()
    for action, count in sums.items():
        _WAITING.labels(action).set(count)
