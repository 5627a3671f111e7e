"""Spans around handlers, if OpenTelemetry is installed and the sender traces."""

import contextlib
from collections.abc import Iterator
from functools import cache
from typing import Any

from mistral_sdk.stubs import worker_pb2


@contextlib.contextmanager
def span(assignment: worker_pb2.Assignment) -> Iterator[None]:
    """Be within a span below that of the sender; does nothing without OpenTelemetry."""
    tools = _tools()
    if tools is None:
        yield
        return
    trace, read = tools
    attributes = {
        "mistral.action": assignment.action,
        "mistral.action_execution.id": assignment.action_execution_id,
        "mistral.execution.id": assignment.execution_id,
        "mistral.task.name": assignment.task_name,
        "mistral.attempt": assignment.attempt,
    }
    parent = read({"traceparent": assignment.traceparent})
    kind = trace.SpanKind.CONSUMER
    tracer = trace.get_tracer("mistral_sdk")
    with tracer.start_as_current_span(f"run {assignment.action}", context=parent, kind=kind, attributes=attributes):
        yield


@cache
def _tools() -> tuple[Any, Any] | None:
    try:
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    except ImportError:
        return None
    return trace, TraceContextTextMapPropagator().extract
