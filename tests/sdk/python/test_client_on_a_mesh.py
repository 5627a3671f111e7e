"""The clients of the SDK and a real mesh, without any worker."""

import asyncio
import threading
import uuid
from typing import Any

import pytest

from mistral_mesh import MeshStatus
from mistral_sdk import AsyncClient, Client, ExecutionFailed, MeshError, State, WaitTimeout
from mistral_sdk.client import Conflict, InvalidRequest, NotFound, Unavailable, WrongState

SECONDS = 60
NAMES = ["sdk_sum", "sdk_held", "sdk_broken"]
WORKFLOWS = """
version: '2.0'
sdk_sum:
  input: [a, b: 1]
  output: {sum: <% $.a + $.b %>}
  tasks:
    add: {action: std.noop}
sdk_held:
  tasks:
    hold: {action: std.noop, pause-before: true}
sdk_broken:
  tasks:
    fail: {action: std.fail}
"""


@pytest.fixture(scope="module")
def uploaded(mesh: MeshStatus) -> MeshStatus:
    """A mesh that knows the workflows."""
    with Client(mesh.grpc_address) as client:
        assert client.upload(WORKFLOWS, replace=False) == NAMES
    return mesh


@pytest.fixture
def client(uploaded: MeshStatus) -> Any:
    with Client(uploaded.grpc_address) as made:
        yield made


def test_a_workflow_is_run_and_gives_its_output(client: Client) -> None:
    assert client.run("sdk_sum", {"a": 2**70, "b": 2}, timeout=SECONDS) == {"sum": 2**70 + 2}


def test_a_start_with_a_key_happens_once(client: Client) -> None:
    key = uuid.uuid4().hex
    first, second = (client.start("sdk_sum", {"a": 1}, key=key) for _ in range(2))
    assert first.id == second.id
    chosen = str(uuid.uuid4())
    assert client.start("sdk_sum", {"a": 1}, id=chosen).id == chosen
    assert client.start("sdk_sum", {"a": 1}).id != client.start("sdk_sum", {"a": 1}).id


def test_workflows_are_replaced_or_not(client: Client) -> None:
    assert client.upload(WORKFLOWS) == NAMES
    with pytest.raises(Conflict):
        client.upload(WORKFLOWS, replace=False)


def test_errors_are_of_kinds_and_name_the_place(client: Client) -> None:
    with pytest.raises(NotFound) as missing:
        client.get(str(uuid.uuid4()))
    assert (missing.value.code, missing.value.reason) == ("NOT_FOUND", "NOT_FOUND")
    with pytest.raises(InvalidRequest) as wrong:
        client.start("sdk_sum", {"a": 1, "z": 2})
    assert wrong.value.field == "input"
    with pytest.raises(InvalidRequest, match="line"):
        client.upload("version: '2.0'\nbad: {tasks: [")
    with pytest.raises(WrongState):
        client.pause(client.wait(client.start("sdk_sum", {"a": 1}).id, timeout=SECONDS).id)


def test_a_failed_execution_is_told_with_what_happened(client: Client) -> None:
    with pytest.raises(ExecutionFailed) as failed:
        client.run("sdk_broken", timeout=SECONDS)
    assert failed.value.execution.state == State.ERROR
    assert "sdk_broken ended as ERROR" in str(failed.value)


def test_a_held_execution_is_waited_for_resumed_and_cancelled(client: Client) -> None:
    held = client.start("sdk_held").id
    with pytest.raises(WaitTimeout) as late:
        client.wait(held, timeout=0.2)
    assert not late.value.execution.state.final
    assert client.cancel(held, "enough").state == State.CANCELLED
    assert client.wait(held, timeout=SECONDS).state_info == "enough"
    other = client.start("sdk_held").id
    next(event for event in client.watch(other) if event.state == State.PAUSED)
    assert client.resume(other).id == other
    assert client.wait(other, timeout=SECONDS).state == State.SUCCESS


def test_events_come_in_order_and_from_any_position(client: Client) -> None:
    id = client.start("sdk_sum", {"a": 1}).id
    events = list(client.watch(id))
    assert [event.type for event in events][-1] == "WORKFLOW_SUCCEEDED"
    assert {event.task for event in events} == {"", "add"}
    assert [event.position for event in client.watch(id, after=events[0].position)] == [
        event.position for event in events[1:]
    ]


def test_an_action_runs_on_its_own(client: Client) -> None:
    assert client.run_action("std.echo", {"output": {"a": [1]}}, timeout=SECONDS) == {"a": [1]}
    with pytest.raises(MeshError):
        client.run_action("std.fail", timeout=SECONDS)


async def test_the_asynchronous_client_does_the_same(uploaded: MeshStatus) -> None:
    async with AsyncClient(uploaded.grpc_address) as client:
        assert await client.upload(WORKFLOWS) == NAMES
        outputs = await asyncio.gather(*(client.run("sdk_sum", {"a": n}, timeout=SECONDS) for n in range(5)))
        assert outputs == [{"sum": n + 1} for n in range(5)]
        held = (await client.start("sdk_held")).id
        async for event in client.watch(held):
            if event.state == State.PAUSED:
                break
        with pytest.raises(WaitTimeout):
            await client.wait(held, timeout=0.1)
        assert (await client.resume(held)).id == held
        assert (await client.wait(held, timeout=SECONDS)).state == State.SUCCESS
        with pytest.raises(NotFound):
            await client.get(str(uuid.uuid4()))
        with pytest.raises(ExecutionFailed):
            await client.run("sdk_broken", timeout=SECONDS)
        assert await client.run_action("std.echo", {"output": 1}, timeout=SECONDS) == 1


def test_a_client_may_be_shared_by_threads(client: Client) -> None:
    outputs: list[Any] = []
    threads = [
        threading.Thread(target=lambda n=n: outputs.append(client.run("sdk_sum", {"a": n}, timeout=SECONDS)))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert sorted(output["sum"] for output in outputs) == list(range(1, 9))


def test_a_mesh_that_is_not_there_is_told_in_time() -> None:
    with Client("127.0.0.1:1", timeout=0.3) as client, pytest.raises(Unavailable):
        client.get(str(uuid.uuid4()))


def test_marked_input_needs_a_codec(client: Client) -> None:
    with pytest.raises(ValueError, match="no codec"):
        client.start("sdk_sum", {"a": 1}, encrypt=["a"])
