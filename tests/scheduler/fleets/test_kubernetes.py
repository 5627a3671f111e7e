"""Temporary workers as Jobs: the calls that a cluster gets, against an API server that knows the rules of Jobs.

The server below answers in the shapes that the API documents for ``batch/v1``; the manifest is read by the models of
the official client, which know every field.
"""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from kubernetes import client

from mistral_core.fleet_templates import KubernetesTemplate, ProcessTemplate
from mistral_scheduler.fleets.cluster import Cluster
from mistral_scheduler.fleets.driver import CannotStart, Ended, NewWorker
from mistral_scheduler.fleets.kubernetes import LABEL, Jobs
from mistral_scheduler.fleets.settings import ClusterSettings

ID = "7e9f6b0e-1111-4222-8333-444455556666"
NAME = f"mistral-worker-{ID}"


@dataclass
class ApiServer:
    """Jobs of one cluster, and the calls that came."""

    jobs: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, str, str, Any]] = field(default_factory=list)
    refuses: int = 0
    url: str = ""

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        parts = path.strip("/").split("/")
        assert parts[:4] == ["apis", "batch", "v1", "namespaces"]
        assert parts[5] == "jobs"
        namespace = parts[4]
        if self.refuses:
            return self.refuses, _status(self.refuses, "jobs.batch is forbidden: no permission")
        if method == "POST":
            key = namespace, body["metadata"]["name"]
            if key in self.jobs:
                return 409, _status(409, f'jobs.batch "{key[1]}" already exists')
            self.jobs[key] = {**body, "status": {}}
            return 201, self.jobs[key]
        if method == "GET":
            label = query["labelSelector"][0]
            items = [job for (space, _), job in self.jobs.items() if space == namespace]
            return 200, {"kind": "JobList", "items": [job for job in items if label in job["metadata"]["labels"]]}
        gone = self.jobs.pop((namespace, parts[6]), None)
        return (200, _status(200, "")) if gone else (404, _status(404, "not found"))


def _status(code: int, message: str) -> dict[str, Any]:
    return {"kind": "Status", "apiVersion": "v1", "code": code, "message": message}


@pytest.fixture
def api() -> Iterator[ApiServer]:
    found = ApiServer()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            split = urlsplit(self.path)
            data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = json.loads(data) if data else None
            found.calls.append((self.command, split.path, self.headers.get("Authorization", ""), body))
            code, answer = found.answer(self.command, split.path, parse_qs(split.query), body)
            text = json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = handle_any

        def log_message(self, format: str, *args: Any) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    server.server_close()


def jobs_at(url: str, folder: Path) -> Jobs:
    (folder / "token").write_text("first\n")
    return Jobs(Cluster(ClusterSettings(url=url, token_file=folder / "token", ca_file="", namespace="mesh")))


def worker(template: KubernetesTemplate | ProcessTemplate | None = None) -> NewWorker:
    usual = KubernetesTemplate(
        image="registry.example/renderer:1",
        command=["render", "--fast"],
        env={"LEVEL": "3"},
        env_from_secrets=["renderer"],
        service_account="renderer",
        resources={"requests": {"cpu": "500m"}, "limits": {"memory": "1Gi"}},
        node_selector={"disk": "ssd"},
    )
    env = {"MISTRAL_GRPC": "mesh:50051", "MISTRAL_LABELS": "a=b"}
    return NewWorker(id=ID, fleet="f", project="p", execution="e1", env=env, template=template or usual)


async def test_a_worker_becomes_a_job_that_the_cluster_tries_once(api: ApiServer, tmp_path: Path) -> None:
    jobs = jobs_at(api.url, tmp_path)

    handle = await jobs.start(worker())
    again = await jobs.start(worker())
    await jobs.close()

    assert handle == again == f"mesh/{NAME}"
    made = api.jobs["mesh", NAME]
    pod = made["spec"]["template"]["spec"]
    assert (made["spec"]["backoffLimit"], pod["restartPolicy"]) == (0, "Never")
    assert made["metadata"]["labels"][LABEL] == ID
    assert {"name": "LEVEL", "value": "3"} in pod["containers"][0]["env"]
    assert {"name": "MISTRAL_GRPC", "value": "mesh:50051"} in pod["containers"][0]["env"]
    assert [call[2] for call in api.calls] == ["Bearer first"] * 2


async def test_the_manifest_is_one_that_the_official_client_understands_whole(api: ApiServer, tmp_path: Path) -> None:
    jobs = jobs_at(api.url, tmp_path)
    await jobs.start(worker())
    await jobs.close()
    sent = api.calls[0][3]

    read = client.ApiClient().deserialize(json.dumps(sent), "V1Job", "application/json")

    assert client.ApiClient().sanitize_for_serialization(read) == sent, "no field is unknown to it"


async def test_the_token_is_read_anew_for_every_call(api: ApiServer, tmp_path: Path) -> None:
    jobs = jobs_at(api.url, tmp_path)
    await jobs.start(worker())

    (tmp_path / "token").write_text("second")
    await jobs.stop(ID, f"mesh/{NAME}", 5.0)
    await jobs.close()

    assert api.calls[-1][2] == "Bearer second"
    assert api.calls[-1][3] == {"propagationPolicy": "Background", "gracePeriodSeconds": 5}
    assert api.jobs == {}


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        ({}, []),
        ({"active": 1}, []),
        ({"succeeded": 1}, [Ended(ID)]),
        (
            {
                "failed": 1,
                "conditions": [{"type": "Failed", "reason": "BackoffLimitExceeded", "message": "Job has failed"}],
            },
            [Ended(ID, "BackoffLimitExceeded: Job has failed")],
        ),
    ],
)
async def test_the_status_of_a_job_says_whether_its_worker_has_ended(
    api: ApiServer, tmp_path: Path, status: dict[str, Any], ended: list[Ended]
) -> None:
    jobs = jobs_at(api.url, tmp_path)
    handle = await jobs.start(worker())
    api.jobs["mesh", NAME]["status"] = status

    assert await jobs.ended({ID: handle}) == ended
    await jobs.close()


async def test_a_job_that_somebody_removed_has_ended(api: ApiServer, tmp_path: Path) -> None:
    jobs = jobs_at(api.url, tmp_path)
    handle = await jobs.start(worker())
    api.jobs.clear()

    assert await jobs.ended({ID: handle}) == [Ended(ID)]
    await jobs.stop(ID, handle, 1.0)
    await jobs.close()


async def test_while_the_cluster_does_not_say_nobody_has_ended(api: ApiServer, tmp_path: Path) -> None:
    jobs = jobs_at(api.url, tmp_path)
    handle = await jobs.start(worker())
    api.refuses = 503

    assert await jobs.ended({ID: handle}) == []
    await jobs.stop(ID, handle, 1.0)
    await jobs.close()


async def test_what_the_cluster_refuses_is_told(api: ApiServer, tmp_path: Path) -> None:
    jobs, api.refuses = jobs_at(api.url, tmp_path), 403

    with pytest.raises(CannotStart, match=r"403: jobs\.batch is forbidden"):
        await jobs.start(worker())
    with pytest.raises(CannotStart, match="template"):
        await jobs.start(worker(ProcessTemplate(command=["true"])))
    await jobs.close()


async def test_a_cluster_that_does_not_answer_is_told(tmp_path: Path) -> None:
    jobs = jobs_at("http://127.0.0.1:1", tmp_path)

    with pytest.raises(CannotStart, match="cannot be reached"):
        await jobs.start(worker())
    assert await jobs.ended({ID: f"mesh/{NAME}"}) == []
    await jobs.stop(ID, f"mesh/{NAME}", 1.0)
    await jobs.close()
