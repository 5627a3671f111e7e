"""A mesh behind TLS: contexts name whom to trust, and who is not trusted is not talked to."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certificate() -> tuple[bytes, bytes]:
    """Return a key and a certificate that it signed itself, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mesh")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    written = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return written, made.public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a server with TLS that knows no call at all; its certificate is in ``ca.pem``."""
    key, made = certificate()
    (tmp_path / "ca.pem").write_bytes(made)
    running = grpc.server(ThreadPoolExecutor(1))
    port = running.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, made)]))
    running.start()
    yield f"127.0.0.1:{port}"
    running.stop(None)


def test_a_context_says_whom_to_trust(mistralctl: Callable, server: str, tmp_path: Path) -> None:
    around = {"MISTRAL_CONFIG": str(tmp_path / "config.toml")}
    mistralctl("config", "set", "trusting", f"grpc_address={server}", f"tls_ca={tmp_path / 'ca.pem'}", **around)
    mistralctl("config", "set", "wary", f"grpc_address={server}", "tls=true", **around)

    trusted = mistralctl("workflow", "list", "--context", "trusting", **around)
    stranger = mistralctl("workflow", "list", "--context", "wary", **around)

    assert trusted.code == stranger.code == 1
    assert trusted.err.startswith("error: the mesh does not know this call: ")
    assert stranger.err.startswith(f"error: {server} did not prove by a trusted certificate that it is a mesh\n")


def test_a_file_that_is_not_there_is_named(mistralctl: Callable, tmp_path: Path) -> None:
    around = {"MISTRAL_CONFIG": str(tmp_path / "config.toml")}
    mistralctl("config", "set", "broken", "grpc_address=127.0.0.1:1", "tls_ca=gone.pem", **around)

    ended = mistralctl("workflow", "list", **around)

    assert (ended.code, ended.err) == (1, "error: gone.pem: No such file or directory\n")
