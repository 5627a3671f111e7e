"""Retention over REST and gRPC: whose policy is in force, and what would go by it."""

from datetime import UTC, datetime, timedelta

import pytest

from mistral.v1 import retention_service_pb2 as service
from mistral.v1 import retention_service_pb2_grpc as service_grpc
from mistral_persistence.retention_policies import Policy, put_policy

PATH = "/v2/retention"


@pytest.fixture(autouse=True)
async def fresh(pool):
    await pool.execute("TRUNCATE retention_policy, execution")


async def test_without_any_policy_nothing_ever_goes(rest):
    assert (await rest.get(PATH)).json() == {
        "own": False,
        "older_than_minutes": None,
        "max_finished": None,
        "ignored_states": [],
        "updated_at": None,
    }
    assert (await rest.post(f"{PATH}/preview", json={})).json()["count"] == 0


async def test_a_project_has_its_own_until_it_is_taken_away(rest, pool):
    await put_policy(pool, Policy(older_than_minutes=7))
    assert (await rest.get(PATH)).json()["older_than_minutes"] == 7

    stored = (await rest.put(PATH, json={"max_finished": 5, "ignored_states": ["ERROR"]})).json()
    assert (stored["own"], stored["older_than_minutes"], stored["max_finished"]) == (True, None, 5)
    assert (await rest.get(PATH)).json() == stored

    assert (await rest.delete(PATH)).status_code == 204
    assert (await rest.get(PATH)).json()["own"] is False
    assert (await rest.delete(PATH)).status_code == 404


@pytest.mark.parametrize(
    "sent", [{"older_than_minutes": 0}, {"max_finished": -1}, {"ignored_states": ["RUNNING"]}, {"bogus": 1}]
)
async def test_what_is_no_limit_is_refused(rest, sent):
    for method, path in (("PUT", PATH), ("POST", f"{PATH}/preview")):
        assert (await rest.request(method, path, json=sent)).status_code == 400


async def test_a_preview_tells_what_would_go(rest, rows, channel):
    now = datetime.now(UTC)
    ages = [await rows.execution("w", state="SUCCESS", created_at=now - timedelta(days=days)) for days in (5, 3, 1)]
    await rows.execution("w", state="SUCCESS", created_at=now - timedelta(days=9), project_id="another")
    stub = service_grpc.RetentionServiceStub(channel)

    by_age = (await rest.post(f"{PATH}/preview", json={"older_than_minutes": 2 * 24 * 60})).json()
    by_count = (await stub.PreviewRetention(service.PreviewRetentionRequest(max_finished=1))).preview

    assert (by_age["count"], by_age["execution_ids"]) == (2, ages[:2])
    assert list(by_count.execution_ids) == ages[:2]
    assert len((await rest.get("/v2/executions")).json()["executions"]) == 3


async def test_over_grpc_it_is_set_and_taken_away(channel):
    stub = service_grpc.RetentionServiceStub(channel)

    stored = (await stub.UpdateRetention(service.UpdateRetentionRequest(older_than_minutes=60))).retention

    assert (stored.own, stored.older_than_minutes, stored.HasField("max_finished")) == (True, 60, False)
    await stub.DeleteRetention(service.DeleteRetentionRequest())
    assert not (await stub.GetRetention(service.GetRetentionRequest())).retention.own
