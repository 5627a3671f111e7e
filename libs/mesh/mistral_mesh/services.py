"""The services as programs: which process gets which addresses and settings. The only place that knows all five."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mistral_mesh.certificates import certificates
from mistral_mesh.errors import MeshError
from mistral_mesh.plan import Plan
from mistral_mesh.ports import free_port
from mistral_mesh.probe import listens, serves_grpc, serves_http
from mistral_mesh.program import Program
from mistral_runtime.settings import SettingError
from mistral_runtime.tls import Tls

_LOOPBACK = "127.0.0.1"
_WITHOUT_DATABASE = frozenset({"executor"})


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where each replica listens: service to ``host:port``, in the order of the replicas."""

    by_service: Mapping[str, tuple[str, ...]]
    http: str
    grpc: str

    @classmethod
    def choose(cls, plan: Plan) -> "Addresses":
        """Pick a free port for everything that has none by the plan."""
        counts = {
            "engine": plan.engines,
            "executor": plan.executors,
            "scheduler": plan.schedulers,
            "notifier": plan.notifiers,
        }
        return cls(
            {
                service: tuple(f"{_LOOPBACK}:{free_port()}" for _ in range(replicas))
                for service, replicas in counts.items()
            },
            http=f"{plan.host}:{plan.http_port or free_port(plan.host)}",
            grpc=f"{plan.host}:{plan.grpc_port or free_port(plan.host)}",
        )

    def environment(self) -> dict[str, str]:
        """Tell every service where the others are."""
        return {f"MISTRAL_{name.upper()}_ADDRESSES": ",".join(all_) for name, all_ in self.by_service.items()}


def services(plan: Plan, addresses: Addresses, *, database_url: str, nats_url: str) -> Iterator[Program]:
    """Yield every replica, those that others call first and the gateways last."""
    shared = {
        **plan.environment,
        **addresses.environment(),
        "MISTRAL_HOME": str(plan.home),
        "MISTRAL_DATABASE_URL": database_url,
        "MISTRAL_NATS_URL": nats_url,
        "MISTRAL_FLEET_GRPC": plan.environment.get("MISTRAL_FLEET_GRPC") or reachable(addresses.grpc),
        "MISTRAL_FLEET_FOLDER": str(plan.home / "fleets"),
        "PYTHONUNBUFFERED": "1",
        **(certificates(plan.folders) if plan.mtls else {}),
    }
    try:
        shown = Tls.between_services(shared)
    except SettingError as error:
        raise MeshError(str(error)) from None
    for service, replicas in addresses.by_service.items():
        for number, address in enumerate(replicas):
            own = {"MISTRAL_LISTEN": address}
            yield _program(plan, service, number, {**shared, **own}, address, _grpc_check(address, shown))
    for number in range(plan.gateways):
        yield _gateway(plan, number, shared, addresses)


def _gateway(plan: Plan, number: int, shared: Mapping[str, str], addresses: Addresses) -> Program:
    """Replicas share the public ports, and the system spreads the connections over those that live."""
    own = {
        "MISTRAL_LISTEN": addresses.grpc,
        "MISTRAL_GRPC_LISTEN": addresses.grpc,
        "MISTRAL_HTTP_LISTEN": addresses.http,
    }
    grpc_address = reachable(addresses.grpc)
    # Who signed what clients are shown is for them to know.
    serves = _grpc_check(grpc_address, None) if scheme(plan) == "http" else lambda: listens(grpc_address)
    url = f"{scheme(plan)}://{reachable(addresses.http)}/healthz"
    return _program(
        plan, "api_gateway", number, {**shared, **own}, addresses.http, lambda: serves_http(url) and serves()
    )


def _program(
    plan: Plan,
    service: str,
    number: int,
    environment: Mapping[str, str],
    address: str,
    is_well: Callable[[], bool],
) -> Program:
    name = f"{service}-{number}"
    metrics = free_port()
    own = {"MISTRAL_SERVICE_NAME": name, "MISTRAL_METRICS_PORT": str(metrics)}
    kept = {**environment, **own}
    if service in _WITHOUT_DATABASE:
        del kept["MISTRAL_DATABASE_URL"]
    return Program(
        name=name,
        command=(sys.executable, "-m", f"mistral_{service}"),
        environment=kept,
        log=plan.folders.log_file(name),
        pid_file=plan.folders.pid_file(name),
        is_well=is_well,
        address=address,
        metrics=f"{_LOOPBACK}:{metrics}",
    )


def _grpc_check(address: str, shown: Tls | None) -> Callable[[], bool]:
    credentials = shown.for_channel() if shown is not None else None
    return lambda: serves_grpc(address, credentials)


def scheme(plan: Plan) -> str:
    """Return how clients reach REST: ``https`` when the gateway has a certificate to show them."""
    return "https" if plan.environment.get("MISTRAL_PUBLIC_TLS_CERT") else "http"


def reachable(address: str) -> str:
    """Return where a client on this machine reaches what listens at an address, which may be all of them."""
    host, _, port = address.rpartition(":")
    return f"{_LOOPBACK if host in ('0.0.0.0', '[::]', '::', '') else host}:{port}"
