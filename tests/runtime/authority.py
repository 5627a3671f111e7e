"""A certificate authority of a test's own, and certificates that it signs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates; its own is ``certificate``."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder / name
        self._folder.mkdir()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        own = self._signed(self._key, self._name).add_extension(x509.BasicConstraints(True, None), critical=True)
        self.certificate = self._write("ca.pem", own.sign(self._key, hashes.SHA256()))

    def pair(self, name: str, *, address: str | None = "127.0.0.1") -> Pair:
        """Sign a certificate for that name, and for an address of the network if it is one."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        names: list[x509.GeneralName] = [x509.DNSName(name)]
        if address is not None:
            names.append(x509.IPAddress(ip_address(address)))
        made = self._signed(key, subject).add_extension(x509.SubjectAlternativeName(names), critical=False)
        file = self._folder / f"{name}.key"
        form = serialization.PrivateFormat.PKCS8
        file.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
        return Pair(self._write(f"{name}.pem", made.sign(self._key, hashes.SHA256())), file)

    def environment(self, pair: Pair) -> dict[str, str]:
        """The settings of a service that shows the certificate and believes this authority."""
        return {
            "MISTRAL_TLS_CERT": str(pair.certificate),
            "MISTRAL_TLS_KEY": str(pair.key),
            "MISTRAL_TLS_CA": str(self.certificate),
        }

    def _signed(self, key: ec.EllipticCurvePrivateKey, subject: x509.Name) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
        )

    def _write(self, name: str, certificate: x509.Certificate) -> Path:
        file = self._folder / name
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return file
