"""Traces: sampled once, followed everywhere, nearly free when not recorded."""

import json
import logging
import time

import pytest
from opentelemetry import trace

from mistral_runtime import telemetry
from mistral_runtime.bus import PullConsumer
from mistral_runtime.logs import JsonFormatter
from mistral_runtime.settings import ServiceSettings

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "spans"


def tracing(file, ratio: float = 1.0):
    return telemetry.telemetry(ServiceSettings(name="engine-0", trace_ratio=ratio, trace_file=str(file)))


def spans(file) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_span_is_recorded_with_its_attributes_and_parent(file):
    with tracing(file), telemetry.span("outer", attributes={"size": 3}), telemetry.span("inner"):
        pass

    inner, outer = spans(file)
    assert (outer["name"], outer["attributes"], outer["parent_id"]) == ("outer", {"size": 3}, None)
    assert (inner["parent_id"], inner["trace_id"]) == (outer["span_id"], outer["trace_id"])


def test_a_failed_span_tells_the_kind_of_error_only(file):
    with tracing(file), pytest.raises(ValueError, match="hunter2"), telemetry.span("work"):
        raise ValueError("hunter2")

    (span,) = spans(file)
    assert span["status"] == "ERROR"
    assert "hunter2" not in json.dumps(span)


def test_a_remote_parent_is_followed(file):
    with tracing(file, ratio=0.0), telemetry.span("work", parent_traceparent=PARENT):
        assert telemetry.current_traceparent().split("-")[1] == PARENT.split("-")[1]

    (span,) = spans(file)
    assert (span["trace_id"], span["parent_id"]) == (PARENT.split("-")[1], PARENT.split("-")[2])


def test_an_unsampled_remote_parent_is_followed_without_recording(file):
    with tracing(file), telemetry.span("work", parent_traceparent=UNSAMPLED):
        assert telemetry.current_traceparent() == UNSAMPLED
        with telemetry.span("inner"):
            assert telemetry.current_traceparent() == UNSAMPLED

    assert spans(file) == []


def test_links_to_recorded_traces_are_kept(file):
    with tracing(file), telemetry.span("batch", links=[PARENT, UNSAMPLED, "nonsense"]):
        pass

    assert spans(file)[0]["links"] == ["0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"]


def test_about_the_asked_share_of_traces_is_recorded(file):
    with tracing(file, ratio=0.2):
        for _ in range(1000):
            with telemetry.span("work"):
                pass

    assert 120 < len(spans(file)) < 290


def test_without_an_exporter_nothing_is_recorded_but_context_passes():
    settings = ServiceSettings(name="engine-0", trace_ratio=1.0)
    with telemetry.telemetry(settings), telemetry.span("work", parent_traceparent=PARENT) as span:
        assert not span.is_recording()
        assert telemetry.current_traceparent() == PARENT


def test_outside_any_trace_there_is_no_context():
    headers: dict[str, str] = {}
    telemetry.inject(headers)

    assert telemetry.current_traceparent() is None
    assert headers == {}


@pytest.mark.parametrize("wrong", ["", "x", "00-0-0-00", "ff" + PARENT[2:], "00-" + "0" * 32 + PARENT[35:]])
def test_a_malformed_context_is_ignored(wrong, file):
    with tracing(file), telemetry.span("work", parent_traceparent=wrong):
        pass

    assert spans(file)[0]["parent_id"] is None


def test_inject_and_extract_are_each_others_inverse(file):
    headers: dict[str, str] = {}
    with tracing(file), telemetry.span("work"):
        telemetry.inject(headers)
        here = trace.get_current_span().get_span_context()

    there = trace.get_current_span(telemetry.extract(headers)).get_span_context()
    assert (there.trace_id, there.span_id, there.is_remote) == (here.trace_id, here.span_id, True)


async def test_a_recorded_trace_goes_through_the_bus(bus, file):
    consumer = PullConsumer(bus, "ENGINE", "c", ["mistral.engine.1"], ack_wait_seconds=5, max_ack_pending=10)
    await consumer.start()
    with tracing(file), telemetry.span("work"):
        await bus.publish("mistral.engine.1", b"recorded")
        here = telemetry.current_traceparent()
    with tracing(file, ratio=0.0), telemetry.span("work"):
        await bus.publish("mistral.engine.1", b"not recorded")

    recorded, other = await consumer.take(1) + await consumer.take(1)
    assert recorded.headers[telemetry.TRACEPARENT].split("-")[1:3] == here.split("-")[1:3]
    assert telemetry.TRACEPARENT not in other.headers


def test_logs_bear_the_ids_of_the_trace(file):
    record = logging.makeLogRecord({"msg": "hello", "levelname": "INFO"})
    with tracing(file), telemetry.span("work"):
        line = json.loads(JsonFormatter("engine-0").format(record))
        _, trace_id, span_id, _ = telemetry.current_traceparent().split("-")

    assert (line["trace_id"], line["span_id"]) == (trace_id, span_id)


def test_an_unsampled_span_costs_less_than_ten_microseconds(file):
    rounds = 5000
    with tracing(file, ratio=0.0):
        costs = []
        for _ in range(5):
            begun = time.process_time()
            for _ in range(rounds):
                with telemetry.span("work", attributes={"size": 1}):
                    pass
            costs.append((time.process_time() - begun) / rounds)

    assert min(costs) < 10e-6
