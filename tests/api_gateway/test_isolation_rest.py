"""Project B tries every operation of REST against things of project A, by ids and names that it should not know."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api_gateway.isolation import ACTION, HELD, NOBODY, OPEN, Attempts, World, snapshot, world
from tests.api_gateway.isolation_definitions import on_definitions
from tests.api_gateway.isolation_events import OPEN as OPEN_EVENTS
from tests.api_gateway.isolation_events import heard, on_events
from tests.api_gateway.isolation_runs import on_runs
from tests.api_gateway.isolation_sessions import connected, on_sessions
from tests.api_gateway.isolation_subscriptions import on_subscriptions, subscribed
from tests.api_gateway.isolation_workers import employed, on_workers

OPEN_TO_ALL = {"GET /", "GET /v2", "GET /v2/", "GET /info", "GET /healthz", "GET /healthcheck", "GET /openapi.json"}


@pytest.fixture
async def two(database: str, nats: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database, nats, tmp_path, OPEN | OPEN_EVENTS) as found:
        await heard(found)
        await subscribed(found)
        await employed(found)
        await connected(found)
        yield found


def attempts(two: World) -> dict[str, Attempts]:
    """Return what B tries, by operation; an operation that is missing here fails the test."""
    return {
        **on_definitions(two),
        **on_subscriptions(two),
        **on_workers(two),
        **on_events(two),
        **on_sessions(two),
        **on_runs(two),
    }


def _unnamed(operation: str) -> str:
    return re.sub(r"{\w+}", "{}", operation)


async def operations(two: World) -> set[str]:
    """Return all operations that there are; what their parameters are called does not matter."""
    document = (await two.call("b", "GET", "/openapi.json")).json()
    known = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert len(known) > 60
    return {_unnamed(one) for one in known - OPEN_TO_ALL}


async def test_no_operation_leads_from_one_project_into_another(two: World):
    tried = attempts(two)
    known, here = await operations(two), {_unnamed(one) for one in tried}
    wrong = [f"{one} is not tried" for one in sorted(known - here)] + [f"there is no {one}" for one in here - known]
    before = await snapshot(two)

    for operation, each in tried.items():
        for status, path, given in each:
            answer = await two.call("b", operation.partition(" ")[0], path, **given)
            if answer.status_code != status:
                wrong.append(f"{operation} {path}: {answer.status_code}, not {status}: {answer.text[:200]}")
            # A refusal may repeat the id that was sent.
            leaks = two.leaks(answer.text) if answer.is_success else two.token in answer.text
            if leaks or two.token in str(answer.headers):
                wrong.append(f"{operation} {path} tells what is A's: {answer.text[:300]}")

    assert not wrong, "\n".join(wrong)
    assert await snapshot(two) == before


async def test_what_is_not_there_and_what_is_not_seen_are_told_in_the_same_words(two: World):
    for plural, thing in (
        ("workflows", "private workflow"),
        ("executions", "held"),
        ("tasks", "held task"),
        ("action_executions", "held action"),
        ("cron_triggers", "private cron"),
        ("event_triggers", "private event"),
        ("subscriptions", "subscription"),
        ("code_sources", "private source"),
        ("dynamic_actions", "private dynamic"),
        ("actions", "private action"),
    ):
        theirs = await two.call("b", "GET", f"/v2/{plural}/{two.things[thing]}")
        nobodys = await two.call("b", "GET", f"/v2/{plural}/{NOBODY}")
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.text.replace(two.things[thing], NOBODY) == nobodys.text


async def test_lists_of_b_hold_only_its_own_and_what_is_public(two: World):
    await two.made("b", "POST", "/v2/workflows", content=HELD.format(name="own", token="mine"))
    for plural in ("workflows", "workbooks", "environments", "cron_triggers", "event_triggers", "executions", "tasks"):
        for shown in (await two.made("b", "GET", f"/v2/{plural}"))[plural]:
            assert shown["project_id"] == two.b or shown["scope"] == "public", shown


async def test_without_a_credential_nothing_is_told_at_all(two: World):
    for operation, each in attempts(two).items():
        for _, path, given in each[:1]:
            answer = await two.rest.request(operation.partition(" ")[0], path, **given)
            assert answer.status_code == 401, operation
            assert two.token not in answer.text


async def test_an_administrator_sees_and_changes_what_any_project_has(two: World):
    header = {"X-Project-Id": "elsewhere"}
    things = two.things

    async def status(method: str, path: str, **given: Any) -> int:
        answer = await two.rest.request(
            method, path, headers={"Authorization": f"Bearer {two.secrets['root']}", **header}, **given
        )
        return answer.status_code

    assert await status("GET", f"/v2/workflows/{things['private workflow']}") == 200
    assert await status("GET", f"/v2/executions/{things['held']}/report") == 200
    assert await status("GET", f"/v2/environments/{things['private name']}") == 200
    assert await status("GET", f"/v2/cron_triggers/{things['private cron']}") == 200
    text = ACTION.format(name=things["private name"], token="changed")
    assert await status("PUT", f"/v2/actions/{things['private action']}", content=text) == 200
    assert await status("DELETE", f"/v2/event_triggers/{things['private event']}") == 204
    assert await status("PUT", f"/v2/executions/{things['held']}", json={"state": "CANCELLED"}) == 200
    # It sees them, but runs only what its project has.
    assert await status("POST", "/v2/executions", json={"workflow_id": things["private workflow"]}) == 404
