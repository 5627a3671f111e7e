"""grpc-gateway before a mesh that asks its callers who they are."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from mistral_mesh import MeshStatus, Plan, first_key
from tests.clients.gateway_program import PROJECT, gateway
from tests.clients.toolchain import built

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def guarded(new_mesh: Callable[..., MeshStatus]) -> MeshStatus:
    built(PROJECT)
    return new_mesh(settings={"MISTRAL_AUTH": "api-key"})


@pytest.fixture(scope="module")
def api(guarded: MeshStatus) -> Iterator[httpx.Client]:
    with (
        gateway("-mesh", guarded.grpc_address) as program,
        httpx.Client(base_url=f"http://{program.address}", timeout=60, trust_env=False) as client,
    ):
        yield client


def test_who_says_nothing_or_something_wrong_is_told_to_say_who_he_is(api: httpx.Client) -> None:
    for headers in ({}, {"X-API-Key": "mistral_wrong"}):
        answer = api.get("/v1/workflows", headers=headers)

        assert (answer.status_code, answer.json()["code"]) == (401, 16)
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_key_is_known_in_each_of_its_headers(api: httpx.Client, guarded: MeshStatus) -> None:
    key = first_key(Plan.read({}, home=guarded.home), ["--name", "root"])["secret"]
    sent = ({"Authorization": f"Bearer {key}"}, {"X-API-Key": key}, {"X-Auth-Token": key})

    assert [api.get("/v1/workflows", headers=headers).status_code for headers in sent] == [200, 200, 200]


def test_health_is_open(api: httpx.Client) -> None:
    assert api.get("/healthz").json() == {"status": "SERVING"}
