"""A watch over all executions: live, filtered, resumed from a token, and whole although messages are lost."""

import asyncio
import base64
import time
from uuid import uuid4

import grpc
import pytest

from mistral.v1 import state_pb2
from mistral_api_gateway.app import running
from mistral_api_gateway.live.hub import Hub
from mistral_api_gateway.live.watch_all import Interest, WatchAll
from mistral_api_gateway.operations.caller import ANYONE
from mistral_api_gateway.operations.store import Store
from tests.api_gateway.public_api import Api, details, field_of

LATE = 1_700_000_000_000_000


@pytest.fixture
def api(channel):
    return Api(channel)


@pytest.fixture
def moment(make_event):
    """An event that happens now."""

    def made(execution_id: str, position: int, kind: str, state: str, **more):
        return {**make_event(execution_id, position, kind, state, **more), "at": time.time_ns() // 1000}

    return made


async def read(call) -> object:
    """The next answer that bears an event."""
    async with asyncio.timeout(15):
        while True:
            answer = await call.read()
            if answer is grpc.aio.EOF or answer.HasField("event"):
                return answer


def short(answer) -> tuple[str, int, str]:
    return answer.event.execution_id, answer.event.position, answer.workflow_name


async def test_a_watch_tells_what_happens_to_what_fits(api, rows, name, moment, publish):
    mine, other = await rows.execution(name), await rows.execution(f"{name}_other")
    foreign = await rows.execution(name, project_id="another")
    call = api.WatchExecutions(filter=f"workflow_name = {name}", timeout=30)
    begun = await call.read()

    for each in (other, foreign, mine):
        await publish(moment(each, 1, "WORKFLOW_LAUNCHED", "RUNNING"))
    await publish(moment(mine, 2, "TASK_LAUNCHED", "RUNNING", task_id=str(uuid4()), task_name="t", type="ACTION"))
    await publish(moment(mine, 3, "WORKFLOW_SUCCEEDED", "SUCCESS"))
    answers = [await read(call), await read(call)]

    assert (begun.HasField("event"), begun.resume_token != "") == (False, True)
    assert [short(answer) for answer in answers] == [(mine, 1, name), (mine, 3, name)]


async def test_states_and_tasks_may_be_asked_for(api, rows, name, moment, publish):
    found = await rows.execution(name)
    call = api.WatchExecutions(
        filter=f"workflow_name = {name}", states=[state_pb2.STATE_ERROR], include_tasks=True, timeout=30
    )
    await call.read()

    await publish(moment(found, 1, "TASK_LAUNCHED", "RUNNING", task_id=str(uuid4()), task_name="t", type="ACTION"))
    await publish(moment(found, 2, "TASK_FAILED", "ERROR", task_id=str(uuid4()), task_name="t", type="ACTION"))
    await publish(moment(found, 3, "WORKFLOW_FAILED", "ERROR"))

    assert [short(await read(call))[1] for _ in range(2)] == [2, 3]


async def test_a_watch_goes_on_from_its_token(api, rows, name, moment, publish):
    found = await rows.execution(name)
    call = api.WatchExecutions(filter=f"workflow_name = {name}", timeout=30)
    token = (await call.read()).resume_token
    call.cancel()
    await rows.history(found, [moment(found, 1, "WORKFLOW_LAUNCHED", "RUNNING")])
    await rows.history(found, [moment(found, 2, "WORKFLOW_PAUSED", "PAUSED"), moment(found, 3, "X", "RUNNING")])

    again = api.WatchExecutions(filter=f"workflow_name = {name}", resume_token=token, timeout=30)
    stored = [await read(again) for _ in range(3)]
    await publish(moment(found, 4, "WORKFLOW_SUCCEEDED", "SUCCESS"))
    live = await read(again)

    assert [short(answer)[1] for answer in [*stored, live]] == [1, 2, 3, 4]


async def test_a_gap_on_the_bus_is_filled_from_the_history(api, rows, name, moment, publish):
    found = await rows.execution(name)
    call = api.WatchExecutions(filter=f"workflow_name = {name}", timeout=30)
    await call.read()
    await publish(moment(found, 1, "WORKFLOW_LAUNCHED", "RUNNING"))
    first = await read(call)

    await rows.history(found, [moment(found, 1, "WORKFLOW_LAUNCHED", "RUNNING")])
    await rows.history(found, [moment(found, 2, "WORKFLOW_PAUSED", "PAUSED")])
    await publish(moment(found, 3, "WORKFLOW_SUCCEEDED", "SUCCESS"))
    rest = [await read(call), await read(call)]

    assert [short(answer)[1] for answer in [first, *rest]] == [1, 2, 3]


async def test_what_the_bus_lost_comes_from_the_history_a_little_later(rows, pool, name, moment):
    found = await rows.execution(name)
    store = Store(pool)
    stream = WatchAll(Hub(store), store, ANYONE, Interest(), None).told(look_seconds=0.1)
    assert (await anext(stream)).event is None

    await rows.history(found, [moment(found, 1, "WORKFLOW_LAUNCHED", "RUNNING")])

    async with asyncio.timeout(15):
        async for told in stream:
            if told.event is not None:
                break
    assert (told.event.execution_id, told.workflow_name) == (found, name)
    await stream.aclose()


async def refusal(call) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call.read()
    return raised.value


def token_of(answer, at: int) -> str:
    text = base64.urlsafe_b64decode(answer.resume_token + "==").decode()
    return base64.urlsafe_b64encode(f"{text.rpartition(':')[0]}:{at}".encode()).decode()


async def test_tokens_and_filters_that_are_none_are_refused(api, name):
    call = api.WatchExecutions(filter=f"workflow_name = {name}", timeout=30)
    begun = await call.read()
    token = begun.resume_token
    cases = [
        ({"resume_token": "x"}, "resume_token"),
        ({"resume_token": token}, "resume_token"),
        ({"filter": "state = ERROR"}, "filter"),
        ({"filter": "created_at > soon"}, "filter"),
    ]

    for fields, field in cases:
        refused = await refusal(api.WatchExecutions(**fields, timeout=30))
        assert refused.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert field_of(refused) == field
    old = {"filter": f"workflow_name = {name}", "resume_token": token_of(begun, LATE)}
    assert (await refusal(api.WatchExecutions(**old, timeout=30))).code() is grpc.StatusCode.OUT_OF_RANGE


async def test_a_gateway_that_leaves_says_so_to_those_who_watch(settings, rows, name):
    async with running(settings) as ports:
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{ports.grpc}")
        call = Api(channel).WatchExecutions(filter=f"workflow_name = {name}", timeout=30)
        begun = await call.read()

    async with channel:
        error = await refusal(call)

    assert begun.resume_token
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "RetryInfo" in details(error)
