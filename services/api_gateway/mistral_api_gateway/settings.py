"""Settings of the gateway, read once from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import msgspec

from mistral_api_gateway.access.gate_settings import GateSettings
from mistral_api_gateway.access.settings import AccessSettings
from mistral_runtime.expressions import ExpressionSettings
from mistral_runtime.settings import Environment, ServiceSettings
from mistral_runtime.tls import Tls

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """What the gateway needs to know.

    Attributes:
        service: What every service has; ``listen`` is the address of the public gRPC server.
        http_listen: ``host:port`` of REST; port 0 lets the system choose.
        engines: Addresses of the engines, with commas between; empty answers reads only.
        executors: Addresses of the executors, likewise; empty knows no built-in actions.
        body_limit: Largest request body over HTTP, in bytes.
        connection_limit: Most HTTP connections and requests at once; past it the answer is 503.
        pool_size: Most connections to Postgres, beside those for lists.
        list_pool_size: Most connections to Postgres for lists; so many are read at once.
        list_seconds: How long a list may take to be found; longer ones are refused.
        expressions: What is allowed in expressions; definitions are checked by it.
        info_file: File of JSON that ``/info`` answers with; empty refuses it.
        deletes_actions: Whether the runs of actions that were run on their own may be deleted.
        dynamic: Whether there are actions of uploaded code.
        access: How callers prove who they are.
        public_tls: What clients of REST and gRPC are shown; None serves both in clear text.
        gate: What they may do, and whether it is written down.
    """

    service: ServiceSettings
    http_listen: str = "127.0.0.1:8989"
    engines: str = ""
    executors: str = ""
    body_limit: int = 8 * MEBIBYTE
    connection_limit: int = 4096
    pool_size: int = 8
    list_pool_size: int = 4
    list_seconds: float = 10.0
    expressions: ExpressionSettings = field(default_factory=ExpressionSettings)
    info_file: str = ""
    deletes_actions: bool = False
    dynamic: bool = False
    access: AccessSettings = field(default_factory=AccessSettings)
    public_tls: Tls | None = None
    gate: GateSettings = field(default_factory=GateSettings)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the ``MISTRAL_`` variables.

        Raises:
            SettingError: If a variable is missing or malformed.
        """
        env = Environment(environ)
        service = ServiceSettings.read(environ, service="api_gateway")
        access = AccessSettings.read(environ)
        return cls(
            service=replace(service, listen=env.address("MISTRAL_GRPC_LISTEN", service.listen)),
            http_listen=env.address("MISTRAL_HTTP_LISTEN", "127.0.0.1:8989"),
            engines=env.text("MISTRAL_ENGINE_ADDRESSES", ""),
            executors=env.text("MISTRAL_EXECUTOR_ADDRESSES", ""),
            body_limit=env.integer("MISTRAL_HTTP_BODY_LIMIT", 8 * MEBIBYTE, minimum=1024, maximum=15 * MEBIBYTE),
            connection_limit=env.integer("MISTRAL_HTTP_CONNECTION_LIMIT", 4096, minimum=1),
            dynamic=env.flag("MISTRAL_DYNAMIC_ACTIONS", False),
            pool_size=env.integer("MISTRAL_GATEWAY_POOL_SIZE", 8, minimum=2),
            list_pool_size=env.integer("MISTRAL_GATEWAY_LIST_POOL_SIZE", 4, minimum=1),
            list_seconds=env.number("MISTRAL_LIST_SECONDS", 10.0, minimum=0.1),
            expressions=ExpressionSettings.read(environ),
            info_file=env.text("MISTRAL_INFO_FILE", ""),
            deletes_actions=env.flag("MISTRAL_ALLOW_ACTION_EXECUTION_DELETION", False),
            access=access,
            public_tls=Tls.public(environ),
            gate=GateSettings.read(environ, identified=access.on),
        )

    @property
    def database_url(self) -> str:
        """The DSN; the gateway cannot do without one."""
        if self.service.database_url is None:
            raise ValueError("MISTRAL_DATABASE_URL must be set for the gateway")
        return self.service.database_url

    @property
    def info(self) -> bytes | None:
        """What ``/info`` answers.

        Raises:
            ValueError: If the file cannot be read or is not JSON.
        """
        if not self.info_file:
            return None
        try:
            text = Path(self.info_file).read_bytes()
            msgspec.json.decode(text)
        except (OSError, msgspec.DecodeError) as error:
            raise ValueError(f"MISTRAL_INFO_FILE: {self.info_file} must be a file of JSON: {error}") from None
        return text
