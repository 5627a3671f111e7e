"""What events say, whether triggers wait for them, and what is to be done then; without any server."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral_core.errors import InvalidInput
from mistral_core.event_triggers.definitions import definitions_from_text, event_params
from mistral_core.event_triggers.event import Event, stored_id
from mistral_core.event_triggers.matching import fits
from mistral_core.event_triggers.reaction import (
    Binding,
    Correlation,
    Declined,
    Raise,
    Reaction,
    Start,
    Trigger,
    Verdict,
    Wake,
    decide,
    fits_key,
)

MOMENT = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def event(**more) -> Event:
    usual = {"source": "s", "event_id": "1", "exchange": "x", "topic": "t", "type": "a.b", "project": "p"}
    usual["payload"] = {"n": 1}
    return Event(id=stored_id("s", "1"), received_at=MOMENT, **{**usual, **more})


def trigger(**more) -> Trigger:
    usual = {
        **{"id": "i", "name": "", "project": "p", "workflow_id": "w", "namespace": "", "workflow_input": {}},
        **{"workflow_params": {}, "exchange": "x", "topic": "t", "event": "a.b", "matching": "exact", "public": False},
        **{"enabled": True, "condition": "", "input_mapping": {}, "reaction": Reaction.START},
        "correlation": Correlation(),
    }
    return Trigger(**{**usual, **more})


def binding(**more) -> Binding:
    usual = {
        **{"id": "b", "name": "down", "project": "p", "exchange": "x", "topic": "t", "event": "a.b"},
        **{"matching": "exact", "public": False, "enabled": True, "condition": "", "mapping": {}},
    }
    return Binding(**{**usual, **more})


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        ("*", "", True),
        ("a.*", "a.b.c", True),
        ("a.*", "b.a.", False),
        ("*.end", "compute.end", True),
        ("*.end", "compute.ended", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("*a*b*", "xxaxxbxx", True),
        ("[ab]", "a", False),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_globs(pattern, text, wanted):
    assert fits(pattern, text, glob=True) is wanted


def test_a_glob_of_many_stars_takes_no_longer_than_both_are_long():
    began = time.perf_counter()

    assert not fits("*a" * 100 + "b", "a" * 255, glob=True)

    assert time.perf_counter() - began < 5


@given(st.text(alphabet="ab.", max_size=8), st.text(alphabet="ab.*?", max_size=6))
def test_a_glob_without_stars_is_as_long_as_what_it_fits(text, pattern):
    if "*" not in pattern:
        assert fits(pattern, text, glob=True) == (
            len(pattern) == len(text) and all(p in ("?", c) for p, c in zip(pattern, text, strict=True))
        )
    assert fits(f"*{pattern}*", text, glob=True) >= fits(pattern, text, glob=True)


@pytest.mark.parametrize(
    ("changed", "happened", "verdict"),
    [
        ({"event": "other"}, {}, Verdict.NOT_MATCHED),
        ({"project": "q"}, {}, Verdict.NOT_SEEN),
        ({"enabled": False}, {}, Verdict.DISABLED),
        ({"condition": "<% $.payload.n > 1 %>"}, {}, Verdict.CONDITION_FALSE),
        ({"condition": "<% $.payload.n.zz() %>"}, {}, Verdict.EXPRESSION_FAILED),
        ({}, {"depth": 8}, Verdict.CHAIN_TOO_LONG),
    ],
)
def test_why_nothing_is_done(changed, happened, verdict):
    found = decide(trigger(**changed), event(**happened))

    assert isinstance(found, Declined)
    assert found.verdict is verdict
    assert found.reason


def test_who_sees_an_event():
    assert isinstance(decide(trigger(project="q", public=True), event()), Start)
    assert isinstance(decide(trigger(project="q"), event(public=True)), Start)
    # What a public binding makes goes to everybody, so it takes nothing of others.
    found = decide(binding(project="q", public=True), event())
    assert isinstance(found, Declined)
    assert found.verdict is Verdict.NOT_SEEN


def test_what_is_started_is_given_what_the_event_says():
    wanted = trigger(
        workflow_input={"a": 1, "b": 1},
        input_mapping={"b": "<% $.payload.n + 1 %>", "c": {"d": ["{{ _.event_type }}"]}},
        workflow_params={"env": "e"},
    )

    found = decide(wanted, event(publisher="me"))

    assert found.input == {"a": 1, "b": 2, "c": {"d": ["a.b"]}}
    assert found.params["env"] == "e"
    assert found.params["event_params"]["service"] == "me"
    assert decide(wanted, event(publisher="me")) == found


def test_a_binding_makes_a_payload():
    assert decide(binding(), event()) == Raise({"n": 1})
    assert decide(binding(mapping={"m": "<% $.payload.n %>"}), event()) == Raise({"m": 1})


def test_what_is_woken_up():
    rule = Correlation(task="t", key="<% $.payload.n %>", equals="<% $.input.n %>", result="<% $.payload %>")
    found = decide(trigger(reaction=Reaction.COMPLETE, correlation=rule), event())

    assert found == Wake(execution_id="", task="t", workflow="", key=1, state="SUCCESS", result={"n": 1})
    assert fits_key(rule, event(), 1, {"input": {"n": 1}})
    assert not fits_key(rule, event(), 1, {"input": {"n": "1"}})
    lost = decide(trigger(reaction=Reaction.COMPLETE, correlation=rule), event(payload={}))
    assert isinstance(lost, Declined)


def test_definitions_of_an_administrator_come_first_if_they_are_later():
    text = (
        "- {event_types: 'a.*', properties: {x: 1, service: '<% $.topic %>'}}\n"
        "- {event_types: [z, 'a.b'], properties: {x: 2}}\n"
    )
    definitions = definitions_from_text(text)

    assert event_params(definitions, event())["x"] == 2
    assert event_params(definitions, event(type="a.c"))["service"] == "t"
    assert "x" not in event_params(definitions, event(type="b"))


@pytest.mark.parametrize(
    "text",
    [
        "a: 1",
        "- 1",
        "- {event_types: a}",
        "- {event_types: [], properties: {}}",
        "[",
        "- {event_types: a, properties: 1}",
    ],
)
def test_definitions_that_are_none_are_refused(text):
    with pytest.raises(InvalidInput):
        definitions_from_text(text)
