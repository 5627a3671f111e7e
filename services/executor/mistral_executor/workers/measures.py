"""What is counted of workers."""

from mistral_runtime.metrics import counter, gauge, histogram

SESSIONS = gauge("executor_worker_sessions", "Workers that are connected", ("transport",))
CREDITS = gauge("executor_worker_credits", "Runs that connected workers would take now")
RUNNING = gauge("executor_worker_runs", "Runs that workers have in hand")
WAITING = gauge("executor_worker_waiting", "Runs in hand that wait for a worker", ("action",))
ASSIGNED = counter("executor_worker_assigned", "Runs that were given to workers")
LEASES_LOST = counter("executor_worker_leases_lost", "Leases of runs that ran out", ("then",))
TO_START = histogram("executor_worker_start_seconds", "From giving a run out to the word that it begins")
