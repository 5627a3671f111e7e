"""Workers and clients of Mistral Mesh.

A worker offers functions as actions of workflows and runs them; a client starts workflows and looks at them.
"""

from mistral_sdk.actions import action
from mistral_sdk.client import (
    AsyncClient,
    Client,
    Event,
    Execution,
    ExecutionFailed,
    MeshError,
    State,
    WaitTimeout,
)
from mistral_sdk.codec import AesGcm, CodecError, PayloadCodec
from mistral_sdk.connection import TLS
from mistral_sdk.context import Context, Deferred
from mistral_sdk.failures import Cancelled, Failure, Misfit
from mistral_sdk.running.observer import Observer
from mistral_sdk.running.session import WorkerRefused, WorkerReplaced
from mistral_sdk.shapes.marks import Encrypted
from mistral_sdk.worker import Worker, run

__version__ = "0.1.0"

__all__ = [
    "TLS",
    "AesGcm",
    "AsyncClient",
    "Cancelled",
    "Client",
    "CodecError",
    "Context",
    "Deferred",
    "Encrypted",
    "Event",
    "Execution",
    "ExecutionFailed",
    "Failure",
    "MeshError",
    "Misfit",
    "Observer",
    "PayloadCodec",
    "State",
    "WaitTimeout",
    "Worker",
    "WorkerRefused",
    "WorkerReplaced",
    "action",
    "run",
]
