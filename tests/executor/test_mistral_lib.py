"""A package written for mistral_lib, and for nothing else, is installed beside the executor and its actions run."""

import importlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mistral_executor.actions.registry import Registry, installed
from mistral_runtime.settings import SettingError

CLASS = "harbour_actions.ships"


@pytest.fixture
def offered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Registry]]:
    """Call it for the actions on offer with the package on the path."""
    monkeypatch.syspath_prepend(str(folder))
    importlib.invalidate_caches()
    yield installed
    for name in [name for name in sys.modules if name.startswith("harbour_actions")]:
        del sys.modules[name]


async def test_they_run_in_an_executor_of_its_own_process(engine: Any, process: Any, folder: Path):
    process(engine.queue, PYTHONPATH=str(folder))
    await _begun(engine)

    assert await engine.run("harbour.moor", {"ship": "Alma", "berth": 4}) == (
        "SUCCESS",
        {"ship": "Alma", "berth": 4, "lines": ["bow", "stern"], "pilot": None, "tug": None},
    )
    assert await engine.run("dock.south", {"ship": "Alma"}) == ("SUCCESS", {"dock": "south", "ship": "Alma"})
    assert await engine.run("crane.lift", {"tons": 3}) == ("SUCCESS", {"dock": None, "tons": 3})
    assert await engine.run("std.echo", {"output": 1}) == ("SUCCESS", 1)


async def test_packages_have_settings_and_find_those_of_mistral(
    engine: Any, process: Any, folder: Path, tmp_path: Path
):
    file = tmp_path / "mistral.conf"
    file.write_text("[harbour]\nflag = red\n[api]\nport = 18989\n")

    process(engine.queue, PYTHONPATH=str(folder), MISTRAL_EXECUTOR_MISTRAL_LIB_CONFIG=str(file))
    await _begun(engine)

    assert await engine.run("harbour.signal") == ("SUCCESS", ["red", "127.0.0.1", 18989, False])


async def _begun(engine: Any) -> None:
    task = engine.task("std.noop")
    await engine.give(task)
    await engine.result(task, seconds=60)


def test_their_input_is_told_as_the_library_tells_it(offered: Any):
    texts = {name: action.signature.text for name, action in offered().items()}

    assert texts["harbour.moor"] == 'ship, berth=1, lines=["bow", "stern"], tug=null'
    assert texts["harbour.anything"] == "first, **others"
    assert texts["harbour.refuse"] == texts["harbour.bell"] == ""
    assert texts["dock.north"] == 'ship, berths=[1, 2], note="a, b"'


def test_their_descriptions_are_those_of_the_package(offered: Any):
    actions = offered()

    assert actions["harbour.moor"].description == "Moors a ship.\n\nAt the given berth."
    assert actions["dock.north"].description == "The north dock."


@pytest.mark.parametrize(
    ("action", "given", "fault"),
    [
        ("harbour.moor", {}, f"name=harbour.moor, class={CLASS}.Moor, missing=['ship']"),
        (
            "harbour.moor",
            {"ship": "Alma", "anchor": 1},
            f"name=harbour.moor, class={CLASS}.Moor, unexpected=['anchor']",
        ),
        ("harbour.refuse", {"x": 1}, f"name=harbour.refuse, class={CLASS}.Refuse, unexpected=['x']"),
        ("dock.north", {"note": "n"}, "name=dock.north, class=harbour_actions.docks.DockAction, missing=['ship']"),
        ("harbour.anything", {}, f"name=harbour.anything, class={CLASS}.Anything, missing=['first']"),
    ],
)
async def test_input_that_does_not_fit_is_refused(
    engine: Any, start: Any, offered: Any, action: str, given: dict[str, Any], fault: str
):
    await start(offered())

    assert await engine.run(action, given) == ("REFUSED", f"Invalid input [{fault}]")


async def test_a_constructor_that_fails_refuses_the_input(engine: Any, start: Any, offered: Any):
    await start(offered())

    outcome, text = await engine.run("harbour.register", {"tons": "many"})

    assert outcome == "REFUSED"
    assert text.startswith(f"Failed to instantiate an action [name=harbour.register, class={CLASS}.Register, msg='")


async def test_parameters_that_the_text_does_not_tell_are_taken(engine: Any, start: Any, offered: Any):
    await start(offered())

    outcome, value = await engine.run("harbour.moor", {"ship": "Alma", "pilot": "Ole", "tug": "Max"})

    assert (outcome, value["pilot"], value["tug"]) == ("SUCCESS", "Ole", "Max")
    assert await engine.run("harbour.anything", {"first": 1, "x": 2}) == ("SUCCESS", {"first": 1, "x": 2})
    assert await engine.run("dock.any", {"x": 2}) == ("SUCCESS", {"dock": None, "x": 2})


async def test_results_become_json(engine: Any, start: Any, offered: Any):
    await start(offered())

    assert await engine.run("harbour.manifest", {}) == (
        "SUCCESS",
        {
            "cargo": [{"what": "tea", "loaded": "2026-11-21"}, {"what": "silk", "loaded": "2026-11-21"}],
            "ports": ["Goa"],
            "holds": [1, 2],
            "logs": ["a", "b"],
        },
    )
    outcome, text = await engine.run("harbour.manifest", {"of": "ghost"})
    assert outcome == "ERROR"
    assert text.startswith("The result is not JSON: ")


async def test_an_error_is_the_result_of_a_failed_action(engine: Any, start: Any, offered: Any):
    await start(offered())

    assert await engine.run("harbour.refuse") == ("ERROR", {"reason": "no papers", "since": "2026-11-01"})
    assert await engine.run("harbour.call_off") == ("CANCELLED", None)


async def test_an_exception_fails_the_action_and_nothing_else(engine: Any, start: Any, offered: Any):
    await start(offered())

    task = engine.task("harbour.run_aground", {})
    await engine.give(task)

    said = f"The action raised an exception [action=harbour.run_aground, action_ex_id={task.action_id}, msg='%s']"
    assert await engine.result(task) == ("ERROR", said % "aground, told")
    assert (await engine.run("harbour.run_aground", {"how": "exit"}))[0] == "ERROR"
    assert await engine.run("harbour.bell") == ("SUCCESS", "ding")


async def test_the_context_tells_where_the_action_runs(engine: Any, start: Any, offered: Any):
    await start(offered())
    belongs = {"task_id": "t-1", "execution_id": "e-1", "workflow_name": "w", "project_id": "p", "index": 3}

    task = engine.task("harbour.whereabouts", {}, **belongs)
    await engine.give(task)
    outcome, seen = await engine.result(task)

    assert outcome == "SUCCESS"
    assert seen["execution"] == {
        "workflow_execution_id": "e-1",
        "task_execution_id": "t-1",
        "action_execution_id": task.action_id,
        "workflow_name": "w",
        "callback_url": f"/v2/action_executions/{task.action_id}",
        "with_items_index": 3,
        "task_rerun_no": 0,
        "task_rerun_id": None,
        "workflow_propagated_headers": None,
    }
    assert {name for name, value in seen["security"].items() if value is not None} == {"project_id"}


async def test_an_action_says_itself_whether_somebody_else_completes_it(engine: Any, start: Any, offered: Any):
    actions = offered()
    await start(actions)

    assert not actions["harbour.pilot"].synchronous
    assert await engine.run("harbour.pilot") == ("DEFERRED", None)
    assert await engine.run("harbour.pilot", {"ill": True}) == ("ERROR", "the pilot is ill")
    assert await engine.run("harbour.tide", {"wait": True}) == ("DEFERRED", None)
    assert await engine.run("harbour.tide", {"wait": False}) == ("SUCCESS", "high")


async def test_an_action_that_takes_too_long_is_answered_at_once(engine: Any, start: Any, offered: Any):
    await start(offered())
    begun = time.monotonic()

    answer = await engine.run("harbour.doze", {"seconds": 30}, timeout_seconds=0.3)

    assert answer == ("ERROR", "Timeout after 0.3 seconds")
    assert time.monotonic() - begun < 10


async def test_threads_that_were_given_up_count_until_they_come_back(
    engine: Any, start: Any, with_actions: Any, capfd: pytest.CaptureFixture[str]
):
    wake = threading.Event()
    await start(with_actions(sleeper=lambda: wake.wait(60), quick_one=lambda: "ran"), threads=1)

    assert (await engine.run("sleeper", {}, timeout_seconds=0.2))[0] == "ERROR"
    assert await engine.run("quick_one", {}, timeout_seconds=0.2) == ("ERROR", "Timeout after 0.2 seconds")
    assert "action sleeper was given up but its thread goes on; 1 of 1 threads are such" in capfd.readouterr().err

    wake.set()
    assert await engine.run("quick_one", {}) == ("SUCCESS", "ran")


def test_what_does_not_load_is_named_and_costs_nothing_else(offered: Any, caplog: pytest.LogCaptureFixture):
    actions = offered()

    assert {"harbour.sunken", "harbour.chart", "dock.half"}.isdisjoint(actions)
    assert {"harbour.moor", "dock.north", "dock.any", "crane.lift"} <= actions.keys()
    assert actions["std.echo"].implementation == "mistral_executor.actions.basic.echo"
    assert [record.getMessage().split(": ")[0] for record in caplog.records] == [
        "action harbour.chart of harbour-actions is left out",
        "action harbour.sunken of harbour-actions is left out",
        "action std.echo of harbour-actions is left out",
        "what _SilentGenerator generates of harbour-actions is left out",
        "action dock.half of harbour-actions is left out",
        "generator fog of harbour-actions is left out",
    ]


def test_only_wanted_names_are_offered(offered: Any):
    names = {name for name in offered(mistral_lib=("harbour.m*", "dock.north")) if not name.startswith("std.")}

    assert names == {"harbour.moor", "harbour.manifest", "dock.north"}
    assert "harbour.moor" not in offered(mistral_lib=())


def test_without_the_library_its_actions_are_left_out(
    offered: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.delitem(sys.modules, "mistral_executor.actions.mistral_lib.running", raising=False)
    monkeypatch.delattr("mistral_executor.actions.mistral_lib.running", raising=False)
    monkeypatch.setitem(sys.modules, "mistral_lib", None)

    assert "std.echo" in offered()
    assert "harbour.moor" not in offered()
    assert "actions of harbour-actions are left out" in caplog.text


@pytest.mark.parametrize("content", [None, "[api\nport = 1\n"])
def test_settings_that_cannot_be_read_are_named(offered: Any, tmp_path: Path, content: str | None):
    file = tmp_path / "mistral.conf"
    if content is not None:
        file.write_text(content)

    with pytest.raises(SettingError, match=r"MISTRAL_EXECUTOR_MISTRAL_LIB_CONFIG must be a file of settings"):
        offered(config_file=str(file))
