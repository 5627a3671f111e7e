"""Notes how scenarios end, and writes the table of them when it is asked to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sdk.conformance.table import OUTCOMES, write

_OPTION = "--write-table"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(_OPTION, action="store_true", help="write how every SDK did into docs/sdk_conformance.md")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[None]:  # pragma: no cover - pytest calls it
    report = yield
    scenario = getattr(item, "callspec", None) and item.callspec.params.get("scenario")  # type: ignore[attr-defined]
    if scenario is not None:
        OUTCOMES.note(scenario.name, item.callspec.params["worker_program"], report.outcome)  # type: ignore[attr-defined]
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption(_OPTION, default=False):
        write(OUTCOMES)
