"""Certificates of a service: what it shows, whom it believes. Read once; new ones are taken up by a restart."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import grpc

from mistral_runtime.setting_error import SettingError

_BETWEEN: Final = "MISTRAL_TLS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """A certificate with its key, in PEM.

    Attributes:
        certificate_file: Of the certificate, with those between it and the authority after it.
        ca: Certificates of the authorities whose certificates are believed; None asks nobody for one.
        name: Name that certificates of other services must bear; empty for the host that was called.
    """

    certificate_file: str
    key_file: str
    certificate: bytes = field(repr=False)
    key: bytes = field(repr=False)
    ca: bytes | None = field(default=None, repr=False)
    name: str = ""

    @classmethod
    def between_services(cls, environ: Mapping[str, str]) -> Self | None:
        """Read ``MISTRAL_TLS_CERT``, ``_KEY``, ``_CA`` and ``_NAME``; None if none is set.

        Raises:
            SettingError: If one of the first three is missing, or is no file of what it should be.
        """
        files = {name: environ.get(f"{_BETWEEN}_{name}", "").strip() for name in ("CERT", "KEY", "CA")}
        if not any(files.values()):
            return None
        for name, file in files.items():
            if not file:
                raise SettingError(
                    f"{_BETWEEN}_{name}", None, "set when services shall know each other by certificates"
                )
        _check_authorities(files["CA"])
        found = cls.of_files(_BETWEEN, files["CERT"], files["KEY"])
        return cls(
            certificate_file=found.certificate_file,
            key_file=found.key_file,
            certificate=found.certificate,
            key=found.key,
            ca=Path(files["CA"]).read_bytes(),
            name=environ.get(f"{_BETWEEN}_NAME", "").strip(),
        )

    @classmethod
    def public(cls, environ: Mapping[str, str]) -> Self | None:
        """Read ``MISTRAL_PUBLIC_TLS_CERT`` and ``_KEY``, which clients are shown; None if neither is set.

        Raises:
            SettingError: If only one is set, or is no file of what it should be.
        """
        prefix = "MISTRAL_PUBLIC_TLS"
        certificate, key = (environ.get(f"{prefix}_{name}", "").strip() for name in ("CERT", "KEY"))
        if not certificate and not key:
            return None
        if not certificate or not key:
            raise SettingError(f"{prefix}_{'KEY' if certificate else 'CERT'}", None, "set when the other is")
        return cls.of_files(prefix, certificate, key)

    @classmethod
    def of_files(cls, prefix: str, certificate: str, key: str) -> Self:
        """Read a certificate and its key. Raises SettingError, with the names that begin so, if they are none."""
        try:
            # Without a password: a service has nobody to ask for it.
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, password="")
        except (OSError, ValueError) as error:
            expected = f"a certificate in PEM that fits the key of {prefix}_KEY, {key!r} ({_why(error)})"
            raise SettingError(f"{prefix}_CERT", certificate, expected) from None
        return cls(
            certificate_file=certificate,
            key_file=key,
            certificate=Path(certificate).read_bytes(),
            key=Path(key).read_bytes(),
        )

    def for_server(self) -> grpc.ServerCredentials:
        """What a server shows; with authorities, clients must show a certificate of theirs."""
        return grpc.ssl_server_credentials(
            [(self.key, self.certificate)], root_certificates=self.ca, require_client_auth=self.ca is not None
        )

    def for_channel(self) -> grpc.ChannelCredentials:
        """What a channel shows, and whom it believes."""
        return grpc.ssl_channel_credentials(self.ca, self.key, self.certificate)


def _check_authorities(file: str) -> None:
    try:
        ssl.create_default_context().load_verify_locations(cafile=file)
    except (OSError, ValueError) as error:
        raise SettingError(f"{_BETWEEN}_CA", file, f"a file of certificates in PEM ({_why(error)})") from None


def _why(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
