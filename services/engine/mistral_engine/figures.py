"""What an engine measures of itself."""

from mistral_runtime.metrics import SIZES, counter, gauge, histogram

COMMIT_SECONDS = histogram("engine_commit_seconds", "Time of one commit of a batch")
BATCH_WORKS = histogram("engine_batch_works", "Works applied in one commit", buckets=SIZES)
WAITING = gauge("engine_waiting", "Works that wait to be applied", ("lane",))
HOT = gauge("engine_hot_executions", "Executions in memory", ("lane",))
FLIGHTS = gauge("engine_actions_out", "Actions dispatched and not answered", ("lane",))
PARTITIONS = gauge("engine_partitions", "Partitions that this engine owns")
EVENTS = counter("engine_events", "Events applied")
LOCAL = counter("engine_local_actions", "Actions answered without an executor")
COMMITS = counter("engine_commits", "Commits of batches")
REDRIVEN = counter("engine_redriven", "Actions sent again because they were lost", ("why",))
STUCK = counter("engine_stuck", "Live executions that were found without a live work item")
WORKERLESS = gauge("engine_worker_runs_waiting", "Runs that no worker offers to take", ("action", "queue"))
WORKERLESS_OLDEST = gauge("engine_worker_wait_oldest_seconds", "Age of the oldest of these runs", ("action", "queue"))
BURIED = counter("engine_dead_letters", "Works that could not be applied")
