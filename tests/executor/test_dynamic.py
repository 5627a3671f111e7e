"""Actions of uploaded code: fetched from an engine, run in a child that can do little, and killed when late."""

import asyncio
import hashlib
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from mistral.internal.v1 import dynamic_action_pb2 as dynamic_pb2
from mistral.internal.v1.engine_service_pb2_grpc import EngineServiceServicer, add_EngineServiceServicer_to_server
from mistral_executor.actions.dynamic import DynamicSettings
from mistral_executor.settings import ExecutorSettings
from mistral_runtime.settings import SettingError

LIBRARY = """
from mistral_lib import actions

class Greet(actions.Action):
    def __init__(self, name, mark="!"):
        self.name, self.mark = name, mark
    def run(self, context):
        known = context.execution
        return actions.Result(data=[self.name + self.mark, known.workflow_name, known.action_execution_id])

class Fails(actions.Action):
    def run(self, context):
        return actions.Result(error={"code": 7})

class Cancelled(actions.Action):
    def run(self, context):
        return actions.Result(cancel=True)

class Later(actions.Action):
    def run(self, context):
        return None
    def is_sync(self):
        return False
"""
LIMITS = {"enabled": True, "seconds": 20.0, "cpu_seconds": 2, "memory_mb": 128, "file_mb": 1, "processes": 2}


@dataclass
class Code(EngineServiceServicer):
    """The engine's side: code by the name of the action."""

    by_name: dict[str, tuple[str, str]] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)
    sent: int = 0
    away: int = 0

    async def GetDynamicAction(self, request: Any, context: Any) -> Any:
        self.asked.append(request)
        if self.away:
            self.away -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        if request.name not in self.by_name:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown")
        code, class_name = self.by_name[request.name]
        digest = hashlib.sha256(code.encode()).hexdigest()
        found = dynamic_pb2.GetDynamicActionResponse(
            class_name=class_name, code_source_name="source", version=1, digest=digest
        )
        if digest != request.known_digest:
            self.sent += 1
            found.content = code
        return found


@pytest.fixture
async def address() -> AsyncIterator[tuple[Code, str]]:
    code, server = Code(), grpc.aio.server()
    add_EngineServiceServicer_to_server(code, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield code, f"127.0.0.1:{port}"
    await server.stop(0)


@pytest.fixture
async def code(address: tuple[Code, str], start: Any) -> AsyncIterator[Code]:
    """An executor with dynamic actions; put code in here for it."""
    executor: AsyncExitStack = await start(engines=address[1], dynamic=DynamicSettings(**LIMITS))
    yield address[0]
    await executor.aclose()


async def run(engine: Any, code: Code, body: str, **more: Any) -> tuple[str, Any]:
    """Run the body of a method ``run``."""
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    code.by_name["it"] = f"class It:\n    def run(self, context):\n{lines}\n", "It"
    return await engine.run("it", {}, **more)


async def test_a_class_of_mistral_lib_runs_with_its_input_and_context(engine: Any, code: Code):
    code.by_name["greet"] = LIBRARY, "Greet"
    task = engine.task("greet", {"name": "Ada"}, workflow_name="w", project_id="p", namespace="n")
    await engine.give(task)

    assert await engine.result(task) == ("SUCCESS", ["Ada!", "w", task.action_id])
    asked = code.asked[0]
    assert (asked.project_id, asked.namespace, asked.name) == ("p", "n", "greet")


@pytest.mark.parametrize(
    ("name", "answer"),
    [("Fails", ("ERROR", {"code": 7})), ("Cancelled", ("CANCELLED", None)), ("Later", ("DEFERRED", None))],
)
async def test_results_of_mistral_lib_mean_what_they_mean_there(engine: Any, code: Code, name: str, answer: Any):
    code.by_name["it"] = LIBRARY, name

    assert await engine.run("it") == answer


async def test_the_library_is_not_needed(engine: Any, code: Code):
    assert await run(
        engine, code, "import sys\nreturn [context.execution.with_items_index, 'mistral_lib' in sys.modules]"
    ) == (
        "SUCCESS",
        [0, False],
    )


@pytest.mark.parametrize(
    ("source", "given", "said"),
    [
        (LIBRARY, {}, "Failed to instantiate an action [name=it, class=Greet, msg="),
        (LIBRARY, {"name": "a", "more": 1}, "Failed to instantiate an action [name=it, class=Greet, msg="),
        ("class Other: pass", {}, "The code source 'source' has no class 'Greet' with a method run"),
        ("class Greet: pass", {}, "The code source 'source' has no class 'Greet' with a method run"),
        ("this is no Python", {}, "The code source 'source' cannot be loaded: SyntaxError: "),
        ("import nothing_of_that_name", {}, "cannot be loaded: No module named 'nothing_of_that_name'"),
    ],
)
async def test_code_that_cannot_be_run_is_refused(engine: Any, code: Code, source: str, given: Any, said: str):
    code.by_name["it"] = source, "Greet"
    outcome, value = await engine.run("it", given)

    assert outcome == "REFUSED"
    assert said in value


async def test_an_exception_is_the_error(engine: Any, code: Code):
    outcome, value = await run(engine, code, "raise ValueError('no such thing')")

    assert outcome == "ERROR"
    assert value.startswith("The action raised an exception [action=it, ")
    assert "msg='no such thing'" in value


async def test_what_is_not_json_is_an_error(engine: Any, code: Code):
    outcome, value = await run(engine, code, "return object()")

    assert outcome == "ERROR"
    assert "the result is not JSON" in value


async def test_code_travels_once_and_again_when_it_changed(engine: Any, code: Code):
    assert await run(engine, code, "return 1") == ("SUCCESS", 1)
    assert await run(engine, code, "return 1") == ("SUCCESS", 1)
    assert code.sent == 1
    assert await run(engine, code, "return 2") == ("SUCCESS", 2)
    assert code.sent == 2


async def test_an_engine_that_is_away_is_waited_for(engine: Any, code: Code):
    code.away = 2

    assert await run(engine, code, "return 1") == ("SUCCESS", 1)


async def test_a_name_without_code_is_unknown(engine: Any, code: Code):
    assert await engine.run("nobody.has.it") == ("REFUSED", "Failed to find action [action_name=nobody.has.it]")


async def test_they_are_off_unless_switched_on(engine: Any, address: Any, start: Any):
    address[0].by_name["it"] = "class It:\n    def run(self):\n        return 1\n", "It"
    await start(engines=address[1])

    assert await engine.run("it") == ("REFUSED", "Failed to find action [action_name=it]")
    assert not ExecutorSettings.read({}).dynamic.enabled
    assert address[0].asked == []


async def test_they_cannot_be_on_without_an_engine(start: Any):
    with pytest.raises(SettingError, match="MISTRAL_ENGINE_ADDRESSES"):
        await start(dynamic=DynamicSettings(enabled=True))


async def test_nothing_of_the_executor_is_seen(engine: Any, code: Code, monkeypatch: pytest.MonkeyPatch):
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
    outcome, (variables, files, found, folder) = await run(engine, code, body.strip())

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
        "open('large', 'wb').write(b'x' * 2**21)",
        "all = [open('/dev/null') for _ in range(200)]",
    ],
)
async def test_it_can_do_nothing_to_others(engine: Any, code: Code, body: str, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        outcome, value = await run(engine, code, body.format(port=server.getsockname()[1], home=tmp_path))

    assert outcome == "ERROR"
    assert any(
        word in value
        for word in ("Permission denied", "not permitted", "not allowed", "Too many", "SIGXFSZ", "too large")
    )
    assert os.listdir(tmp_path) == []
    assert await run(engine, code, "return 1") == ("SUCCESS", 1)


async def test_it_may_use_threads_and_its_own_folder(engine: Any, code: Code):
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
    assert await run(engine, code, body.strip()) == ("SUCCESS", ["kept", "slept"])


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
async def test_what_goes_astray_ends_as_an_error_while_others_go_on(engine: Any, code: Code, body: str, said: str):
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    code.by_name["astray"] = f"class It:\n    def run(self):\n{lines}\n", "It"
    task = engine.task("astray", {})
    await engine.give(task)

    for number in range(10):
        assert await engine.run("std.echo", {"output": number}) == ("SUCCESS", number)
    outcome, value = await engine.result(task)

    assert outcome == "ERROR"
    assert said in value


async def test_one_that_takes_too_long_or_that_nobody_waits_for_is_killed(engine: Any, address: Any, start: Any):
    code, at = address
    settings = DynamicSettings(**{**LIMITS, "seconds": 1.0, "processes": 1})
    await start(engines=at, dynamic=settings)
    begun = time.monotonic()
    outcome, value = await run(engine, code, "import time\ntime.sleep(60)")
    assert outcome == "ERROR"
    assert "it took more than 1 seconds" in value

    task = engine.task("it", {}, timeout_seconds=0.3)
    await engine.give(task)
    assert await engine.result(task) == ("ERROR", "Timeout after 0.3 seconds")
    assert await run(engine, code, "return 1") == ("SUCCESS", 1)
    assert time.monotonic() - begun < 15


async def test_with_the_network_switched_on_it_may_connect(engine: Any, address: Any, start: Any):
    code, at = address
    await start(engines=at, dynamic=DynamicSettings(**LIMITS, network=True))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert await run(engine, code, f"import socket\nsocket.create_connection(('localhost', {port}))") == (
            "SUCCESS",
            None,
        )
    outcome, value = await run(engine, code, "import socket\nsocket.socket(socket.AF_UNIX)")
    assert outcome == "ERROR"
    assert "Permission denied" in value


async def test_folders_and_children_are_gone_at_the_end(engine: Any, address: Any, start: Any):
    code, at = address
    executor = await start(engines=at, dynamic=DynamicSettings(**LIMITS))
    task = engine.task("sleeper", {})
    code.by_name["sleeper"] = "import os, time\nclass It:\n    def run(self):\n        time.sleep(60)\n", "It"
    await engine.give(task)
    await until(_children)
    (folder,) = _children()
    await executor.aclose()

    assert _children() == []
    assert not folder.exists()


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
