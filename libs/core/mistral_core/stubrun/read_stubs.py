"""The stubs of a test file, and what people ask for meanwhile."""

from typing import Final

from mistral_core.language.grammar import check_expressions
from mistral_core.language.node import Node
from mistral_core.stubrun import values
from mistral_core.stubrun.keys import ANSWER, REQUEST, STUB
from mistral_core.stubrun.model import Answer, Ending, Request, Stub, Wish

_SELECTORS: Final = ("task", "action", "workflow")
_ENDINGS: Final = tuple(ending for ending in Ending if ending.value in ANSWER)
_NEEDS_TASK: Final = (Wish.RERUN, Wish.SKIP, Wish.REPLAY, Wish.SUSPEND)


def read_stubs(node: Node | None, *, shared: bool = False) -> tuple[Stub, ...]:
    """Read a list of stubs; none when it is not there."""
    return tuple(_stub(element, shared) for element in values.elements(node))


def _stub(node: Node, shared: bool) -> Stub:
    values.mapping(node, STUB, "a stub")
    if not any(key in node.value for key in _SELECTORS):
        node.refuse("a stub must say what it stands for: one of task, action, workflow")
    expected = node.get("input")
    if expected is not None:
        check_expressions(expected)
    return Stub(
        task=values.text(node.get("task")),
        action=values.text(node.get("action")),
        workflow=values.text(node.get("workflow")),
        inside=values.text(node.get("in")),
        item=values.number(node.get("item")),
        attempt=values.number(node.get("attempt")),
        input=values.values_of(expected),
        answers=_answers(node),
        shared=shared,
        line=node.line,
    )


def _answers(node: Node) -> tuple[Answer, ...]:
    several = node.get("answers")
    if several is None:
        return (_answer(node),)
    for key in ANSWER:
        if key in node.value:
            node.child(key).refuse(f"a stub has either 'answers' or '{key}', not both")
    found = [_answer(values.mapping(element, ANSWER, "an answer")) for element in values.elements(several)]
    if not found:
        several.refuse("'answers' must be a list with at least one answer")
    return tuple(found)


def _answer(node: Node) -> Answer:
    given = [ending for ending in _ENDINGS if ending.value in node.value]
    if len(given) > 1:
        node.child(given[1].value).refuse(f"an answer has only one of: {', '.join(_ENDINGS)}")
    takes, deferred = values.span(node.get("takes")), values.flag(node.get("async"))
    if not given:
        return Answer(takes=takes, asynchronous=deferred)
    [ending] = given
    value = node.child(ending.value)
    if ending in (Ending.RESULT, Ending.ERROR):
        check_expressions(value)
    elif value.value is not True:
        value.refuse(f"'{ending}' must be true, or not be there")
    return Answer(ending=ending, value=value.value, takes=takes, asynchronous=deferred, computed=True)


def read_requests(node: Node | None) -> tuple[Request, ...]:
    """Read a list of requests, in the order of their times."""
    found = [_request(element) for element in values.elements(node)]
    return tuple(sorted(found, key=lambda request: request.at))


def _request(node: Node) -> Request:
    values.mapping(node, REQUEST, "a request")
    for key in ("at", "do"):
        if key not in node.value:
            node.refuse(f"a request lacks '{key}'")
    asked = node.child("do")
    if asked.value not in tuple(Wish):
        asked.refuse(f"'{asked.value}' cannot be asked for (there are: {', '.join(Wish)})")
    wish = Wish(asked.value)
    if wish in _NEEDS_TASK and "task" not in node.value:
        node.refuse(f"{wish} needs 'task', the name of the task")
    return Request(
        at=values.span(node.child("at")),
        wish=wish,
        task=values.text(node.get("task")),
        reset=values.flag(node.get("reset"), default=True),
        env=values.values_of(node.get("env")) if "env" in node.value else None,
        message=values.text(node.get("message")),
        line=node.line,
    )
