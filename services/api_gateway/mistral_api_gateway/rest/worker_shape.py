"""What workers and clients are shown of runs and of workers over HTTP."""

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from msgspec import Raw

from mistral.v1 import worker_pb2
from mistral_api_gateway.rest.resource import as_time


def assignment(run: worker_pb2.Assignment) -> dict[str, Any]:
    """Return a run as a worker gets it."""
    return {
        "token": run.token,
        "action": run.action,
        "input": Raw(run.input or b"{}"),
        "action_execution_id": run.action_execution_id,
        "idempotency_key": run.idempotency_key,
        "attempt": run.attempt,
        "task_execution_id": run.task_execution_id,
        "task_name": run.task_name,
        "execution_id": run.execution_id,
        "workflow_name": run.workflow_name,
        "workflow_namespace": run.workflow_namespace,
        "project_id": run.project_id,
        "index": run.index,
        "queue": run.queue,
        "scheduled_at": _moment(run, "scheduled_at"),
        "deadline": _moment(run, "deadline"),
        "traceparent": run.traceparent,
        "progress_details": Raw(run.progress_details or b"null"),
        "safe_rerun": run.safe_rerun,
    }


def rejection(told: worker_pb2.Rejection) -> dict[str, str]:
    """Return why something said of a run counts for nothing."""
    reason = worker_pb2.RejectionReason.Name(told.reason).removeprefix("REJECTION_REASON_").lower()
    return {"token": told.token, "reason": reason, "message": told.message}


def cancel(request: worker_pb2.CancelRequest) -> dict[str, str]:
    """Return which run is to stop, and by when."""
    return {"token": request.token, "reason": request.reason, "deadline": request.deadline.ToJsonString()}


def shown(worker: worker_pb2.Worker) -> dict[str, Any]:
    """Return a worker as clients see it."""
    described = worker.description
    return {
        "id": described.id,
        "instance": described.instance,
        "project_id": worker.project_id,
        "sdk": described.sdk,
        "sdk_version": described.sdk_version,
        "executor": worker.executor,
        "transport": worker.transport,
        "connected_at": as_time(worker.connected_at.ToDatetime()),
        "draining": worker.draining,
        "slots": described.slots,
        "running": worker.running,
        "credits": worker.credits,
        "finished": worker.finished,
        "namespaces": list(described.namespaces),
        "queues": list(described.queues) or ["default"],
        "labels": dict(described.labels),
        "actions": [
            {
                "name": offer.name,
                "description": offer.description,
                "safe_rerun": offer.safe_rerun,
                "public": offer.public,
                "concurrency": offer.concurrency,
            }
            for offer in described.actions
        ],
        "action_execution_ids": list(worker.action_execution_ids),
    }


def _moment(run: worker_pb2.Assignment, field: str) -> str | None:
    if not run.HasField(field):  # type: ignore[arg-type]
        return None
    moment: Timestamp = getattr(run, field)
    return moment.ToJsonString()
