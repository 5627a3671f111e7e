"""The suite itself: its file can be read, its matchers match, its table is the same for the same outcomes."""

from __future__ import annotations

import socket

import pytest

from tests.sdk.conformance.expectations import EXPECTATIONS
from tests.sdk.conformance.proxy import Proxy
from tests.sdk.conformance.scenarios import Scenario, fits, scenarios
from tests.sdk.conformance.sealing import opened, sealed
from tests.sdk.conformance.steps import STEPS
from tests.sdk.conformance.table import FILE, Outcomes, read, text


def test_every_word_of_the_file_is_known() -> None:
    for scenario in scenarios():
        assert {word for step in scenario.steps for word in step} <= STEPS.keys(), scenario.name
        assert scenario.expect.keys() <= {*EXPECTATIONS, "refused"}, scenario.name


@pytest.mark.parametrize(
    ("found", "wanted", "outcome"),
    [
        (1, 1, True),
        (1, 1.0, False),
        (True, 1, False),
        ({"a": [1]}, {"a": [1]}, True),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ([1, 2], [1], False),
        ("some text", {"holds": "text"}, True),
        ({"message": "some text"}, {"holds": "text"}, True),
        (None, {"holds": "text"}, False),
        (3, {"between": [1, 3]}, True),
        ("3", {"between": [1, 3]}, False),
        ("ab", {"any_of": ["cd", {"holds": "b"}]}, True),
        ("xxx", {"times": ["x", 3]}, True),
    ],
)
def test_values_fit_what_is_expected(found: object, wanted: object, outcome: bool) -> None:
    assert fits(found, wanted) is outcome


def test_what_was_encrypted_is_decrypted() -> None:
    value = {"a": ["ä 🦊", 2**64]}
    assert sealed(value) != sealed(value)
    assert opened({"x": [sealed(value)]}) == {"x": [value]}


def test_a_proxy_that_was_cut_lets_nobody_through_until_it_is_mended() -> None:
    with socket.create_server(("127.0.0.1", 0)) as target:
        proxy = Proxy(f"127.0.0.1:{target.getsockname()[1]}")
        near, far = _through(proxy, target)
        near.sendall(b"a")
        assert far.recv(1) == b"a"
        proxy.cut()
        assert far.recv(1) == b""
        assert near.recv(1) == b""
        proxy.mend()
        for end in (near, far, *_through(proxy, target)):
            end.close()
        proxy.close()


def _through(proxy: Proxy, target: socket.socket) -> tuple[socket.socket, socket.socket]:
    host, _, port = proxy.address.rpartition(":")
    near = socket.create_connection((host, int(port)), timeout=30)
    far, _ = target.accept()
    return near, far


def test_the_table_tells_the_worst_of_a_scenario() -> None:
    outcomes = Outcomes()
    one, two = (Scenario(name=name, task={}, input={}, expect={}) for name in ("one", "two"))
    for outcome in ("passed", "failed", "passed"):
        outcomes.note("one", "java", outcome)
    outcomes.note("one", "go", "passed")
    outcomes.note("two", "go", "skipped")

    page = text(outcomes, [one, two])
    assert read(page) == outcomes
    assert page.splitlines()[-4:] == [
        "| scenario | Go | Java |",
        "| --- | --- | --- |",
        "| one | yes | **no** |",
        "| two | skipped |  |",
    ]


def test_the_page_names_every_scenario() -> None:
    page = FILE.read_text()
    assert [scenario.name for scenario in scenarios() if f"| {scenario.name} |" not in page] == []
