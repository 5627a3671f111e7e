"""A real Keystone vouches for callers, and OpenStack's own client works unchanged.

Keystone is not installed beside our own packages: ``.ci/run`` makes an environment of its own for it.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Any

import httpx
import pytest

from mistral_api_gateway.app import Ports
from mistral_api_gateway.settings import GatewaySettings

ROOT = Path(__file__).parents[2]
PYTHON = Path(os.environ.get("MISTRAL_TEST_KEYSTONE_PYTHON") or ROOT / ".tools" / "keystone" / "bin" / "python")
CLIENT = Path(sys.executable).parent / "mistral"
# It loads for a quarter of a minute on an idle machine.
_PATIENCE_SECONDS = 400.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason=f"there is no Keystone: {PYTHON} is missing; .ci/run installs it"),
]


@dataclass(frozen=True)
class Keystone:
    """The server, and its administrator's session."""

    url: str
    admin: httpx.Client

    def make(self, kind: str, **fields: Any) -> str:
        """Make a user, project or role and return its id."""
        answer = self.admin.post(f"/{kind}s", json={kind: fields})
        assert answer.status_code == 201, answer.text
        made: str = answer.json()[kind]["id"]
        return made

    def grant(self, user: str, project: str, role: str) -> None:
        """Give a user a role in a project."""
        (found,) = self.admin.get("/roles", params={"name": role}).json()["roles"]
        assert self.admin.put(f"/projects/{project}/users/{user}/roles/{found['id']}").status_code == 204

    def token(self, user: str, password: str, project: str | None) -> str:
        """Sign in."""
        scope = {"scope": {"project": {"name": project, "domain": {"id": "default"}}}} if project else {}
        name = {"name": user, "domain": {"id": "default"}, "password": password}
        identity = {"methods": ["password"], "password": {"user": name}}
        answer = httpx.post(f"{self.url}/auth/tokens", json={"auth": {"identity": identity, **scope}}, timeout=60)
        assert answer.status_code == 201, answer.text
        return answer.headers["X-Subject-Token"]


@pytest.fixture(scope="module")
def keystone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keystone]:
    folder = tmp_path_factory.mktemp("keystone")
    with closing(socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "output"
    script = Path(__file__).with_name("keystone_server.py")
    with log.open("wb") as output:
        command = [str(PYTHON), "-W", "ignore", str(script), str(folder), str(port)]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}/v3"
    try:
        _wait(process, url, log)
        found = Keystone(url, httpx.Client(base_url=url, timeout=60))
        found.admin.headers["X-Auth-Token"] = found.token("admin", "secret", "admin")
        yield _settled(found)
    finally:
        process.kill()
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(errors="replace")
        try:
            if httpx.get(url, timeout=60).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"Keystone does not answer: {log.read_text(errors='replace')}")


def _settled(keystone: Keystone) -> Keystone:
    """Have a user of our service, and Ada, who is a member of the project red."""
    service = keystone.make("project", name="service")
    keystone.grant(keystone.make("user", name="mistral", password="hunter2"), service, "admin")
    ada = keystone.make("user", name="ada", password="lovelace")
    keystone.grant(ada, keystone.make("project", name="red"), "member")
    return keystone


@pytest.fixture
def settings(database: str, nats: str, keystone: Keystone) -> GatewaySettings:
    return GatewaySettings.read(
        {
            "MISTRAL_DATABASE_URL": database,
            "MISTRAL_NATS_URL": nats,
            "MISTRAL_HTTP_LISTEN": "127.0.0.1:0",
            "MISTRAL_DRAIN_SECONDS": "1",
            "MISTRAL_AUTH": "keystone",
            "MISTRAL_KEYSTONE_URL": keystone.url,
            "MISTRAL_KEYSTONE_USERNAME": "mistral",
            "MISTRAL_KEYSTONE_PASSWORD": "hunter2",
            "MISTRAL_KEYSTONE_CACHE_SECONDS": "0",
        }
    )


async def test_a_token_of_keystones_is_taken_until_it_is_revoked(rest: httpx.AsyncClient, keystone: Keystone):
    token = await asyncio.to_thread(keystone.token, "ada", "lovelace", "red")
    assert (await rest.get("/v2/workflows", headers={"X-Auth-Token": token})).status_code == 200

    revoke = {"X-Auth-Token": token, "X-Subject-Token": token}
    done = await asyncio.to_thread(lambda: httpx.delete(f"{keystone.url}/auth/tokens", headers=revoke, timeout=60))
    assert done.status_code == 204
    assert (await rest.get("/v2/workflows", headers={"X-Auth-Token": token})).status_code == 401


async def test_what_is_no_token_is_401_and_one_without_a_project_too(rest: httpx.AsyncClient, keystone: Keystone):
    assert (await rest.get("/v2/workflows", headers={"X-Auth-Token": "nonsense"})).status_code == 401
    unscoped = await asyncio.to_thread(keystone.token, "ada", "lovelace", None)
    answer = await rest.get("/v2/workflows", headers={"X-Auth-Token": unscoped})
    assert (answer.status_code, "not for a project" in answer.text) == (401, True)


async def test_the_role_admin_of_keystones_sees_all_projects(
    rest: httpx.AsyncClient, keystone: Keystone, workflow_text, name
):
    ada = await asyncio.to_thread(keystone.token, "ada", "lovelace", "red")
    admin = await asyncio.to_thread(keystone.token, "admin", "secret", "admin")
    made = await rest.post("/v2/workflows", content=workflow_text(name), headers={"X-Auth-Token": ada})
    assert made.status_code == 201
    seen = await rest.get(f"/v2/workflows?all_projects=true&name={name}", headers={"X-Auth-Token": admin})
    assert [one["name"] for one in seen.json()["workflows"]] == [name]


@pytest.mark.skipif(not CLIENT.exists(), reason=f"python-mistralclient is not installed: {CLIENT} is missing")
async def test_openstacks_client_signs_in_and_works(ports: Ports, keystone: Keystone, workflow_text, name, tmp_path):
    file = tmp_path / "workflow.yaml"
    file.write_text(workflow_text(name))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "OS_AUTH_URL": keystone.url,
        "OS_USERNAME": "ada",
        "OS_PASSWORD": "lovelace",
        "OS_PROJECT_NAME": "red",
        "OS_USER_DOMAIN_NAME": "Default",
        "OS_PROJECT_DOMAIN_NAME": "Default",
        "OS_MISTRAL_URL": f"http://127.0.0.1:{ports.http}/v2",
    }

    async def run(*words: str) -> Any:
        process = await asyncio.create_subprocess_exec(
            *(str(CLIENT), *words, "-f", "json"),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, complaint = await process.communicate()
        assert process.returncode == 0, complaint.decode()
        return json.loads(output)

    (made,) = await run("workflow-create", str(file))
    (listed,) = await run("workflow-list", "--filter", f"name={name}")
    assert made["Name"] == listed["Name"] == name
    assert listed["Project ID"] not in ("", "<default-project>")
