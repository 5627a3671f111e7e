"""``std.javascript`` and ``std.js``: scripts in a child process, with limits that hold."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mistral_executor.actions.javascript import ScriptSettings

LIMITS = ScriptSettings(seconds=1.0, memory_mb=32, processes=2)
ENDLESS = "while (true) {}"
BOMB = "var all = []; while (true) all.push('x'.repeat(100000) + all.length)"


@pytest.fixture
async def limited(start: Any) -> Any:
    return await start(scripts=LIMITS)


def children() -> Iterator[int]:
    """The ids of our children that run scripts."""
    for found in Path("/proc").iterdir():
        if not found.name.isdecimal():
            continue
        try:
            parent = int((found / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"javascript_program" in (found / "cmdline").read_bytes():
                yield int(found.name)
        except (FileNotFoundError, ProcessLookupError):
            continue


@pytest.mark.parametrize("action", ["std.javascript", "std.js"])
async def test_a_script_returns_its_value(engine: Any, limited: Any, action: str):
    given = {"script": "return $.a.concat([$.name, null, 1.5, 2])", "context": {"a": [1, {"b": True}], "name": "ü"}}

    assert await engine.run(action, given) == ("SUCCESS", [1, {"b": True}, "ü", None, 1.5, 2])


@pytest.mark.parametrize(
    ("script", "value"),
    [
        ("var a = 1", None),
        ("return $", None),
        ("return 2 ** 40 // nothing follows", 2**40),
        ("return NaN", None),
        ("function g(n) { return n < 2 ? n : g(n - 1) + g(n - 2) }\nreturn g(10)", 55),
        ("return typeof require + typeof process + typeof fetch", "undefinedundefinedundefined"),
        ("return JSON.parse('[1]').map(x => x + 1)", [2]),
    ],
)
async def test_what_scripts_give(engine: Any, limited: Any, script: str, value: Any):
    assert await engine.run("std.js", {"script": script}) == ("SUCCESS", value)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("throw new Error('no such luck')", "Error: no such luck (at f (<input>:1"),
        ("return (", "SyntaxError: "),
        ("return missing", "ReferenceError: missing is not defined"),
        ("var a = {}; a.a = a; return a", "TypeError: circular reference"),
        ("function g() { return g() + 1 }\nreturn g()", "Maximum call stack size exceeded"),
        (ENDLESS, "it took more than 1 seconds"),
        ("return /(a+)+$/.test('a'.repeat(60) + 'b')", "it took more than 1 seconds"),
        (BOMB, "it needs more than 32 MiB of memory"),
        ("return new ArrayBuffer(1e9).byteLength", "it needs more than 32 MiB of memory"),
    ],
)
async def test_a_script_that_fails_says_why(engine: Any, limited: Any, script: str, said: str):
    outcome, value = await engine.run("std.js", {"script": script})

    assert outcome == "ERROR"
    assert "msg='JavaScriptAction failed: " in value
    assert said in value


async def test_the_script_must_be_there_and_be_a_text(engine: Any, limited: Any):
    assert (await engine.run("std.js", {}))[0] == "REFUSED"
    assert await engine.run("std.js", {"script": 1}) == (
        "REFUSED",
        "JavaScriptAction failed: the script must be a text",
    )


async def test_a_result_too_large_is_an_error(engine: Any, limited: Any):
    outcome, value = await engine.run("std.js", {"script": "return 'x'.repeat(5000000)"})

    assert outcome == "ERROR"
    assert "its answer has more than" in value


async def test_scripts_that_go_astray_hold_up_nobody_else(engine: Any, limited: Any):
    astray = [engine.task("std.js", {"script": script}) for script in (ENDLESS, BOMB, ENDLESS, BOMB)]
    begun = time.monotonic()
    await engine.give(*astray)

    for number in range(20):
        assert await engine.run("std.echo", {"output": number}) == ("SUCCESS", number)
    spent = time.monotonic() - begun

    assert [(await engine.result(task))[0] for task in astray] == ["ERROR"] * 4
    assert spent < time.monotonic() - begun
    assert await engine.run("std.js", {"script": "return 1"}) == ("SUCCESS", 1)


async def test_one_script_knows_nothing_of_another(engine: Any, limited: Any):
    left = {"script": "globalThis.secret = 1; Array.prototype.secret = 1; $.secret = 1; return 1", "context": {}}
    looked = {"script": "return [typeof secret, [].secret === undefined, $]", "context": {"mine": 1}}
    for _ in range(3):
        assert (await engine.run("std.js", left))[0] == "SUCCESS"
        assert await engine.run("std.js", looked) == ("SUCCESS", ["undefined", True, {"mine": 1}])


async def test_children_are_used_again_and_end_with_the_executor(engine: Any, start: Any):
    executor = await start(scripts=LIMITS)
    assert list(children()) == []
    await engine.run("std.js", {"script": "return 1"})
    first = list(children())
    for _ in range(5):
        await engine.run("std.js", {"script": "return 1"})

    assert list(children()) == first
    assert len(first) == 1
    await executor.aclose()
    assert list(children()) == []


async def test_a_script_that_nobody_waits_for_is_killed(engine: Any, start: Any):
    await start(scripts=ScriptSettings(seconds=600, memory_mb=32, processes=1))
    task = engine.task("std.js", {"script": ENDLESS}, timeout_seconds=0.5)
    await engine.give(task)

    assert await engine.result(task) == ("ERROR", "Timeout after 0.5 seconds")
    # There is one child only, and it is free again.
    async with asyncio.timeout(10):
        assert await engine.run("std.js", {"script": "return 1"}) == ("SUCCESS", 1)
