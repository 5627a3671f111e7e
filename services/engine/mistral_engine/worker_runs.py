"""What a run in a worker has beside what every action has, as it travels."""

from mistral.internal.v1 import envelope_pb2
from mistral_core.machine.command import RunAction
from mistral_core.machine.execution import ActionExecution, TaskExecution
from mistral_core.machine.needs import pool_of
from mistral_engine.ids import now
from mistral_runtime.worker_pools import pool_message


def worker_run(task: TaskExecution, action: ActionExecution, run: RunAction) -> envelope_pb2.WorkerRun:
    """Return what is to be known of an action that a worker runs. It must have needs."""
    needs = action.needs
    assert needs is not None
    return envelope_pb2.WorkerRun(
        pool=pool_message(pool_of(needs, run.action)),
        task_name=task.name,
        sent_at_micros=now(),
        begin_by_micros=needs.begin_by,
        preferred=dict(needs.preferred),
        sticky_worker=needs.sticky,
        progressed=action.attempt > 1 or action.round > 1,
        deadline_micros=task.deadline,
    )
