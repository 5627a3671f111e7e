"""Workers and clients at a mesh that asks who they are, over TLS."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mistral_mesh import MeshStatus
from mistral_sdk import TLS, Client, Worker, WorkerRefused, action
from mistral_sdk.client import Unauthenticated
from tests.clients.certificates import Authority

SECONDS = 60
WORKFLOW = """
version: '2.0'
guarded:
  output: {said: <% task(t).result %>}
  tasks:
    t: {action: guarded.say}
"""


@dataclass(frozen=True)
class Guarded:
    address: str
    key: str
    tls: TLS


@pytest.fixture(scope="module")
def guarded(new_mesh: Callable[..., MeshStatus], tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    """A mesh with authentication and TLS, and a key of an administrator."""
    authority = Authority(tmp_path_factory.mktemp("certificates"))
    certificate, secret = authority.sign("gateway")
    settings = {
        "MISTRAL_AUTH": "api-key",
        "MISTRAL_PUBLIC_TLS_CERT": str(certificate),
        "MISTRAL_PUBLIC_TLS_KEY": str(secret),
    }
    mesh = new_mesh(settings=settings)
    command = [sys.executable, "-m", "mistral_cli", "api-key", "create", "root", "--scope", "admin"]
    made = subprocess.run(
        [*command, "--home", str(mesh.home), "-o", "json"], capture_output=True, text=True, check=True
    )
    return Guarded(mesh.grpc_address, json.loads(made.stdout)["secret"], TLS(ca=authority.certificate))


@action("guarded.say")
def say() -> str:
    return "hello"


def test_a_worker_with_a_key_is_let_in(guarded: Guarded) -> None:
    with (
        Worker(guarded.address, actions=[say], token=guarded.key, tls=guarded.tls).background(),
        Client(guarded.address, token=lambda: guarded.key, tls=guarded.tls) as client,
    ):
        client.upload(WORKFLOW)
        assert client.run("guarded", timeout=SECONDS) == {"said": "hello"}


@pytest.mark.parametrize("token", ["", "mistral_wrong"])
def test_a_worker_without_a_key_is_told_and_does_not_try_again(
    guarded: Guarded, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "mistral_sdk")
    worker = Worker(guarded.address, actions=[say], token=token, tls=guarded.tls)
    with pytest.raises(WorkerRefused, match="UNAUTHENTICATED"):
        worker.run()
    assert "mistral_wrong" not in caplog.text
    assert "mistral_wrong" not in repr(worker.connection)


async def test_a_token_that_becomes_valid_is_asked_for_again(guarded: Guarded) -> None:
    tokens = iter(["mistral_expired", "mistral_expired"])
    worker = Worker(guarded.address, actions=[say], token=lambda: next(tokens, guarded.key), tls=guarded.tls)
    serving = asyncio.create_task(worker.serve())
    assert await asyncio.to_thread(worker.wait_ready, SECONDS)
    worker.stop()
    await serving


def test_a_client_without_a_key_is_told_so(guarded: Guarded) -> None:
    with Client(guarded.address, tls=guarded.tls) as client, pytest.raises(Unauthenticated):
        client.get("x")


def test_files_and_keys_come_from_the_environment(guarded: Guarded, tmp_path: Path) -> None:
    variables = {
        "MISTRAL_GRPC_ADDRESS": guarded.address,
        "MISTRAL_API_KEY": guarded.key,
        "MISTRAL_TLS_CA": str(guarded.tls.ca),
    }
    program = "from mistral_sdk import Client\nwith Client() as c: print(c.run_action('std.echo', {'output': 'ok'}))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MISTRAL_")}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=environment | variables,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert ended.stdout.strip() == "ok", ended.stderr
