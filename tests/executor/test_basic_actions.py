"""The small standard actions, over the bus as an engine runs them."""

import time
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("executor")


async def test_noop_gives_null(engine: Any):
    assert await engine.run("std.noop") == ("SUCCESS", None)


@pytest.mark.parametrize("value", [None, 1, 2**70, "ü", [1, {"a": None}], {"k": 1.5}, "", False])
async def test_echo_returns_its_output(engine: Any, value: Any):
    assert await engine.run("std.echo", {"output": value}) == ("SUCCESS", value)


async def test_echo_waits_for_its_delay(engine: Any):
    begun = time.monotonic()

    assert await engine.run("std.echo", {"output": 1, "delay": 0.3}) == ("SUCCESS", 1)

    assert time.monotonic() - begun >= 0.3


@pytest.mark.parametrize("delay", [-1, "soon", None, 0])
async def test_a_bad_delay_is_none(engine: Any, delay: Any):
    assert await engine.run("std.echo", {"output": 1, "delay": delay}) == ("SUCCESS", 1)


async def test_fail_fails_with_its_data(engine: Any):
    assert await engine.run("std.fail", {"error_data": {"a": [1], "b": None}}) == ("ERROR", {"a": [1], "b": None})


async def test_fail_without_data_says_so(engine: Any):
    task = engine.task("std.fail", {})
    await engine.give(task)

    outcome, error = await engine.result(task)

    assert outcome == "ERROR"
    assert error == (
        f"The action raised an exception [action=std.fail, action_ex_id={task.action_id}, "
        "msg='Fail action expected exception.']"
    )


@pytest.mark.parametrize(("seconds", "least"), [(1, 1.0), ("1", 1.0), (-3, 0.0), ("x", 0.0), (0.9, 0.0)])
async def test_sleep_sleeps_whole_seconds(engine: Any, seconds: Any, least: float):
    begun = time.monotonic()

    assert await engine.run("std.sleep", {"seconds": seconds}) == ("SUCCESS", None)

    assert time.monotonic() - begun >= least


async def test_an_asynchronous_action_is_deferred(engine: Any):
    assert await engine.run("std.async_noop") == ("DEFERRED", None)


async def test_a_dictionary_of_a_size(engine: Any):
    given = {"size": 3, "key_prefix": "k", "val": "v"}

    assert await engine.run("std.test_dict", given) == ("SUCCESS", {"k0": "v", "k1": "v", "k2": "v"})


async def test_an_unknown_action_is_refused(engine: Any):
    assert await engine.run("no.such") == ("REFUSED", "Failed to find action [action_name=no.such]")


async def test_input_that_does_not_fit_is_refused(engine: Any):
    outcome, error = await engine.run("std.echo", {"foo": 1})

    assert outcome == "REFUSED"
    assert error == (
        "Invalid input [name=std.echo, class=mistral_executor.actions.basic.echo, "
        "missing=['output'], unexpected=['foo']]"
    )


async def test_many_in_one_envelope(engine: Any):
    tasks = [engine.task("std.echo", {"output": number}) for number in range(100)]

    await engine.give(*tasks)

    assert [await engine.result(task) for task in tasks] == [("SUCCESS", number) for number in range(100)]
    assert len(engine.envelopes) <= 3
    assert set(engine.counts.values()) == {1}
