"""Traces: one tracer per process, W3C trace context in headers, spans that cost next to nothing when not sampled.

Whether a trace is recorded is decided once, where it begins; everyone else follows the flag in ``traceparent``.
"""

import random
import re
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from contextvars import Token
from types import TracebackType
from typing import Protocol

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SynchronousMultiSpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler, TraceIdRatioBased
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
)
from opentelemetry.util.types import AttributeValue

from mistral_runtime.tracefile import FileExporter

TRACEPARENT = "traceparent"
SERVER, CLIENT, PRODUCER, CONSUMER = SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER

_W3C = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_ODD = tuple("13579bdf")
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_UNSAMPLED = TraceFlags(TraceFlags.DEFAULT)
# A collector that is away must not hold up the end of a service.
_EXPORT_SECONDS = 3


class TraceSettings(Protocol):
    """What tracing needs to know; ``ServiceSettings`` has it."""

    @property
    def name(self) -> str: ...
    @property
    def trace_ratio(self) -> float: ...
    @property
    def otlp_endpoint(self) -> str | None: ...
    @property
    def trace_file(self) -> str | None: ...


class _Tracing:
    """The process's tracers: ``public`` samples by itself, ``decided`` records what ``span`` has chosen."""

    public: Tracer = trace.NoOpTracer()
    decided: Tracer | None = None
    ratio: float = 0.0


@contextmanager
def telemetry(settings: TraceSettings) -> Iterator[None]:
    """Trace inside the block; what is still to be exported is sent on the way out.

    Without an OTLP endpoint or a trace file nothing is recorded, but trace context still passes through.
    """
    processor = SynchronousMultiSpanProcessor()  # type: ignore[no-untyped-call]
    exporting = _add_exporter(processor, settings)
    before = _Tracing.public, _Tracing.decided, _Tracing.ratio
    _Tracing.public = _tracer(settings, processor, ParentBased(TraceIdRatioBased(settings.trace_ratio)))
    _Tracing.decided = _tracer(settings, processor, ParentBased(ALWAYS_ON)) if exporting else None
    _Tracing.ratio = settings.trace_ratio if exporting else 0.0
    try:
        yield
    finally:
        _Tracing.public, _Tracing.decided, _Tracing.ratio = before
        processor.shutdown()


def tracer() -> Tracer:
    """The tracer of OpenTelemetry, for what ``span`` cannot express."""
    return _Tracing.public


class span:
    """Trace the block as one span: ``with span("apply batch") as current``.

    Args:
        name: What is done; no ids in it.
        parent_traceparent: The caller's trace context as it came over the wire; by default the current span.
        links: ``traceparent`` of other traces that this work belongs to, such as the items of a batch.
        attributes: Recorded only when sampled; never secrets or contexts.
    """

    __slots__ = ("_arguments", "_parent", "_span", "_token")

    def __init__(
        self,
        name: str,
        *,
        parent_traceparent: str | None = None,
        links: Sequence[str] = (),
        attributes: Mapping[str, AttributeValue] | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
    ) -> None:
        self._arguments = name, links, attributes, kind
        self._parent = parent_traceparent
        self._token: Token[Context] | None = None
        self._span: Span = trace.INVALID_SPAN

    def __enter__(self) -> Span:
        remote = _parse(self._parent) if self._parent else None
        parent = remote or trace.get_current_span().get_span_context()
        if parent.is_valid:
            recorded = parent.trace_flags & TraceFlags.SAMPLED and _Tracing.decided is not None
            if not recorded and remote is None:
                # The current span goes on being current.
                self._span = trace.get_current_span()
                return self._span
        else:
            recorded = random.random() < _Tracing.ratio
            if not recorded:
                parent = _unsampled_root()
        self._span = self._record(remote) if recorded else NonRecordingSpan(parent)
        self._token = otel_context.attach(trace.set_span_in_context(self._span))
        return self._span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._token is None:
            return
        otel_context.detach(self._token)
        if self._span.is_recording():
            if isinstance(error, Exception):
                # The type alone: messages may hold data of users.
                self._span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            self._span.end()

    def _record(self, remote: SpanContext | None) -> Span:
        assert _Tracing.decided is not None
        name, links, attributes, kind = self._arguments
        context = None if remote is None else trace.set_span_in_context(NonRecordingSpan(remote))
        known = [Link(other) for link in links if (other := _parse(link)) and other.trace_flags & TraceFlags.SAMPLED]
        return _Tracing.decided.start_span(name, context, kind=kind, attributes=attributes, links=known)


def current_traceparent() -> str | None:
    """The trace context to send along, None outside any trace."""
    current = trace.get_current_span().get_span_context()
    if not current.is_valid:
        return None
    return f"00-{current.trace_id:032x}-{current.span_id:016x}-{current.trace_flags:02x}"


def recorded_traceparent() -> str | None:
    """The trace context if the current trace is recorded; what is not need not be carried everywhere."""
    current = trace.get_current_span()
    return current_traceparent() if current.get_span_context().trace_flags & TraceFlags.SAMPLED else None


def recorded(traceparent: str) -> str:
    """Return a trace context whose trace is recorded, and empty text for any other: nobody needs to carry that."""
    # The last digit holds the flag; others may be set beside it.
    return traceparent if traceparent[-1:] in _ODD else ""


def inject(headers: MutableMapping[str, str]) -> None:
    """Put the current trace context into headers; nothing outside any trace."""
    if traceparent := current_traceparent():
        headers[TRACEPARENT] = traceparent


def extract(headers: Mapping[str, str]) -> Context:
    """Return the context that the headers tell of; the current one if they tell of none."""
    parent = _parse(headers.get(TRACEPARENT, ""))
    return otel_context.get_current() if parent is None else trace.set_span_in_context(NonRecordingSpan(parent))


def _add_exporter(processor: SynchronousMultiSpanProcessor, settings: TraceSettings) -> bool:
    if settings.otlp_endpoint:
        # Costs 100 ms to import, and few need it.
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        insecure = not settings.otlp_endpoint.startswith("https://")
        exporter = OTLPSpanExporter(endpoint=settings.otlp_endpoint, insecure=insecure, timeout=_EXPORT_SECONDS)
        processor.add_span_processor(BatchSpanProcessor(exporter))
    elif settings.trace_file:
        processor.add_span_processor(SimpleSpanProcessor(FileExporter(settings.trace_file)))
    else:
        return False
    return True


def _tracer(settings: TraceSettings, processor: SynchronousMultiSpanProcessor, sampler: Sampler) -> Tracer:
    provider = TracerProvider(
        resource=Resource({"service.name": settings.name}),
        sampler=sampler,
        active_span_processor=processor,
        shutdown_on_exit=False,
    )
    return provider.get_tracer("mistral")


def _unsampled_root() -> SpanContext:
    return SpanContext(random.getrandbits(128) or 1, random.getrandbits(64) or 1, False, _UNSAMPLED)


def _parse(traceparent: str) -> SpanContext | None:
    match = _W3C.fullmatch(traceparent)
    if match is None:
        return None
    trace_id, span_id, flags = match.groups()
    parsed = SpanContext(int(trace_id, 16), int(span_id, 16), True, _SAMPLED if int(flags, 16) & 1 else _UNSAMPLED)
    return parsed if parsed.is_valid else None
