"""What is bounded in place, what settings allow, and functions that packages bring."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mistral_core.errors import ExpressionFailed, InvalidDefinition
from mistral_core.expressions import check
from mistral_core.expressions.isolation import TimeIsUp, outside
from mistral_core.language import parse_workflows
from mistral_runtime.expressions import ExpressionSettings, alarmed, bounded, guard, guarded
from mistral_runtime.expressions.plugins import added_functions
from mistral_runtime.settings import SettingError
from tests.runtime.expressions.guarded import ENDLESS, awaited, evaluators


def test_an_alarm_ends_what_is_done_in_place() -> None:
    with alarmed(0.05) as alarm:
        assert alarm is not None
        began = time.process_time()
        with pytest.raises(Exception, match=r"longer than 0\.05 seconds"):
            alarm.bounded(lambda: [number for number in range(10**9)])
        assert time.process_time() - began < 1
        assert alarm.bounded(lambda: 5) == 5


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_alarm_that_rings_in_a_finalizer_rings_again() -> None:
    class Deaf:
        def __del__(self) -> None:
            until = time.process_time() + 0.2
            while time.process_time() < until:
                pass

    def work() -> None:
        Deaf()
        while True:
            pass

    with alarmed(0.05) as alarm:
        assert alarm is not None
        with pytest.raises(TimeIsUp):
            alarm.bounded(work)


def test_reading_an_expression_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    # The longest text that is allowed takes a fast machine less than what is set.
    monkeypatch.setattr(guard, "_CHECK_SECONDS", 0.01)
    with bounded(ExpressionSettings()), pytest.raises(InvalidDefinition, match="takes longer than"):
        check("<% [" + "1," * 60_000 + "1] %>")


def test_guards_that_leave_in_any_order_leave_nothing_behind() -> None:
    first, second = guarded(ExpressionSettings()), guarded(ExpressionSettings())
    first.__enter__()
    kept = second.__enter__()
    first.__exit__(None, None, None)
    assert outside() == kept.evaluate
    second.__exit__(None, None, None)

    assert outside() is None


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
