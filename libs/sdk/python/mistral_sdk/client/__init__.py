"""Starts workflows, waits for them, watches and steers them: `Client` for threads, `AsyncClient` for a loop."""

from mistral_sdk.client.asynchronous import AsyncClient
from mistral_sdk.client.errors import (
    Conflict,
    ExecutionFailed,
    Forbidden,
    InvalidRequest,
    LimitExceeded,
    MeshError,
    NotFound,
    Unauthenticated,
    Unavailable,
    WaitTimeout,
    WrongState,
)
from mistral_sdk.client.executions import Event, Execution, State
from mistral_sdk.client.synchronous import Client

__all__ = [
    "AsyncClient",
    "Client",
    "Conflict",
    "Event",
    "Execution",
    "ExecutionFailed",
    "Forbidden",
    "InvalidRequest",
    "LimitExceeded",
    "MeshError",
    "NotFound",
    "State",
    "Unauthenticated",
    "Unavailable",
    "WaitTimeout",
    "WrongState",
]
