"""Certificates by which the services of one home know each other: made once, and anew before they end.

The key of the authority is thrown away as soon as it has signed the one certificate that all services of the home
share, so nobody can ever get another.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mistral_mesh.home import Home
from mistral_mesh.program import write_whole

_DAYS: Final = 825
_RENEW_DAYS: Final = 60
_NAMES: Final = (x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1")), x509.IPAddress(ip_address("::1")))


def certificates(home: Home) -> Mapping[str, str]:
    """Return the settings of services that show the home's certificate and believe no other."""
    folder = home.path / "tls"
    files = {"CERT": folder / "service.pem", "KEY": folder / "service.key", "CA": folder / "authority.pem"}
    if not all(file.exists() for file in files.values()) or _ends_soon(files["CERT"]):
        folder.mkdir(mode=0o700, exist_ok=True)
        _make(files)
    return {f"MISTRAL_TLS_{name}": str(file) for name, file in files.items()}


def _ends_soon(file: Path) -> bool:
    ends = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
    return ends - datetime.now(UTC) < timedelta(days=_RENEW_DAYS)


def _make(files: Mapping[str, Path]) -> None:
    authority, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mistral mesh")])
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mistral service")])
    root = _begun(authority, issuer, issuer).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    leaf = _begun(own, subject, issuer).add_extension(x509.SubjectAlternativeName(_NAMES), critical=False)
    form = serialization.PrivateFormat.PKCS8
    _write(files["KEY"], own.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    for name, certificate in (("CERT", leaf), ("CA", root)):
        made = certificate.sign(authority, hashes.SHA256())
        _write(files[name], made.public_bytes(serialization.Encoding.PEM))


def _begun(key: ec.EllipticCurvePrivateKey, subject: x509.Name, issuer: x509.Name) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
    )


def _write(file: Path, text: bytes) -> None:
    write_whole(file, text.decode("ascii"))
