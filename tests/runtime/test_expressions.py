"""Expressions under guard: in processes of their own, within time and memory, with the functions of packages."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from mistral_core.errors import ExpressionFailed, InvalidDefinition
from mistral_core.expressions import Limits, Scope, check, configure, evaluate, evaluator
from mistral_core.language import parse_workflows
from mistral_core.machine.surroundings import MoreFactsNeeded, TasksQuery
from mistral_runtime.expressions import (
    Evaluators,
    ExpressionSettings,
    Known,
    NotYet,
    alarmed,
    bounded,
    guarded,
    remembering,
)
from mistral_runtime.expressions.plugins import added_functions
from mistral_runtime.expressions.turns import Turns
from mistral_runtime.settings import SettingError

ENDLESS = (
    "{% set n = namespace(a=[1], b=[1]) %}"
    "{% for i in range(90) %}{% set n.a = [n.a, n.a] %}{% set n.b = [n.b, n.b] %}{% endfor %}{{ n.a == n.b }}"
)


class Facts:
    """Facts that count how often they were asked."""

    def __init__(self) -> None:
        self.drawn = 0
        self.answers: dict[str, Any] = {}

    def env(self) -> Any:
        return {"region": "north"}

    def execution(self) -> Any:
        return {"id": "e-1", "name": "wf"}

    def task(self, name: str | None) -> Any:
        return {"name": name or "me", "result": {"y": 5}}

    def tasks(self, execution_id: str | None, recursive: bool, state: str | None, flat: bool) -> Any:
        if "tasks" not in self.answers:
            raise MoreFactsNeeded(TasksQuery("p", execution_id))
        return self.answers["tasks"]

    def executions(self, **filters: Any) -> Any:
        return [{"filters": filters}]

    def global_(self, name: str) -> Any:
        raise ValueError(f"no {name!r} here")

    def uuid(self) -> str:
        self.drawn += 1
        return f"{self.drawn:036}"

    def now(self) -> datetime:
        return datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)


async def awaited(text: str, facts: Facts | None = None, **data: Any) -> Any:
    """Evaluate as an engine does: again and again until nothing is lacking."""
    known: Known = {}
    facts = facts or Facts()
    while True:
        try:
            with remembering(known):
                return evaluate(text, Scope([data], facts))
        except NotYet as wait:
            await wait.into(known)


@asynccontextmanager
async def evaluators(**settings: Any) -> AsyncIterator[Evaluators]:
    with guarded(ExpressionSettings(**settings), owner=lambda scope: scope.get("owner", "")) as found:
        yield found


@pytest.fixture
async def outside() -> AsyncIterator[Evaluators]:
    async with evaluators() as found:
        yield found


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    functions = dict(evaluator._settings.functions)
    yield
    configure(limits=Limits(), languages=["yaql", "jinja"])
    evaluator._settings.functions = functions
    evaluator._settings.renew()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<% $.l.slice(2) %>", [[1, 2], [3]]),
        ("<% $.l.slice(2) %> and <% $.a %>", "[[1, 2], [3]] and x"),
        ("<% env().items().groupBy($[0]) %>", [["region", [["region", "north"]]]]),
        ("<% [task().name, task(t).result.y, execution().id].slice(3) %>", [["me", 5, "e-1"]]),
        ("<% now() %>", "2026-03-04T05:06:07.000089+00:00"),
        ("<% executions(state => ERROR).slice(1) %>", [[{"filters": {"state": "ERROR"}}]]),
        ("{{ _.l | map('string') | list }}", ["1", "2", "3"]),
        ("{% set x = _.a %}{{ x }}{{ task('t').result.y }}", "x5"),
        ("{{ {'big': 2 ** 100, 'text': 'ł\ud800'} }}", {"big": 2**100, "text": "ł\ud800"}),
    ],
)
async def test_values_come_back_as_they_are(text: str, value: Any, outside: Evaluators) -> None:
    assert await awaited(text, l=[1, 2, 3], a="x") == value
    assert len(outside.pids) == 1


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("<% $.nope.slice(1) %>", "YAQL expression [expression=$.nope.slice(1), error='nope']"),
        ("<% global(x) and [].slice(1) %>", "[expression=global(x) and [].slice(1), error=no '...' here]"),
        ("{{ nope() | map('x') }}", "Jinja expression [expression=nope() | map('x'), error='nope' is undefined]"),
        ("{% set x = nope %}{{ x.y }}", "[expression={% set x = nope %}{{ x.y }}, error='nope' is undefined]"),
    ],
)
async def test_failures_are_those_of_the_expression(text: str, error: str, outside: Evaluators) -> None:
    with pytest.raises(ExpressionFailed) as failure:
        await awaited(text)

    assert error in str(failure.value)


async def test_what_takes_too_long_is_killed_and_the_next_is_served() -> None:
    async with evaluators(seconds=0.4) as found:
        await awaited("<% [1].slice(1) %>")
        (before,) = found.pids
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.02)
                ticks += 1

        ticking = asyncio.create_task(tick())
        with pytest.raises(ExpressionFailed, match=r"it takes longer than 0\.4 seconds"):
            await awaited(ENDLESS)
        ticking.cancel()

        # Nothing stood still meanwhile.
        assert ticks > 5
        assert await awaited("<% [1].slice(1) %>") == [[1]]
        assert before not in found.pids
    await gone(before)


async def gone(pid: int) -> None:
    async with asyncio.timeout(10):
        while psutil.pid_exists(pid):  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.02)


async def test_memory_is_bounded() -> None:
    async with evaluators(seconds=20, memory=64) as found:
        with pytest.raises(ExpressionFailed, match="too much memory"):
            await awaited(
                "{% set d = {} %}{% for i in range(99999) %}"
                "{% for j in range(99) %}{% set _x = d.update({i ~ j: 'a' * 99999}) %}{% endfor %}{% endfor %}"
            )
        assert await awaited("<% [1].slice(1) %>") == [[1]]
        assert all(psutil.Process(pid).memory_info().rss < 200e6 for pid in found.pids)


async def test_a_process_that_was_killed_while_idle_is_not_missed(outside: Evaluators) -> None:
    await awaited("<% [1].slice(1) %>")
    (before,) = outside.pids
    os.kill(before, signal.SIGKILL)
    await asyncio.sleep(0.05)

    assert await awaited("<% [1].slice(1) %>") == [[1]]
    assert before not in outside.pids


async def test_processes_have_no_secrets_and_end_with_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTRAL_DATABASE_URL", "postgresql://secret")
    async with evaluators() as found:
        await awaited("<% [1].slice(1) %>")
        (pid,) = found.pids
        assert not [name for name in psutil.Process(pid).environ() if name.startswith("MISTRAL_")]
    await gone(pid)


async def test_what_breaks_off_a_decision_passes_and_leaves_the_process_free(outside: Evaluators) -> None:
    facts = Facts()
    for text in ("<% tasks(x).slice(1) %>", "<% range(2000).len() and tasks(x).slice(1) %>"):
        with pytest.raises(MoreFactsNeeded):
            await awaited(text, facts)
    facts.answers["tasks"] = [{"name": "t"}]

    assert await awaited("<% tasks(x).slice(1) %>", facts) == [[{"name": "t"}]]
    assert len(outside.pids) == 1


async def test_an_outcome_counts_only_while_the_facts_are_the_same(outside: Evaluators) -> None:
    known: Known = {}
    text = "<% range(1500).where($ < 0).len() + tasks(x).slice(1).len() %>"
    facts = Facts()
    facts.answers["tasks"] = [1]
    with pytest.raises(NotYet) as wait:
        evaluate(text, Scope([], facts))
    await wait.value.into(known)
    with remembering(known):
        assert evaluate(text, Scope([], facts)) == 1
        facts.answers["tasks"] = []
        with pytest.raises(NotYet):
            evaluate(text, Scope([], facts))


async def test_one_owner_does_not_hold_up_another() -> None:
    async with evaluators(seconds=1.0, processes=2):
        hostile = [asyncio.create_task(awaited(ENDLESS, owner="mallory", i=i)) for i in range(4)]
        await asyncio.sleep(0.1)
        await awaited("<% [1].slice(1) %>", owner="alice")
        began = time.monotonic()
        for _ in range(5):
            assert await awaited("<% [1].slice(1) %>", owner="alice") == [[1]]
        took = time.monotonic() - began
        assert not all(each.done() for each in hostile)
        assert took < 1
        for each in hostile:
            with pytest.raises(ExpressionFailed):
                await each


async def test_everybody_has_a_turn() -> None:
    turns = Turns(1)
    order: list[str] = []
    for owner in "aaabbc":
        turns.wait(owner).add_done_callback(lambda _, owner=owner: order.append(owner))
    while len(order) < 6:
        before = len(order)
        turns.grant(lambda: True)
        await asyncio.sleep(0)
        for owner in order[before:]:
            turns.end(owner)

    assert "".join(order) == "abcaba"


def test_an_alarm_ends_what_is_done_in_place() -> None:
    with alarmed(0.05) as alarm:
        assert alarm is not None
        began = time.process_time()
        with pytest.raises(Exception, match=r"longer than 0\.05 seconds"):
            alarm.bounded(lambda: [number for number in range(10**9)])
        assert time.process_time() - began < 1
        assert alarm.bounded(lambda: 5) == 5


def test_reading_an_expression_is_bounded_too() -> None:
    with bounded(ExpressionSettings()), pytest.raises(InvalidDefinition, match="takes longer than"):
        check("<% [" + "1," * 60_000 + "1] %>")


SELECTING = """
version: '2.0'
w:
  type: reverse
  tasks:
    a: {tags: [x]}
    b: {requires: '%s'}
"""


def test_what_is_evaluated_while_a_definition_is_read_is_guarded_too() -> None:
    with bounded(ExpressionSettings()):
        assert parse_workflows(SELECTING % "<% $.slice(1).first().name %>")[0].workflow.tasks["b"].requires == ("a",)
        with pytest.raises(InvalidDefinition, match=r"cannot be evaluated.*takes longer than 1 seconds"):
            parse_workflows(SELECTING % ENDLESS)
        assert parse_workflows(SELECTING % "<% $.slice(1).first().name %>")[0].workflow.tasks["b"].requires == ("a",)


@pytest.mark.parametrize(("languages", "refused"), [("yaql", "{{ 1 }}"), ("jinja", "<% 1 %>")])
def test_a_language_is_switched_off_by_a_setting(languages: str, refused: str) -> None:
    with bounded(ExpressionSettings.read({"MISTRAL_EXPRESSION_LANGUAGES": languages})):
        with pytest.raises(InvalidDefinition, match="are not allowed here"):
            check(refused)
        check("<% 1 %>" if languages == "yaql" else "{{ 1 }}")


async def test_a_language_that_is_off_is_not_evaluated_either() -> None:
    async with evaluators(languages=("yaql",)):
        with pytest.raises(ExpressionFailed, match="Expressions in jinja are not allowed here"):
            await awaited("{{ _.x | map('string') }}")


@pytest.mark.parametrize(
    ("name", "value"), [("LANGUAGES", "yaql,perl"), ("SECONDS", "0"), ("MEMORY_MB", "1"), ("PROCESSES", "0")]
)
def test_wrong_settings_are_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"MISTRAL_EXPRESSION_{name}"):
        ExpressionSettings.read({f"MISTRAL_EXPRESSION_{name}": value})


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Return what installs a package with entry points."""

    def install(code: str, points: str) -> None:
        (tmp_path / "some_functions.py").write_text(code)
        info = tmp_path / "some_functions-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-functions\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(points)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return install


PACKAGE = """
def greet(scope, name, loud=False):
    return f"{scope['hello']} {name}{'!' * loud}"

def of_mistral(context, key):
    return [context[key], sorted(context['$']), context.get('nope', 'none'), '__env' in context]

def shadow(context):
    return 'mine'

def keep(scope):
    KEPT.append(b'x' * (40 << 20))
    return len(KEPT)

KEPT = []
"""
POINTS = """
[mistral_mesh.expression_functions]
greet = some_functions:greet
keep = some_functions:keep
task = some_functions:shadow
broken = some_functions:nothing
[mistral.expression.functions]
of_mistral = some_functions:of_mistral
json_dump = some_functions:shadow
"""


async def test_functions_of_packages(package: Callable[[str, str], None], caplog: pytest.LogCaptureFixture) -> None:
    package(PACKAGE, POINTS)
    assert sorted(added_functions()) == ["greet", "keep", "of_mistral"]
    assert "task is one of the language" in caplog.text
    assert "broken cannot be loaded" in caplog.text

    async with evaluators():
        for text in ("<% greet(Bo, loud => true) %>", "{{ greet('Bo', loud=true) }}", "{{ _ | greet('Bo', true) }}"):
            assert await awaited(text, hello="Hi") == "Hi Bo!"
        for text in ("<% of_mistral(hello) %>", "{{ of_mistral('hello') }}"):
            assert await awaited(text, hello="Hi") == ["Hi", ["hello"], "none", False]
        assert await awaited("<% json_dump([]) %>") == "[]"


async def test_a_process_that_grew_is_replaced(package: Callable[[str, str], None]) -> None:
    package(PACKAGE, POINTS)
    async with evaluators(memory=64) as found:
        for _ in range(3):
            assert await awaited("<% keep() %>") == 1
        assert found.pids == []
