"""Pools of workers as they travel between services."""

from mistral.internal.v1 import worker_pool_pb2
from mistral_core.worker_pools import Pool


def pool_message(pool: Pool) -> worker_pool_pb2.WorkerPool:
    """Return a pool as it travels."""
    return worker_pool_pb2.WorkerPool(
        project_id=pool.project,
        queue=pool.queue,
        action=pool.action,
        labels=dict(pool.labels),
        limit_key=pool.limit_key,
        limit_concurrency=pool.concurrency,
        limit_rate=pool.rate,
    )


def pool_from(message: worker_pool_pb2.WorkerPool) -> Pool:
    """Return a pool that travelled."""
    return Pool(
        project=message.project_id,
        queue=message.queue,
        action=message.action,
        labels=tuple(sorted(message.labels.items())),
        limit_key=message.limit_key,
        concurrency=message.limit_concurrency,
        rate=message.limit_rate,
    )
