"""Actions of uploaded code: what they cannot do, and what they cannot keep others from."""

import asyncio
import ctypes
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mistral_executor.actions.dynamic import DynamicSettings

_SET_CHILD_SUBREAPER = 36


async def test_nothing_of_the_executor_is_seen(engine: Any, code: Any, monkeypatch: pytest.MonkeyPatch, run: Any):
    monkeypatch.setenv("MISTRAL_SECRET", "hush")
    body = """
import os
def tried(path):
    try:
        return len(open(path, "rb").read())
    except OSError as error:
        return type(error).__name__
paths = [f"/proc/{os.getppid()}/environ", f"/proc/{os.getppid()}/maps", "/etc/passwd", "/proc/1/environ"]
return [sorted(os.environ), [tried(path) for path in paths], os.listdir("."), os.getcwd()]
"""
    outcome, (variables, files, found, folder) = await run(code, body.strip())

    assert outcome == "SUCCESS"
    # Python itself may add a language.
    assert set(variables) - {"LC_CTYPE"} == {"HOME", "LANG", "MALLOC_ARENA_MAX", "PATH", "TMPDIR"}
    assert files == ["PermissionError"] * 4
    assert found == []
    await until(lambda: not Path(folder).exists())


@pytest.mark.parametrize(
    "body",
    [
        "import os\nos.fork()",
        "import subprocess\nsubprocess.run(['/bin/true'])",
        "import os\nos.execv('/bin/true', ['true'])",
        "import os\nos.kill(os.getppid(), 9)",
        "import os, signal\nsignal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9)",
        "import socket\nsocket.create_connection(('127.0.0.1', {port}))",
        "import socket\nsocket.socket(socket.AF_UNIX)",
        "open('{home}/planted', 'w')",
        "import os\nos.listdir('{home}')",
        "import os\nos.listdir('/')",
        "import os\nos.setuid(1)",
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
        "import resource, os\nresource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (0, 0))",
        "import ctypes\nassert ctypes.CDLL(None).prctl(1, 0) == 0, 'not permitted'",
        "import ctypes\nassert ctypes.CDLL(None).shmget(1, 4096, 0o1600) >= 0, 'not permitted'",
        "open('large', 'wb').write(b'x' * 2**21)",
        "all = [open('/dev/null') for _ in range(200)]",
    ],
)
async def test_it_can_do_nothing_to_others(engine: Any, code: Any, body: str, tmp_path: Path, run: Any):
    with socket.create_server(("127.0.0.1", 0)) as server:
        outcome, value = await run(code, body.format(port=server.getsockname()[1], home=tmp_path))

    assert outcome == "ERROR"
    assert any(
        word in value
        for word in ("Permission denied", "not permitted", "not allowed", "Too many", "SIGXFSZ", "too large")
    )
    assert os.listdir(tmp_path) == []
    assert await run(code, "return 1") == ("SUCCESS", 1)


async def test_it_may_use_threads_and_its_own_folder(engine: Any, code: Any, run: Any):
    body = """
import asyncio, tempfile, threading
with tempfile.NamedTemporaryFile("w+") as own:
    own.write("kept")
    own.seek(0)
    read = own.read()
done = []
thread = threading.Thread(target=done.append, args=(read,))
thread.start()
thread.join()
return done + [asyncio.run(asyncio.sleep(0, "slept"))]
"""
    assert await run(code, body.strip()) == ("SUCCESS", ["kept", "slept"])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("while True: pass", "too much processor time or memory"),
        ("all = []\nwhile True: all.append(bytes(10**7))", "more memory than it may have"),
        ("import ctypes\nctypes.string_at(0)", "SIGSEGV"),
        ("import os\nos._exit(3)", "ended by itself, with code 3"),
        ("return 'x' * 5_000_000", "its answer has more than"),
    ],
)
async def test_what_goes_astray_ends_as_an_error_while_others_go_on(engine: Any, code: Any, body: str, said: str):
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    code.by_name["astray"] = f"class It:\n    def run(self):\n{lines}\n", "It"
    task = engine.task("astray", {})
    await engine.give(task)

    for number in range(10):
        assert await engine.run("std.echo", {"output": number}) == ("SUCCESS", number)
    outcome, value = await engine.result(task)

    assert outcome == "ERROR"
    assert said in value


async def test_one_that_takes_too_long_or_that_nobody_waits_for_is_killed(
    engine: Any, address: Any, start: Any, run: Any, limits: Any
):
    code, at = address
    settings = DynamicSettings(**{**limits, "seconds": 1.0, "processes": 1})
    await start(engines=at, dynamic=settings)
    begun = time.monotonic()
    outcome, value = await run(code, "import time\ntime.sleep(60)")
    assert outcome == "ERROR"
    assert "it took more than 1 seconds" in value

    task = engine.task("it", {}, timeout_seconds=0.3)
    await engine.give(task)
    assert await engine.result(task) == ("ERROR", "Timeout after 0.3 seconds")
    assert await run(code, "return 1") == ("SUCCESS", 1)
    assert time.monotonic() - begun < 15


async def test_with_the_network_switched_on_it_may_connect(
    engine: Any, address: Any, start: Any, run: Any, limits: Any
):
    code, at = address
    await start(engines=at, dynamic=DynamicSettings(**limits, network=True))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert await run(code, f"import socket\nsocket.create_connection(('localhost', {port}))") == (
            "SUCCESS",
            None,
        )
    outcome, value = await run(code, "import socket\nsocket.socket(socket.AF_UNIX)")
    assert outcome == "ERROR"
    assert "Permission denied" in value


async def test_folders_and_children_are_gone_at_the_end(engine: Any, address: Any, start: Any, limits: Any):
    code, at = address
    executor = await start(engines=at, dynamic=DynamicSettings(**limits))
    task = engine.task("sleeper", {})
    code.by_name["sleeper"] = "import os, time\nclass It:\n    def run(self):\n        time.sleep(60)\n", "It"
    await engine.give(task)
    await until(_children)
    (folder,) = _children()
    await executor.aclose()

    assert _children() == []
    assert not folder.exists()


async def test_what_is_killed_is_buried_as_well(engine: Any, address: Any, start: Any, limits: Any, run: Any):
    """Also where nobody else adopts orphans, as in a container."""
    code, at = address
    libc = ctypes.CDLL(None)
    assert libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    try:
        await start(engines=at, dynamic=DynamicSettings(**{**limits, "seconds": 0.5, "memory_mb": 132}))
        outcome, _ = await run(code, "import time\ntime.sleep(60)")
        assert outcome == "ERROR"
        await until(lambda: not _with("132"))
        await until(lambda: not any(map(_is_dead_child, Path("/proc").glob("[0-9]*"))))
    finally:
        libc.prctl(_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


async def test_when_an_executor_is_killed_its_children_die(engine: Any, address: Any, process: Any, tmp_path: Path):
    code, at = address
    executor = process(
        engine.queue,
        TMPDIR=str(tmp_path),
        MISTRAL_ENGINE_ADDRESSES=at,
        MISTRAL_DYNAMIC_ACTIONS="true",
        MISTRAL_DYNAMIC_MEMORY_MB="131",
        MISTRAL_JAVASCRIPT_MEMORY_MB="37",
        MISTRAL_JAVASCRIPT_SECONDS="600",
    )
    code.by_name["sleeper"] = "import time\nclass It:\n    def run(self):\n        time.sleep(600)\n", "It"
    await engine.give(engine.task("sleeper", {}), engine.task("std.js", {"script": "while (true) {}"}))
    # What makes processes, the process, and the engine of scripts.
    await until(lambda: (len(_with("131")), len(_with("37"))) == (2, 1))

    executor.kill()

    await until(lambda: not _with("131") and not _with("37"))


async def until(holds: Callable[[], Any]) -> None:
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it does not come about")


def _children() -> list[Path]:
    """The folders of our children that run code."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            ours = process.name.isdecimal() and _parent(process) == os.getpid()
            if ours and b"python_program" in (process / "cmdline").read_bytes():
                found.append(Path(os.readlink(process / "cwd")))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _parent(process: Path) -> int:
    return int((process / "stat").read_text().rpartition(")")[2].split()[1])


def _with(memory_mb: str) -> list[str]:
    """The ids of all children, of whomever, that have that limit."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            said = (process / "cmdline").read_bytes()
        except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
            continue
        if b"mistral_executor.sandbox." in said and f'"memory_mb": {memory_mb},'.encode() in said:
            found.append(process.name)
    return found


def _is_dead_child(process: Path) -> bool:
    try:
        state, parent = (process / "stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state == "Z" and int(parent) == os.getpid()
