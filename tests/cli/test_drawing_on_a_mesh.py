"""What a mesh holds is drawn: a stored workflow, and an execution with its states and its critical path."""

import json
import xml.etree.ElementTree as ET
from functools import partial

import pytest

CHAIN = """
version: '2.0'
chain:
  tasks:
    a: {action: std.echo output=1, on-success: b}
    b: {action: std.fail, on-success: c}
    c: {action: std.noop}
"""


@pytest.fixture
def ctl(mistralctl, mesh):
    return partial(mistralctl, MISTRAL_GRPC_ADDRESS=mesh.grpc_address)


def test_an_execution_is_drawn_with_its_states_and_its_critical_path(ctl, tmp_path):
    ran = json.loads(ctl("run", "-", "-o", "json", stdin=CHAIN).out)

    written = ctl("graph", "--execution", ran["id"], "-o", "chain.svg")
    text = ctl("graph", "--execution", ran["id"]).out

    assert written.code == 0, written.err
    words = {element.text for element in ET.fromstring((tmp_path / "chain.svg").read_text()).iter()}
    assert any(word and word.startswith("ERROR in ") and word.endswith("a → b") for word in words)
    assert "a<br/>std.echo<br/>SUCCESS" in text
    assert "b<br/>std.fail<br/>ERROR" in text
    assert "n0 ==> n1" in text
    assert "n1 --> n2" in text


def test_a_stored_workflow_is_drawn(ctl):
    assert ctl("workflow", "create", "-", stdin=CHAIN.replace("chain:", "stored_chain:")).code == 0

    drawn = ctl("graph", "--stored", "stored_chain")

    assert "n0 --> n1" in drawn.out
    assert "SUCCESS" not in drawn.out


def test_what_is_not_there_is_told_in_one_line(ctl):
    ended = ctl("graph", "--execution", "00000000-0000-7000-8000-000000000000")

    assert ended.code == 1
    assert ended.err.startswith("error: ")
    assert "Traceback" not in ended.err
