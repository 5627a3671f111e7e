"""Dead letters over REST and gRPC, with a notifier that really tells a real receiver."""

import json
from typing import Any
from uuid import uuid4

import grpc.aio
import httpx
import pytest

from mistral.v1 import dead_letter_service_pb2 as letters
from mistral.v1 import dead_letter_service_pb2_grpc as letters_grpc
from tests.api_gateway.telling import PATH, UNKNOWN
from tests.engine.conftest import until


@pytest.fixture
def dead(channel: grpc.aio.Channel) -> letters_grpc.DeadLetterServiceStub:
    return letters_grpc.DeadLetterServiceStub(channel)


async def given_up(pool: Any, rest: httpx.AsyncClient, subscription_id: str, url: str, times: int = 2) -> list[Any]:
    """Have deliveries of a subscription fail for good."""
    payload = json.dumps({"event": "WORKFLOW_FAILED", "project_id": "<default-project>", "id": str(uuid4())})
    await pool.execute(
        "INSERT INTO notification (execution_id, event, payload, publisher, subscription_id)"
        " SELECT gen_random_uuid(), 'WORKFLOW_FAILED', $1, $2, $3 FROM generate_series(1, $4)",
        payload,
        json.dumps({"type": "webhook", "url": url}),
        subscription_id,
        times,
    )
    query = {"subscription_id": subscription_id}

    async def found() -> list[Any]:
        return list((await rest.get("/v2/dead_letters", params=query)).json()["dead_letters"])

    return list(await until(found, lambda all_of_it: len(all_of_it) == times))


async def test_dead_letters_are_listed_and_replayed(rest, made, name, notifier, hook, pool):
    hook.status = 500
    shown = await made(publisher={"type": "webhook", "url": hook.url})
    first, second = await given_up(pool, rest, shown["id"], hook.url)

    assert (first["event"], first["error"], first["attempts"]) == ("WORKFLOW_FAILED", "HTTP 500", 1)
    assert "payload" not in first
    whole = (await rest.get(f"/v2/dead_letters/{first['id']}")).json()
    assert json.loads(whole["payload"])["event"] == "WORKFLOW_FAILED"
    assert (await rest.get(f"{PATH}/{name}")).json()["dead"] == 2
    hook.status = 200
    hook.requests.clear()
    answer = await rest.post("/v2/dead_letters/replay", json={"ids": [first["id"]]})
    assert answer.json() == {"replayed": 1}
    await until(lambda: len(hook.requests), lambda count: count == 1)
    assert (await rest.delete(f"/v2/dead_letters/{second['id']}")).status_code == 204
    assert (await rest.delete(f"/v2/dead_letters/{second['id']}")).status_code == 404
    assert (await rest.get(f"{PATH}/{name}")).json()["dead"] == 0


async def test_all_dead_letters_of_a_subscription_are_replayed_at_once(rest, made, notifier, hook, pool):
    hook.status = 500
    shown = await made(publisher={"type": "webhook", "url": hook.url})
    await given_up(pool, rest, shown["id"], hook.url, 5)
    hook.status = 200
    hook.requests.clear()

    answer = await rest.post("/v2/dead_letters/replay", json={"subscription_id": shown["id"]})

    assert answer.json() == {"replayed": 5}
    await until(lambda: len(hook.requests), lambda count: count == 5)


@pytest.mark.parametrize(
    ("sent", "status"), [({}, 400), ({"ids": ["x"]}, 400), ({"ids": [UNKNOWN]}, 404), ({"all": True}, 200)]
)
async def test_a_replay_says_which(rest, sent, status):
    assert (await rest.post("/v2/dead_letters/replay", json=sent)).status_code == status


async def test_over_grpc_dead_letters(dead, rest, made, notifier, hook, pool):
    hook.status = 500
    shown = await made(publisher={"type": "webhook", "url": hook.url})
    first, _ = await given_up(pool, rest, shown["id"], hook.url)

    found = await dead.ListDeadLetters(letters.ListDeadLettersRequest(filter=f"subscription_id = {shown['id']}"))
    one = await dead.GetDeadLetter(letters.GetDeadLetterRequest(id=first["id"]))
    deleted = await dead.DeleteDeadLetters(letters.DeleteDeadLettersRequest(subscription_id=shown["id"]))

    assert len(found.dead_letters) == 2
    assert one.dead_letter.error == "HTTP 500"
    assert deleted.deleted == 2
