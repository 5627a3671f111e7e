"""A mesh whose services know each other by certificates, and whose callers prove who they are."""

import json
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from mistral_mesh import MeshError, MeshStatus, Plan, first_key, up_in_background
from mistral_mesh.certificates import certificates
from mistral_mesh.home import Home
from mistral_mesh.probe import serves_grpc

WORKFLOW = (
    "version: '2.0'\nhello:\n  output: {said: <% task(t).result %>}\n  tasks:\n    t: {action: std.echo output=hi}\n"
)


@pytest.fixture(scope="module")
def guarded(new_mesh: Callable[..., MeshStatus]) -> MeshStatus:
    return new_mesh(mtls=True, settings={"MISTRAL_AUTH": "api-key"})


@pytest.fixture(scope="module")
def root(guarded: MeshStatus) -> str:
    """The secret of an administrator."""
    made = first_key(Plan.read({}, home=guarded.home), ["--name", "root"])
    secret: str = made["secret"]
    return secret


def mistralctl(mesh: MeshStatus, *words: str, key: str = "") -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("mistralctl")
    environment = {"MISTRAL_GRPC_ADDRESS": mesh.grpc_address, "HOME": str(mesh.home), "PATH": "/usr/bin:/bin"}
    if key:
        environment["MISTRAL_API_KEY"] = key
    return subprocess.run([program, *words], env=environment, capture_output=True, text=True, timeout=60, check=False)


def shown(done: "subprocess.CompletedProcess[str]") -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_workflow_runs_through_all_services(guarded: MeshStatus, root: str, tmp_path: Path) -> None:
    file = tmp_path / "hello.yaml"
    file.write_text(WORKFLOW)
    assert mistralctl(guarded, "workflow", "create", str(file), key=root).returncode == 0
    ended = shown(mistralctl(guarded, "execution", "start", "hello", "--wait", "60", "-o", "json", key=root))
    assert (ended["state"], ended["output"]) == ("SUCCESS", {"said": "hi"})


def test_a_client_without_a_certificate_is_refused_by_the_services(guarded: MeshStatus) -> None:
    behind = [one for one in guarded.programs if one.name.startswith(("engine", "executor", "scheduler", "notifier"))]
    assert len(behind) == 4
    authority = (guarded.home / "tls" / "authority.pem").read_bytes()
    for program in behind:
        assert not serves_grpc(program.address)
        assert not serves_grpc(program.address, grpc.ssl_channel_credentials(authority))


def test_a_mesh_makes_its_certificates_once(guarded: MeshStatus) -> None:
    files = certificates(Home(guarded.home))
    before = {name: Path(file).read_bytes() for name, file in files.items()}
    assert {name: Path(file).read_bytes() for name, file in certificates(Home(guarded.home)).items()} == before
    assert all(Path(file).stat().st_mode & 0o077 == 0 for file in files.values())


def test_callers_need_a_key_and_the_command_line_makes_shows_and_revokes_them(guarded: MeshStatus, root: str) -> None:
    assert "Authentication required" in mistralctl(guarded, "workflow", "list").stderr
    words = ("api-key", "create", "ci", "--project", "red", "--role", "member", "--scope", "read", "--expires", "90d")
    made = shown(mistralctl(guarded, *words, "-o", "json", key=root))

    assert mistralctl(guarded, "workflow", "list", key=made["secret"]).returncode == 0
    listed = shown(mistralctl(guarded, "api-key", "list", "--for-project", "red", "-o", "json", key=root))
    assert [(one["id"], one["roles"], one["scopes"]) for one in listed] == [(made["id"], ["member"], ["READ"])]
    assert made["secret"] not in json.dumps(listed)
    refused = mistralctl(guarded, "api-key", "list", key=made["secret"])
    assert refused.returncode != 0
    assert "administrator" in refused.stderr or "policy" in refused.stderr

    revoked = mistralctl(guarded, "api-key", "revoke", made["id"], key=root)
    assert "revoked" in revoked.stdout
    assert "Auth token is invalid" in mistralctl(guarded, "workflow", "list", key=made["secret"]).stderr


def test_the_first_key_is_made_in_the_home(guarded: MeshStatus) -> None:
    made = shown(
        mistralctl(guarded, "api-key", "create", "boss", "--scope", "admin", "--home", str(guarded.home), "-o", "json")
    )
    assert made["scopes"] == ["admin"]
    assert mistralctl(guarded, "api-key", "list", key=made["secret"]).returncode == 0


def test_a_key_needs_a_mesh_that_runs(tmp_path: Path) -> None:
    with pytest.raises(MeshError, match="no mesh runs in"):
        first_key(Plan.read({}, home=tmp_path), ["--name", "root"])


def test_a_key_that_cannot_be_is_refused_in_words(guarded: MeshStatus) -> None:
    with pytest.raises(MeshError, match="The role 'admin' is had by the scope 'admin' alone"):
        first_key(Plan.read({}, home=guarded.home), ["--name", "x", "--scope", "read", "--role", "admin"])


def test_without_authentication_a_mesh_opens_itself_to_nobody_else(tmp_path: Path) -> None:
    plan = Plan.read({"MISTRAL_HOST": "0.0.0.0", "PATH": "/usr/bin:/bin"}, home=tmp_path, http_port=0, grpc_port=0)
    with pytest.raises(MeshError, match="set MISTRAL_AUTH to api-key, oidc or keystone"):
        up_in_background(plan)


def test_clients_are_shown_a_certificate_where_there_is_one(
    new_mesh: Callable[..., MeshStatus], tmp_path: Path
) -> None:
    files = certificates(Home(tmp_path))
    public = {"MISTRAL_PUBLIC_TLS_CERT": files["MISTRAL_TLS_CERT"], "MISTRAL_PUBLIC_TLS_KEY": files["MISTRAL_TLS_KEY"]}
    mesh = new_mesh(settings=public)
    trusted = ssl.create_default_context(cafile=files["MISTRAL_TLS_CA"])

    assert mesh.http_url.startswith("https://")
    for address in (mesh.http_url.removeprefix("https://"), mesh.grpc_address):
        host, _, port = address.rpartition(":")
        with trusted.wrap_socket(
            socket.create_connection((host, int(port)), timeout=10), server_hostname=host
        ) as opened:
            assert opened.version() in ("TLSv1.2", "TLSv1.3")
    assert serves_grpc(mesh.grpc_address, grpc.ssl_channel_credentials(Path(files["MISTRAL_TLS_CA"]).read_bytes()))
    assert not serves_grpc(mesh.grpc_address)
