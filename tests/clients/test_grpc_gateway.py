"""grpc-gateway is built from the annotations and drives a workflow over HTTP with JSON, beside a real mesh."""

import json
import socket
import threading
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from google.protobuf import descriptor_pb2

from mistral_mesh import MeshStatus
from tests.clients.gateway_program import PROJECT, gateway
from tests.clients.toolchain import built

pytestmark = pytest.mark.slow

UNKNOWN = "11111111-2222-4333-8444-555555555555"
BIG = 123456789012345678901234567890
GREETING = "Grüße, 世界 🦊"
DEFINITION = """version: '2.0'

{name}:
  input: [greeting, number]
  output: {{greeting: <% $.greeting %>, next: <% $.number + 1 %>}}
  tasks:
    one: {{action: std.noop, on-success: two}}
    two: {{action: std.noop, on-success: three}}
    three: {{action: std.noop}}

{name}_held:
  tasks:
    hold: {{action: std.async_noop}}
"""


@pytest.fixture(scope="module")
def api(mesh: MeshStatus) -> Iterator[httpx.Client]:
    built(PROJECT)
    with (
        gateway("-mesh", mesh.grpc_address, "-body-limit", "100000") as program,
        httpx.Client(base_url=f"http://{program.address}", timeout=60, trust_env=False) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def name(api: httpx.Client) -> str:
    """The name of a workflow that is stored; beside it there is one that never ends."""
    chosen = f"gateway_{uuid4().hex[:8]}"
    answer = api.post("/v1/workflows", json={"definition": DEFINITION.format(name=chosen)})
    assert answer.status_code == 200, answer.text
    # 64-bit integers are strings, as everywhere in the JSON of gRPC.
    assert [each["version"] for each in answer.json()["workflows"]] == ["1", "1"]
    return chosen


@pytest.fixture(scope="module")
def execution(api: httpx.Client, name: str) -> str:
    """The id of an execution that has ended."""
    given = json.dumps({"greeting": GREETING, "number": BIG})
    start = {"workflow": name, "input": given, "requestId": str(uuid4())}
    started, again = (api.post("/v1/executions", json=start).json()["execution"] for _ in range(2))
    assert started["id"] == again["id"]
    ended = api.get(f"/v1/executions/{started['id']}", params={"wait": "30s"}).json()["execution"]
    assert ended["state"] == "STATE_SUCCESS"
    assert json.loads(ended["output"]) == {"greeting": GREETING, "next": BIG + 1}
    return str(started["id"])


def test_an_execution_is_listed_and_its_tasks_come_in_pages(api: httpx.Client, name: str, execution: str) -> None:
    listed = api.get("/v1/executions", params={"workflowName": name, "states": "STATE_SUCCESS"}).json()
    first = api.get("/v1/tasks", params={"executionId": execution, "pageSize": 2}).json()
    token = first["nextPageToken"]
    second = api.get("/v1/tasks", params={"executionId": execution, "pageSize": 2, "pageToken": token}).json()

    assert [each["id"] for each in listed["executions"]] == [execution]
    assert [task["name"] for page in (first, second) for task in page["tasks"]] == ["one", "two", "three"]
    assert second["nextPageToken"] == ""


def test_its_events_come_one_a_line_to_the_end(api: httpx.Client, execution: str) -> None:
    with api.stream("GET", f"/v1/executions/{execution}:watch") as answer:
        events = [json.loads(line)["result"]["event"] for line in answer.iter_lines()]
    after = {"afterPosition": events[1]["position"]}
    again = api.get(f"/v1/executions/{execution}:watch", params=after).text.splitlines()

    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [each["taskName"] for each in events if each["type"] == "TASK_SUCCEEDED"] == ["one", "two", "three"]
    assert [json.loads(line)["result"]["event"] for line in again] == events[2:]


def test_an_execution_is_steered_and_removed(api: httpx.Client, name: str) -> None:
    held = api.post("/v1/executions", json={"workflow": f"{name}_held"}).json()["execution"]["id"]
    steps = (("pause", {}), ("resume", {}), ("stop", {"state": "STATE_CANCELLED", "message": "enough"}))

    states = [api.post(f"/v1/executions/{held}:{verb}", json=body).json()["execution"]["state"] for verb, body in steps]
    described = api.patch(f"/v1/executions/{held}", json={"description": "ended"}).json()["execution"]["description"]
    removed = api.delete(f"/v1/executions/{held}")

    assert states == ["STATE_PAUSED", "STATE_RUNNING", "STATE_CANCELLED"]
    assert described == "ended"
    assert (removed.status_code, removed.json()) == (200, {})
    assert api.get(f"/v1/executions/{held}").status_code == 404


def test_an_error_is_json_with_its_details(api: httpx.Client) -> None:
    faulty = api.post("/v1/workflows", json={"definition": "version: '2.0'\nw:\n  tasks:\n    t: {actoin: x}\n"})
    details = {each["@type"].rpartition(".")[2]: each for each in faulty.json()["details"]}
    missing = api.get(f"/v1/executions/{UNKNOWN}")

    assert (faulty.status_code, faulty.json()["code"]) == (400, 3)
    assert details["ErrorInfo"]["reason"] == "INVALID_DEFINITION"
    assert details["ErrorInfo"]["metadata"]["line"] == "4"
    assert details["BadRequest"]["fieldViolations"][0]["field"].endswith("w.tasks.t.actoin")
    assert (missing.status_code, missing.json()["code"]) == (404, 5)
    assert missing.json()["details"][0]["reason"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/v1/nothing", None, 404),
        ("DELETE", "/v1/executions", None, 405),
        ("POST", "/v1/executions", b"{", 400),
        ("POST", "/v1/executions", b'{"workfolw": "x"}', 400),
        ("GET", "/v1/executions?pageSize=many", None, 400),
        ("GET", f"/v1/executions/{UNKNOWN}:watch", None, 404),
        ("POST", "/v1/workflows", b" " * 100001, 413),
    ],
)
def test_what_is_no_request_is_said_in_json(
    api: httpx.Client, method: str, path: str, body: bytes | None, code: int
) -> None:
    answer = api.request(method, path, content=body)

    assert answer.status_code == code
    said = answer.json()
    assert said.get("error", said)["message"]


def test_a_name_may_hold_a_slash(api: httpx.Client) -> None:
    name = f"nord/süd {uuid4().hex[:8]}"
    created = api.post("/v1/environments", json={"name": name, "variables": '{"a": 1}'})
    got = api.get("/v1/environments/" + name.replace("/", "%2F"))

    assert created.status_code == 200, created.text
    assert got.json()["environment"]["name"] == name


def test_the_openapi_document_names_every_rpc(api: httpx.Client) -> None:
    document = api.get("/openapi.json").json()
    named = {operation["operationId"] for methods in document["paths"].values() for operation in methods.values()}
    contracts = descriptor_pb2.FileDescriptorSet.FromString((PROJECT.path / "gen/mistral.binpb").read_bytes())
    rpcs = {
        f"{service.name}_{method.name}"
        for file in contracts.file
        if file.package == "mistral.v1"
        for service in file.service
        for method in service.method
        # A session in which both talk when they like has no form in HTTP.
        if not method.client_streaming
    }

    assert "ExecutionService_StartExecution" in rpcs
    assert named == rpcs
    assert document["info"]["title"] == "Mistral Mesh"


def test_health_is_that_of_the_mesh(api: httpx.Client) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{closed.getsockname()[1]}"
        with gateway("-mesh", nobody) as lonely:
            unreachable = httpx.get(f"http://{lonely.address}/healthz", trust_env=False)

    assert api.get("/healthz").json() == {"status": "SERVING"}
    assert (unreachable.status_code, unreachable.json()) == (503, {"status": "UNREACHABLE"})


def test_a_stop_lets_a_running_request_end(api: httpx.Client, mesh: MeshStatus, name: str) -> None:
    held = api.post("/v1/executions", json={"workflow": f"{name}_held"}).json()["execution"]["id"]
    answers: list[httpx.Response] = []
    with gateway("-mesh", mesh.grpc_address) as program:
        url = f"http://{program.address}/v1/executions/{held}"

        def watch() -> None:
            with httpx.stream("GET", f"{url}:watch", timeout=60, trust_env=False) as answer:
                begun.set()
                answer.read()
                answers.append(answer)

        begun = threading.Event()
        watching = threading.Thread(target=watch)
        watching.start()
        assert begun.wait(30)
        program.process.terminate()
        stop = {"state": "STATE_CANCELLED"}
        assert api.post(f"/v1/executions/{held}:stop", json=stop).status_code == 200
        watching.join(30)

        assert program.process.wait(30) == 0
    assert [answer.status_code for answer in answers] == [200]
    assert "STATE_CANCELLED" in answers[0].text
