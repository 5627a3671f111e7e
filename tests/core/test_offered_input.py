"""What schemas of offered actions tell of their parameters, whatever is in them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral_core.offered_input import offered_input

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@pytest.mark.parametrize(
    ("schema", "signature", "open_ended"),
    [
        ("", "", True),
        ("[]", "", True),
        ("{", "", True),
        ({"properties": {"a": {}, "b": {"default": [1]}}, "required": ["a"]}, "a, b=[1]", True),
        ({"properties": {"a": True}, "additionalProperties": False}, "a=null", False),
        ({"additionalProperties": False, "patternProperties": {".": {}}}, "", True),
        ({"required": ["x"]}, "x", True),
    ],
)
def test_parameters(schema: Any, signature: str, open_ended: bool) -> None:
    found = offered_input(schema if isinstance(schema, str) else json.dumps(schema))
    assert (found.signature, found.open_ended) == (signature, open_ended)


def test_what_is_missing_and_what_nobody_knows() -> None:
    found = offered_input(json.dumps({"properties": {"a": {}, "b": {}}, "required": ["a"]}))
    assert (found.missing(["b"]), found.unexpected(["a", "c"])) == (["a"], ["c"])
    assert offered_input("").unexpected(["c"]) == []
    assert offered_input('{"additionalProperties": false}').unexpected(["c"]) == ["c"]


@given(
    schema=st.fixed_dictionaries({}, optional={k: VALUES for k in ("properties", "required", "additionalProperties")})
)
def test_any_schema_is_read(schema: Any) -> None:
    found = offered_input(json.dumps(schema))
    assert isinstance(found.signature, str)
    assert set(found.missing([])) == set(found.required)
