"""The functions of the workflow language, in YAQL, in Jinja and as Jinja filters."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mistral_core.errors import ExpressionFailed
from mistral_core.expressions import Scope, evaluate, evaluator, install

WORLD = {
    "env": {"region": "north", "k": {"deep": 1}},
    "tasks": {"a": {"name": "a", "state": "SUCCESS", "result": [3, 4]}, "me": {"name": "me", "result": {"x": 1}}},
    "current": "me",
    "globals": {"g": 5},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<% env().region %>", "north"),
        ("<% env().get(zz, none) %>", "none"),
        ("<% env()[region] %>", "north"),
        ("<% env().keys() %>", ["region", "k"]),
        ("{{ env().k.deep }}", 1),
        ("{{ _ | env }}", {"region": "north", "k": {"deep": 1}}),
        ("<% execution().name %>", "wf"),
        ("{{ execution().id }}", "e-1"),
        ("<% task().result.x %>", 1),
        ("<% task(me).name %>", "me"),
        ("<% task(a).result %>", [3, 4]),
        ("<% task(nope) %>", None),
        ("{{ task('a').result | sum }}", 7),
        ("{{ task().name }}", "me"),
        ("{{ _ | task('a') }}", WORLD["tasks"]["a"]),  # type: ignore[index]
        ("{{ 'a' | task }}", WORLD["tasks"]["a"]),  # type: ignore[index]
        ("<% global(g) %>", 5),
        ("<% global(nope) %>", None),
        ("{{ global('g') }}", 5),
        ("<% tasks(e, false, ERROR).asked %>", [["e", False, "ERROR", False]]),
        ("<% tasks(e, state => SUCCESS).asked %>", [["e", False, "SUCCESS", False]]),
        ("<% tasks(workflow_execution_id => e, recursive => true).asked %>", [["e", True, None, False]]),
        ("<% tasks(workflowExecutionId => e).asked %>", [["e", False, None, False]]),
        ("{{ tasks('e', recursive=true) | map(attribute='asked') | list }}", [["e", True, None, False]]),
        ("<% executions(root_execution_id => r).filters %>", [{"root_execution_id": "r"}]),
        ("<% executions().len() %>", 1),
        ("{{ executions(state='ERROR')[0].filters }}", {"state": "ERROR"}),
        ("<% uuid().len() %>", 36),
        ("{{ uuid() | length }}", 36),
        ("<% json_dump({a => [1]}) %>", '{\n    "a": [\n        1\n    ]\n}'),
        ("<% json_pp([]) %>", "[]"),
        ("{{ _.d | json_dump }}", '{\n    "z": 1\n}'),
        ("{{ _ | json_pp(_.d) }}", '{\n    "z": 1\n}'),
        ("<% json_parse($.text).q %>", [True]),
        ("<% json_parse($.text) = {q => [true]} %>", True),
        ("{{ _.text | json_parse }}", {"q": [True]}),
        ("<% yaml_parse('k: [1, 2]').k %>", [1, 2]),
        ("<% yaml_dump({b => [1, 2], a => {c => null}}) %>", "a:\n  c: null\nb:\n- 1\n- 2\n"),
        ("{{ yaml_dump({'z': 1}) }}", "z: 1\n"),
    ],
)
def test_function(text: str, expected: Any, scope: Callable[..., Scope]):
    assert evaluate(text, scope(WORLD, d={"z": 1}, text='{"q": [true]}')) == expected


@pytest.mark.parametrize("text", ["<% json_parse('{oops') %>", "{{ json_parse('{oops') }}", "<% yaml_parse('a: [') %>"])
def test_broken_text_cannot_be_parsed(text: str, scope: Callable[..., Scope]):
    with pytest.raises(ExpressionFailed):
        evaluate(text, scope())


def test_yaml_has_no_anchors(scope: Callable[..., Scope]):
    assert evaluate("<% yaml_parse($.text) %>", scope(text="a: &x\nb: *x")) == {"a": "&x", "b": "*x"}


@pytest.fixture
def own_functions() -> Iterator[None]:
    before = dict(evaluator._settings.functions)
    install({"greet": lambda scope, name, loud=False: f"{scope['hello']} {name}{'!' * loud}"})
    yield
    evaluator._settings.functions = before
    evaluator._settings.renew()


@pytest.mark.usefixtures("own_functions")
@pytest.mark.parametrize(
    "text", ["<% greet(Bo, loud => true) %>", "{{ greet('Bo', loud=true) }}", "{{ _ | greet('Bo', true) }}"]
)
def test_own_function_is_called_with_the_scope(text: str, scope: Callable[..., Scope]):
    assert evaluate(text, scope(hello="Hi")) == "Hi Bo!"


def test_a_function_of_the_language_cannot_be_replaced():
    with pytest.raises(ValueError, match="task"):
        install({"task": lambda scope: None})
