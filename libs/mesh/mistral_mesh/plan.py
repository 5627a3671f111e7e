"""What a mesh should be: how many of each service, on which ports, with which servers. Read once, then passed on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mistral_mesh.errors import MeshError
from mistral_mesh.home import Home

_DEFAULT_HOME = ".mistral"
_COUNTED = ("gateways", "engines", "executors", "schedulers", "notifiers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One mesh on this machine.

    Attributes:
        http_port: Of the REST API; 0 picks a free one.
        grpc_port: Of the public gRPC API; 0 picks a free one.
        host: Where the public ports listen; everything else stays on loopback.
        database_url: None starts the embedded Postgres.
        nats_url: None starts the embedded NATS.
        mtls: Whether the services know each other by certificates of the home's own.
        environment: What the services inherit.
    """

    home: Path
    gateways: int = 1
    engines: int = 1
    executors: int = 1
    schedulers: int = 1
    notifiers: int = 1
    http_port: int = 8989
    grpc_port: int = 50051
    host: str = "127.0.0.1"
    database_url: str | None = field(default=None, repr=False)
    nats_url: str | None = field(default=None, repr=False)
    mtls: bool = False
    environment: Mapping[str, str] = field(repr=False)

    @classmethod
    def read(
        cls, environ: Mapping[str, str], *, home: str | Path | None = None, mtls: bool = False, **options: int | None
    ) -> "Plan":
        """Take each setting from the arguments, else from the environment, else the default.

        Args:
            environ: Of the process; passed on to the services.
            home: Wins over ``MISTRAL_HOME``.
            mtls: As the attribute.
            options: ``gateways`` to ``notifiers``, ``http_port``, ``grpc_port``; None is not given.

        Raises:
            MeshError: If a number is none, or out of range.
        """
        given = {name: value for name, value in options.items() if value is not None}
        for name in ("http_port", "grpc_port"):
            if name not in given and (text := environ.get(f"MISTRAL_{name.upper()}")):
                given[name] = _port(f"MISTRAL_{name.upper()}", text)
        for name in _COUNTED:
            if given.get(name, 1) < 1:
                raise MeshError(f"--{name} {given[name]}: at least one is needed")
        return cls(
            home=Path(home or environ.get("MISTRAL_HOME") or _DEFAULT_HOME).expanduser().absolute(),
            host=environ.get("MISTRAL_HOST") or "127.0.0.1",
            database_url=environ.get("MISTRAL_DATABASE_URL") or None,
            nats_url=environ.get("MISTRAL_NATS_URL") or None,
            mtls=mtls,
            environment=dict(environ),
            **given,
        )

    @property
    def folders(self) -> Home:
        """The home with its paths."""
        return Home(self.home)


def _port(name: str, text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise MeshError(f"{name}={text!r}: a port between 0 and 65535 is needed")
    return int(text)
