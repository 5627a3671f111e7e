"""The expectations of a test file."""

from mistral_core.language.node import Node
from mistral_core.stubrun import values
from mistral_core.stubrun.keys import CALL, EXPECT, TASK
from mistral_core.stubrun.model import UNSAID, CallExpectation, Expectation, TaskExpectation


def read_expectation(node: Node | None) -> Expectation:
    """Read what is expected of a case; without it, SUCCESS alone."""
    if node is None or node.value is None:
        return Expectation()
    if isinstance(node.value, str):
        return Expectation(state=values.state(node), lines={"state": node.line})
    values.mapping(node, EXPECT, "'expect'")
    refused = values.wanted(node.get("refused"))
    return Expectation(
        state=_state(node) if refused is UNSAID else None,
        refused=refused,
        output=values.wanted(node.get("output")),
        includes=values.wanted(node.get("output-includes")),
        info=values.wanted(node.get("state-info")),
        elapsed=values.wanted_span(node.get("elapsed")),
        tasks=tuple(_task(each) for each in _entries(node.get("tasks"))),
        never=values.texts(node.get("never")),
        order=values.texts(node.get("order")),
        calls=tuple(_call(each) for each in values.elements(node.get("calls"))),
        lines={entry.name: entry.line for entry in node.entries()} | {"": node.line},
    )


def _state(node: Node) -> str:
    given = node.get("state")
    return "SUCCESS" if given is None else values.state(given)


def _entries(node: Node | None) -> list[Node]:
    values.values_of(node)
    return [] if node is None or node.value is None else list(node.entries())


def _task(node: Node) -> TaskExpectation:
    if isinstance(node.value, str):
        return TaskExpectation(path=node.name, state=values.state(node), line=node.line)
    values.mapping(node, TASK, f"what is expected of task '{node.name}'")
    state, calls = node.get("state"), node.get("calls")
    return TaskExpectation(
        path=node.name,
        state=None if state is None else values.state(state),
        runs=values.wanted(node.get("runs")),
        attempts=values.wanted(node.get("attempts")),
        result=values.wanted(node.get("result")),
        published=values.wanted(node.get("published")),
        includes=values.wanted(node.get("published-includes")),
        input=values.wanted(node.get("input")),
        calls=None if calls is None else tuple(values.wanted(each) for each in values.elements(calls)),
        elapsed=values.wanted_span(node.get("elapsed")),
        info=values.wanted(node.get("state-info")),
        line=node.line,
    )


def _call(node: Node) -> CallExpectation:
    values.mapping(node, CALL, "an expected call")
    if "action" not in node.value and "task" not in node.value:
        node.refuse("an expected call must say of what: action or task")
    return CallExpectation(
        action=values.text(node.get("action")),
        task=values.text(node.get("task")),
        input=values.wanted(node.get("input")),
        times=values.wanted(node.get("times")),
        line=node.line,
    )
