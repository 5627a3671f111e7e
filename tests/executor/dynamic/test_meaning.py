"""Actions of uploaded code: what their runs mean, and how the code gets to the executor."""

from typing import Any

import pytest

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


async def test_a_class_of_mistral_lib_runs_with_its_input_and_context(engine: Any, code: Any):
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
async def test_results_of_mistral_lib_mean_what_they_mean_there(engine: Any, code: Any, name: str, answer: Any):
    code.by_name["it"] = LIBRARY, name

    assert await engine.run("it") == answer


async def test_a_plain_class_runs_as_well(engine: Any, code: Any, run: Any):
    assert await run(code, "return context.execution.with_items_index") == ("SUCCESS", 0)


async def test_a_library_that_is_not_there_is_named(engine: Any, code: Any):
    # How Python finds that a module is missing, without taking it from the other tests.
    code.by_name["it"] = "import sys\nsys.modules['mistral_lib'] = None\n" + LIBRARY, "Greet"
    outcome, value = await engine.run("it", {"name": "a"})

    assert outcome == "REFUSED"
    assert "needs mistral_lib, which is not installed beside the executor" in value


async def test_one_run_finds_nothing_of_another(engine: Any, code: Any, run: Any):
    body = """
import builtins, os, sys, tempfile
own = tempfile.gettempdir() == os.getcwd()
found = [hasattr(builtins, "left"), "left" in sys.modules, os.environ.get("LEFT"), os.listdir("."), own]
builtins.left = sys.modules["left"] = sys
os.environ["LEFT"] = "1"
open("left", "w").close()
return found
"""
    for _ in range(3):
        assert await run(code, body.strip()) == ("SUCCESS", [False, False, None, [], True])


async def test_one_that_answers_and_stays_does_not_meet_the_next(engine: Any, code: Any, run: Any):
    body = """
import os, struct, time
os._exit = lambda code: time.sleep(60)
return "answered"
"""
    for _ in range(2):
        assert await run(code, body.strip()) == ("SUCCESS", "answered")
        assert await run(code, "return 1") == ("SUCCESS", 1)


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
async def test_code_that_cannot_be_run_is_refused(engine: Any, code: Any, source: str, given: Any, said: str):
    code.by_name["it"] = source, "Greet"
    outcome, value = await engine.run("it", given)

    assert outcome == "REFUSED"
    assert said in value


async def test_an_exception_is_the_error(engine: Any, code: Any, run: Any):
    outcome, value = await run(code, "raise ValueError('no such thing')")

    assert outcome == "ERROR"
    assert value.startswith("The action raised an exception [action=it, ")
    assert "msg='no such thing'" in value


async def test_what_is_not_json_is_an_error(engine: Any, code: Any, run: Any):
    outcome, value = await run(code, "return object()")

    assert outcome == "ERROR"
    assert "the result is not JSON" in value


async def test_code_travels_once_and_again_when_it_changed(engine: Any, code: Any, run: Any):
    assert await run(code, "return 1") == ("SUCCESS", 1)
    assert await run(code, "return 1") == ("SUCCESS", 1)
    assert code.sent == 1
    assert await run(code, "return 2") == ("SUCCESS", 2)
    assert code.sent == 2


async def test_an_engine_that_is_away_is_waited_for(engine: Any, code: Any, run: Any):
    code.away = 2

    assert await run(code, "return 1") == ("SUCCESS", 1)


async def test_a_name_without_code_is_unknown(engine: Any, code: Any):
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
