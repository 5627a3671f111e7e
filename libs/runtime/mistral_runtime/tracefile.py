"""Spans as lines of JSON in a file, for tests and for looking at traces without a collector."""

import os
from collections.abc import Sequence

import msgspec
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult


class FileExporter(SpanExporter):
    """Appends one line per span; several processes may share the file."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        lines = b"".join(msgspec.json.encode(_document(span), enc_hook=str) + b"\n" for span in spans)
        os.write(self._file, lines)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        os.close(self._file)


def _document(span: ReadableSpan) -> dict[str, object]:
    own = span.get_span_context()
    assert own is not None
    return {
        "service": span.resource.attributes.get("service.name"),
        "name": span.name,
        "trace_id": f"{own.trace_id:032x}",
        "span_id": f"{own.span_id:016x}",
        "parent_id": f"{span.parent.span_id:016x}" if span.parent else None,
        "kind": span.kind.name,
        "start_ns": span.start_time,
        "end_ns": span.end_time,
        "status": span.status.status_code.name,
        "attributes": dict(span.attributes or {}),
        "links": [f"{link.context.trace_id:032x}-{link.context.span_id:016x}" for link in span.links],
    }
