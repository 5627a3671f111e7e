"""How the mesh is reached: address, TLS, who one is. The same for workers and clients."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import grpc.aio

Token: TypeAlias = str | Callable[[], str]
"""An API key or a token; or what returns one, asked for each connection and call, for tokens that change."""

DEFAULT_ADDRESS = "127.0.0.1:50051"
MOST_MESSAGE_BYTES = 64 * 1024 * 1024
_LOOPBACK = ("127.", "localhost", "[::1]", "unix:")


@dataclass(frozen=True, slots=True, kw_only=True)
class TLS:
    """How a connection is encrypted; files in PEM.

    Attributes:
        ca: Authorities that the server's certificate must come from; empty for those of the system.
        cert: Certificate to show, for mutual TLS, with its ``key``.
        server_name: Name that the server's certificate must bear, when it is not in the address.
    """

    ca: str | os.PathLike[str] = ""
    cert: str | os.PathLike[str] = ""
    key: str | os.PathLike[str] = ""
    server_name: str = ""

    def credentials(self) -> grpc.ChannelCredentials:
        """Read the files, which may have been renewed since the last time."""
        return grpc.ssl_channel_credentials(_content(self.ca), _content(self.key), _content(self.cert))


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where the mesh is and who one is there; tokens stay out of its text form."""

    address: str
    token: Token = ""
    project: str = ""
    tls: TLS | None = None
    options: tuple[tuple[str, Any], ...] = ()

    def __repr__(self) -> str:
        return f"Connection({self.address}{', with TLS' if self.tls else ''}{', with a token' if self.token else ''})"

    @classmethod
    def to(
        cls,
        address: str = "",
        *,
        token: Token = "",
        project: str = "",
        tls: TLS | bool | None = None,
        options: Sequence[tuple[str, Any]] = (),
        environment: Mapping[str, str] = os.environ,
    ) -> "Connection":
        """Fill in from the environment what is not given: ``MISTRAL_GRPC_ADDRESS`` and the others."""
        found = environment.get
        if tls is None and (found("MISTRAL_TLS_CA") or found("MISTRAL_TLS_CERT") or found("MISTRAL_TLS") == "1"):
            tls = True
        if tls is True:
            names = {name: found(f"MISTRAL_TLS_{name.upper()}", "") for name in ("ca", "cert", "key")}
            tls = TLS(**names, server_name=found("MISTRAL_TLS_NAME", ""))
        return cls(
            address=address or found("MISTRAL_GRPC_ADDRESS") or found("MISTRAL_GRPC") or DEFAULT_ADDRESS,
            token=token or found("MISTRAL_TOKEN") or found("MISTRAL_API_KEY") or "",
            project=project or found("MISTRAL_PROJECT") or "",
            tls=tls or None,
            options=tuple(options),
        )

    def channel(self) -> grpc.Channel:
        """Open a channel for threads, with a connection of its own."""
        if self.tls is None:
            return grpc.insecure_channel(self.address, self.channel_options())
        return grpc.secure_channel(self.address, self.tls.credentials(), self.channel_options())

    def async_channel(self) -> grpc.aio.Channel:
        """Open a channel for the running loop."""
        if self.tls is None:
            return grpc.aio.insecure_channel(self.address, self.channel_options())
        return grpc.aio.secure_channel(self.address, self.tls.credentials(), self.channel_options())

    def channel_options(self) -> list[tuple[str, Any]]:
        """Return the options of gRPC; those given come last, so they count."""
        options: list[tuple[str, Any]] = [
            ("grpc.max_receive_message_length", MOST_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MOST_MESSAGE_BYTES),
            # A peer that vanished is noticed within the lease, also when there is nothing to say.
            ("grpc.keepalive_time_ms", 20_000),
            ("grpc.keepalive_timeout_ms", 5_000),
            ("grpc.http2.max_pings_without_data", 0),
            # A channel that failed must not hold up the next one, which has a backoff of its own.
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 5_000),
        ]
        if self.address.startswith(_LOOPBACK):
            options.append(("grpc.enable_http_proxy", 0))
        if self.tls is not None and self.tls.server_name:
            options.append(("grpc.ssl_target_name_override", self.tls.server_name))
        return [*options, *self.options]

    def metadata(self) -> list[tuple[str, str]]:
        """Return who one is, as it is sent along with a call."""
        token = self.token() if callable(self.token) else self.token
        told = [("authorization", f"Bearer {token}")] if token else []
        return [*told, ("x-project-id", self.project)] if self.project else told


def _content(path: str | os.PathLike[str]) -> bytes | None:
    return Path(path).read_bytes() if path else None
