"""What happened in a project, page by page over both doors; what happens, as a stream; and streams that end."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from mistral.v1 import state_pb2
from mistral_api_gateway.live.admission import admitted
from mistral_api_gateway.operations.caller import PROOF
from mistral_core.errors import Unauthenticated, Unavailable
from tests.api_gateway.public_api import Api, details

PATH = "/v2/events"


@pytest.fixture
def api(channel):
    return Api(channel)


@pytest.fixture
def moment(make_event):
    """An event that happens now."""

    def made(execution_id: str, position: int, kind: str, state: str, **more):
        return {**make_event(execution_id, position, kind, state, **more), "at": time.time_ns() // 1000}

    return made


@pytest.fixture
async def story(rows, name, moment) -> list[str]:
    """Two executions with a history of two commits each, one of another project, and one of another workflow."""
    told = []
    for workflow, project in ((name, None), (name, None), (name, "another"), (f"{name}_other", None)):
        execution = await rows.execution(workflow, **({"project_id": project} if project else {}))
        task = {"task_id": str(uuid4()), "task_name": "t", "type": "ACTION"}
        first = [
            moment(execution, 1, "WORKFLOW_LAUNCHED", "RUNNING"),
            moment(execution, 2, "TASK_LAUNCHED", "RUNNING", **task),
        ]
        await rows.history(execution, first)
        last = [
            moment(execution, 3, "TASK_FAILED", "ERROR", **task),
            moment(execution, 4, "WORKFLOW_FAILED", "ERROR"),
        ]
        await rows.history(execution, last)
        told.append(execution)
    return told[:2]


async def test_all_of_a_project_is_found_in_pages_of_any_size(rest, story, name):
    for limit in (1, 2, 3, 100):
        seen: list[tuple[str, int]] = []
        address: str | None = f"{PATH}?workflow_name={name}&tasks=true&limit={limit}"
        while address:
            answer = (await rest.get(address)).json()
            assert len(answer["events"]) <= limit
            seen += [(one["execution_id"], one["position"]) for one in answer["events"]]
            address = answer.get("next")

        assert seen == [(execution, position) for execution in story for position in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("asked", "events"),
    [
        ("", ["WORKFLOW_LAUNCHED", "WORKFLOW_FAILED"] * 2),
        ("&states=error", ["WORKFLOW_FAILED"] * 2),
        ("&states=ERROR&tasks=true", ["TASK_FAILED", "WORKFLOW_FAILED"] * 2),
        ("&since=2999-01-01", []),
        ("&until=2020-01-01 00:00:00", []),
        ("&tags=nothing", []),
    ],
)
async def test_less_may_be_asked_for(rest, story, name, asked, events):
    answer = (await rest.get(f"{PATH}?workflow_name={name}{asked}")).json()

    assert [one["event"] for one in answer["events"]] == events
    assert {one["workflow_name"] for one in answer["events"]} <= {name}


@pytest.mark.parametrize(
    "asked", ["state=ERROR", "states=HAPPY", "since=soon", "marker=x", "limit=0", "id=eq:nothing", "bogus=1"]
)
async def test_what_cannot_be_asked_for_is_refused(rest, asked):
    assert (await rest.get(f"{PATH}?{asked}")).status_code == 400


async def test_over_grpc_in_pages(api, story, name):
    seen, token = [], ""
    while True:
        page = await api.FindExecutionEvents(
            filter=f"workflow_name = {name}",
            states=[state_pb2.STATE_ERROR],
            include_tasks=True,
            page_size=3,
            page_token=token,
        )
        seen += [(one.event.execution_id, one.event.type, one.workflow_name) for one in page.events]
        token = page.next_page_token
        if not token:
            break

    assert seen == [(execution, kind, name) for execution in story for kind in ("TASK_FAILED", "WORKFLOW_FAILED")]


async def test_over_grpc_a_token_of_another_list_is_refused(api, story, name):
    page = await api.FindExecutionEvents(filter=f"workflow_name = {name}", page_size=1)
    for given in ({"page_token": page.next_page_token}, {"page_token": "bogus"}, {"filter": "state = ERROR"}):
        with pytest.raises(Exception, match="INVALID_ARGUMENT") as refused:
            await api.FindExecutionEvents(**given)
        assert details(refused.value)


async def events_of(response: Any) -> AsyncIterator[dict[str, str]]:
    """The server-sent events of a stream, without comments."""
    told: dict[str, str] = {}
    async for line in response.aiter_lines():
        if not line:
            if "event" in told:
                yield told
            told = {**({"id": told["id"]} if "id" in told else {})} if "event" not in told else {}
            continue
        field, _, value = line.partition(":")
        if field:
            told[field] = value.strip()


async def test_a_stream_of_the_project_goes_on_from_where_it_was_left(rest, rows, name, moment, publish):
    execution = await rows.execution(name)
    seen: list[tuple[str, int]] = []
    async with asyncio.timeout(30):
        async with rest.stream("GET", f"{PATH}/stream?workflow_name={name}") as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            await publish(moment(execution, 1, "WORKFLOW_LAUNCHED", "RUNNING"))
            async for told in events_of(response):
                seen.append((told["event"], json.loads(told["data"])["position"]))
                last = told["id"]
                break
        later = moment(execution, 2, "WORKFLOW_SUCCEEDED", "SUCCESS")
        await rows.history(execution, [later])
        headers = {"Last-Event-ID": last}
        async with rest.stream("GET", f"{PATH}/stream?workflow_name={name}", headers=headers) as response:
            async for told in events_of(response):
                seen.append((told["event"], json.loads(told["data"])["position"]))
                if told["event"] == "WORKFLOW_SUCCEEDED":
                    break

    assert seen[0] == ("WORKFLOW_LAUNCHED", 1)
    assert seen[-1] == ("WORKFLOW_SUCCEEDED", 2)


async def numbers() -> AsyncIterator[int]:
    for number in range(3):
        yield number


async def test_a_stream_ends_when_its_caller_would_be_let_in_no_more():
    answers = iter([None, Unauthenticated("revoked")])

    async def still() -> None:
        answer = next(answers)
        if answer is not None:
            raise answer

    PROOF.set(still)
    stream = admitted(numbers(), every=0.0)
    assert await anext(stream) == 0
    with pytest.raises(Unauthenticated):
        await anext(stream)


async def test_a_stream_goes_on_while_nobody_can_be_asked():
    async def still() -> None:
        raise Unavailable("away")

    PROOF.set(still)
    assert [number async for number in admitted(numbers(), every=0.0)] == [0, 1, 2]


async def test_a_stream_of_nobody_in_particular_goes_on():
    PROOF.set(None)
    assert [number async for number in admitted(numbers(), every=0.0)] == [0, 1, 2]
