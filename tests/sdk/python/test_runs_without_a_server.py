"""The test helper of the SDK runs handlers as a worker does."""

import asyncio
import threading
import time
from dataclasses import dataclass
from typing import Any

import pytest

from mistral_sdk import AesGcm, Cancelled, Context, Deferred, Encrypted, Failure, action
from mistral_sdk.testing import run, run_async

CODEC = AesGcm({"k": bytes(32)})


@action("images.resize", safe_rerun=True)
def resize(image: str, width: int = 100) -> dict[str, Any]:
    """Resize an image."""
    return {"image": image, "width": width}


def test_a_plain_function_runs_with_its_defaults() -> None:
    assert run(resize, {"image": "a.png"}).value() == {"image": "a.png", "width": 100}


def test_the_decorator_leaves_the_function_as_it_is() -> None:
    assert resize("a.png", width=1) == {"image": "a.png", "width": 1}


def test_an_input_that_does_not_fit_fails_for_good_and_names_the_place() -> None:
    outcome = run(resize, {"image": "a.png", "width": "wide"})
    assert outcome.state == "failure"
    assert outcome.error is not None
    assert outcome.error.message == "the input of images.resize does not fit: width: must be an integer, not a text"
    assert (outcome.error.type, outcome.error.permanent) == ("InvalidInput", True)


def test_a_failure_keeps_all_that_was_said() -> None:
    def pay() -> None:
        raise Failure("no money", type="CardDeclined", details={"code": 51}, permanent=True)

    with pytest.raises(Failure) as raised:
        run(pay).value()
    failure = raised.value
    assert (failure.message, failure.type, failure.details, failure.permanent) == (
        "no money",
        "CardDeclined",
        {"code": 51},
        True,
    )


@pytest.mark.parametrize("error", [ZeroDivisionError("odd"), SystemExit("odd"), BaseException("odd")])
def test_whatever_is_thrown_is_a_failure(error: BaseException) -> None:
    def plain() -> None:
        raise error

    async def asynchronous() -> None:
        raise error

    for handler in (plain, asynchronous):
        outcome = run(handler)
        assert outcome.error is not None
        assert (outcome.error.type, outcome.error.message) == (type(error).__name__, "odd")


def test_an_error_that_has_no_text_does_no_harm() -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            raise ValueError

    def handler() -> None:
        raise Odd

    outcome = run(handler)
    assert outcome.error is not None
    assert outcome.error.type == "Odd"


@pytest.mark.parametrize("value", [float("nan"), object(), {1, object()}])
def test_a_result_that_is_no_json_fails(value: Any) -> None:
    outcome = run(lambda: value)
    assert outcome.error is not None
    assert outcome.error.type == "InvalidResult"


def test_results_of_own_types_are_written() -> None:
    @dataclass
    class Answer:
        number: int
        parts: tuple[str, ...]

    assert run(lambda: Answer(2**70, ("a", "\ud800"))).result == {"number": 2**70, "parts": ["a", "\ud800"]}


def test_progress_and_log_are_shown_in_order() -> None:
    def walk(context: Context, steps: int) -> int:
        first = (context.last_progress or {"step": 0})["step"] + 1
        for step in range(first, steps + 1):
            context.progress(percent=100 * step / steps, details={"step": step})
            context.log.info("step %d", step)
        return first

    outcome = run(walk, {"steps": 4}, last_progress={"step": 2}, attempt=2)
    assert outcome.result == 3
    assert outcome.progress == [(75.0, {"step": 3}), (100.0, {"step": 4})]
    assert outcome.log == [("INFO", "step 3"), ("INFO", "step 4")]


def test_progress_out_of_range_is_an_error_of_the_handler() -> None:
    for bad in ({"percent": 101}, {"details": "x" * 70_000}):
        outcome = run(lambda context, bad=bad: context.progress(**bad))
        assert outcome.error is not None
        assert outcome.error.type == "ValueError"


def test_an_asynchronous_handler_is_interrupted() -> None:
    cleaned = threading.Event()

    async def wait(context: Context) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            assert context.cancelled.reason == "cancelled by the test"
            cleaned.set()

    assert run(wait, cancel_after=0.01).state == "cancelled"
    assert cleaned.is_set()


def test_a_handler_in_a_thread_notices() -> None:
    def wait(context: Context) -> None:
        context.sleep(60)

    def look(context: Context) -> None:
        while True:
            context.check()
            time.sleep(0.001)

    for handler in (wait, look):
        assert run(handler, cancel_after=0.01).state == "cancelled"


def test_a_handler_that_ends_all_the_same_has_a_result() -> None:
    def stubborn(context: Context) -> str:
        assert context.cancelled.wait(60)
        return "done"

    assert run(stubborn, cancel_after=0.01).result == "done"


def test_an_interruption_of_its_own_is_a_failure() -> None:
    async def handler() -> None:
        raise asyncio.CancelledError

    outcome = run(handler)
    assert outcome.error is not None
    assert outcome.error.type == "CancelledError"


def test_a_deadline_is_known_and_ends_the_run() -> None:
    remaining = run(lambda context: context.remaining, deadline=3600).result
    assert 0 < remaining <= 3600
    assert run(lambda context: context.sleep(60), deadline=0.05).state == "cancelled"
    assert run(lambda context: context.deadline).result is None


def test_a_run_may_be_completed_later() -> None:
    def later(context: Context) -> Deferred:
        assert context.idempotency_key == "test-run"
        return context.defer()

    assert run(later).state == "deferred"


def test_marked_values_are_encrypted_on_the_wire_and_decrypted_before_the_handler() -> None:
    @action("cards.check", encrypt=["number"])
    def check(number: str, pin: Encrypted[int]) -> dict[str, Any]:
        return {"number": number, "pin": pin}

    given = {"number": {"$mistral.encrypted": CODEC.encode("4111")}, "pin": 7}
    outcome = run(check, given, codec=CODEC)
    assert outcome.result == {"number": "4111", "pin": 7}
    assert b"4111" not in outcome.output
    without = run(check, {"number": "4111", "pin": given["number"]})
    assert without.error is not None
    assert "no codec" in without.error.message


async def test_it_runs_in_a_loop_too() -> None:
    async def handler(n: int) -> int:
        await asyncio.sleep(0)
        return n

    assert (await run_async(handler, {"n": 2})).value() == 2


def test_cancelled_is_raised_by_the_value() -> None:
    with pytest.raises(Cancelled):
        run(lambda context: context.sleep(60), cancel_after=0.01).value()


def test_a_traced_run_is_a_span_below_the_sender() -> None:
    trace = pytest.importorskip("opentelemetry.trace")
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    def trace_id() -> str:
        return f"{trace.get_current_span().get_span_context().trace_id:032x}"

    assert run(trace_id, traceparent=parent).result == "0af7651916cd43dd8448eb211c80319c"
    assert run(trace_id).result == "0" * 32
