"""What grpc-gateway passes on, how it reaches a mesh with TLS, and which settings it refuses."""

import ssl
import subprocess
from pathlib import Path

import grpc
import httpx
import pytest

from tests.clients.certificates import Authority
from tests.clients.gateway_program import PROJECT, gateway, listening
from tests.clients.toolchain import built, environment

pytestmark = pytest.mark.slow

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(scope="module", autouse=True)
def program() -> None:
    built(PROJECT)


def test_credentials_and_the_trace_reach_the_mesh_and_nothing_else_of_the_caller() -> None:
    sent = {
        "Authorization": "Bearer abc",
        "X-API-Key": "key",
        "X-Auth-Token": "token",
        "X-Project-Id": "other",
        "traceparent": TRACE,
        "tracestate": "a=b",
        "Cookie": "c=d",
        "Grpc-Metadata-X-Evil": "1",
        "X-Target-Auth-Uri": "elsewhere",
    }
    with listening() as (ears, port), gateway("-mesh", f"127.0.0.1:{port}") as program:
        httpx.get(f"http://{program.address}/v1/executions", headers=sent, trust_env=False)

    (heard,) = ears.heard
    passed = {"authorization": "Bearer abc", "x-api-key": "key", "x-auth-token": "token", "x-project-id": "other"}
    assert heard.items() >= (passed | {"traceparent": TRACE, "tracestate": "a=b"}).items()
    assert not [key for key in heard if "cookie" in key or "evil" in key or "target" in key]


def test_when_to_come_back_is_a_header_of_the_answer() -> None:
    with listening() as (_, port), gateway(MISTRAL_GRPC_GATEWAY_MESH=f"127.0.0.1:{port}") as program:
        answer = httpx.get(f"http://{program.address}/v1/executions", trust_env=False)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert answer.json()["message"] == "not now"


def test_a_mesh_with_tls_that_asks_for_a_certificate_is_reached(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.sign("mesh")
    own_certificate, own_key = authority.sign("gateway")
    pair = [(key.read_bytes(), certificate.read_bytes())]
    secured = grpc.ssl_server_credentials(pair, authority.certificate.read_bytes(), require_client_auth=True)
    trusted = ("-mesh-tls", "-mesh-ca", str(authority.certificate))
    known = ("-mesh-cert", str(own_certificate), "-mesh-key", str(own_key))
    with listening(secured) as (ears, port):
        mesh = f"127.0.0.1:{port}"
        with gateway("-mesh", mesh, *trusted, *known) as program:
            reached = httpx.get(f"http://{program.address}/v1/executions", trust_env=False)
        with gateway("-mesh", mesh, *trusted) as program:
            unknown = httpx.get(f"http://{program.address}/v1/executions", trust_env=False)

    assert reached.json()["message"] == "not now"
    assert unknown.status_code == 503
    assert len(ears.heard) == 1


def test_it_serves_https(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.sign("gateway")
    with gateway("-cert", str(certificate), "-key", str(key)) as program:
        trusted = ssl.create_default_context(cafile=authority.certificate)
        answer = httpx.get(f"https://{program.address}/openapi.json", verify=trusted, trust_env=False)

    assert answer.json()["swagger"] == "2.0"


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (["-listen", "0.0.0.0:8990"], {}, "-public"),
        (["-listen", "[::]:8990"], {}, "-public"),
        (["-listen", "8990"], {}, "-listen"),
        (["-mesh-ca", "x.pem"], {}, "-mesh-tls"),
        (["-cert", "x.pem"], {}, "-key"),
        (["elsewhere"], {}, "elsewhere"),
        ([], {"MISTRAL_GRPC_GATEWAY_DRAIN": "soon"}, "MISTRAL_GRPC_GATEWAY_DRAIN"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(arguments: list[str], variables: dict[str, str], said: str) -> None:
    command = [str(PROJECT.path / PROJECT.run[0]), *arguments]

    done = subprocess.run(
        command, env=environment() | variables, capture_output=True, text=True, timeout=30, check=False
    )

    assert done.returncode == 2
    assert said in done.stderr
