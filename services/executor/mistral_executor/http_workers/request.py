"""What an application is sent: one run, or that nobody waits for a run any more."""

from __future__ import annotations

import time
from typing import Any, Final

import msgspec

from mistral.internal.v1.worker_state_service_pb2 import HttpWorkerCall
from mistral.v1 import worker_pb2
from mistral_runtime.signature import signature

_TEXTS: Final = (
    *("action", "action_execution_id", "task_execution_id", "task_name", "execution_id", "workflow_name"),
    *("workflow_namespace", "project_id", "queue", "idempotency_key"),
)
_encode = msgspec.json.Encoder().encode


def run_body(assignment: worker_pb2.Assignment) -> bytes:
    """Return what the application gets of a run: a JSON object."""
    told: dict[str, Any] = {
        "event": "run",
        "token": assignment.token,
        **{name: getattr(assignment, name) for name in _TEXTS},
        "attempt": assignment.attempt,
        "index": assignment.index,
        "safe_rerun": assignment.safe_rerun,
        "deadline": assignment.deadline.ToJsonString() if assignment.HasField("deadline") else None,
        "input": msgspec.Raw(assignment.input or b"{}"),
        "progress_details": msgspec.Raw(assignment.progress_details or b"null"),
    }
    return _encode(told)


def cancel_body(request: worker_pb2.CancelRequest) -> bytes:
    """Return what the application gets of a run that is to stop."""
    return _encode(
        {
            "event": "cancel",
            "token": request.token,
            "reason": request.reason,
            "deadline": request.deadline.ToJsonString(),
        }
    )


def headers_of(worker: HttpWorkerCall, message_id: str, body: bytes, **more: str) -> dict[str, str]:
    """Return the headers of a call; it is signed if the application has a secret.

    Args:
        message_id: The same when the call is made again.
    """
    moment = int(time.time())
    headers = {
        **worker.headers,
        "content-type": "application/json",
        "user-agent": "mistral-mesh",
        "webhook-id": message_id,
        "webhook-timestamp": str(moment),
        **{name: value for name, value in more.items() if value},
    }
    if worker.secret:
        headers["webhook-signature"] = signature(worker.secret, id=message_id, timestamp=moment, body=body)
    return headers
