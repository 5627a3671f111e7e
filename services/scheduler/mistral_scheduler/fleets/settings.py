"""Settings of fleets, read once from the environment of the scheduler."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from mistral_core.fleet_templates import DRIVERS
from mistral_runtime.settings import Environment, SettingError

_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """Where the cluster is.

    Attributes:
        url: Such as ``https://10.0.0.1:443``.
        token_file: Read anew for every call, because the cluster exchanges it now and then.
        ca_file: Certificate of the cluster's authority; empty for those that the system trusts.
        namespace: Where Jobs are made unless a template says otherwise.
    """

    url: str
    token_file: Path = _ACCOUNT / "token"
    ca_file: str = str(_ACCOUNT / "ca.crt")
    namespace: str = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSettings:
    """How temporary workers are started.

    Attributes:
        drivers: Which may be used; none by default, since fleets run what their templates say.
        address: ``host:port`` where workers reach the mesh.
        token: What workers show there, unless a template has ``MISTRAL_TOKEN`` of its own; empty for nothing.
        folder: Where processes have their folders.
        grace_seconds: How long a worker that shall leave may take.
        connect_seconds: A worker that is not connected for so long is given up.
        cluster: Where Jobs are made; None without the driver ``kubernetes``.
    """

    drivers: tuple[str, ...] = ()
    address: str = "127.0.0.1:50051"
    token: str = field(default="", repr=False)
    folder: Path = Path("fleets")
    grace_seconds: float = 30.0
    connect_seconds: float = 120.0
    cluster: ClusterSettings | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the ``MISTRAL_FLEET_`` variables.

        Raises:
            SettingError: If one is malformed.
        """
        env = Environment(environ)
        drivers = env.listing("MISTRAL_FLEET_DRIVERS", ())
        for driver in drivers:
            if driver not in DRIVERS:
                raise SettingError("MISTRAL_FLEET_DRIVERS", driver, f"some of {', '.join(DRIVERS)}")
        return cls(
            drivers=drivers,
            address=env.text("MISTRAL_FLEET_GRPC", "127.0.0.1:50051"),
            token=env.text("MISTRAL_FLEET_TOKEN", ""),
            folder=Path(env.text("MISTRAL_FLEET_FOLDER", "fleets")),
            grace_seconds=env.number("MISTRAL_FLEET_GRACE_SECONDS", 30.0, minimum=0.0),
            connect_seconds=env.number("MISTRAL_FLEET_CONNECT_SECONDS", 120.0, minimum=1.0),
            cluster=_cluster(env, environ) if "kubernetes" in drivers else None,
        )


def _cluster(env: Environment, environ: Mapping[str, str]) -> ClusterSettings:
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "443")
    usual = ClusterSettings(url=f"https://{host}:{port}" if host else "")
    url = env.text("MISTRAL_FLEET_KUBERNETES_URL", usual.url)
    if not url:
        raise SettingError("MISTRAL_FLEET_KUBERNETES_URL", None, "set outside of a cluster")
    return ClusterSettings(
        url=url,
        token_file=Path(env.text("MISTRAL_FLEET_KUBERNETES_TOKEN_FILE", str(usual.token_file))),
        ca_file=env.text("MISTRAL_FLEET_KUBERNETES_CA_FILE", usual.ca_file),
        namespace=env.text("MISTRAL_FLEET_KUBERNETES_NAMESPACE", usual.namespace),
    )
