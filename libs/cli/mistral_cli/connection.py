"""The way to the mesh: which address, and its services with little ceremony. The only place that speaks gRPC.

A call is made by its name and the fields of its request: ``mesh.executions.GetExecution(id=...)``. Loading gRPC takes
longer than all the rest, hence only when it is needed.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from mistral_cli import contexts
from mistral_cli.errors import CommandError, code_name
from mistral_cli.surroundings import current

DEFAULT_ADDRESS = "127.0.0.1:50051"
CALL_SECONDS = 60.0
# Streams that last as long as what they tell of.
_ENDLESS = ("Watch", "Bulk")
MAX_MESSAGE_BYTES = 16 * 1024 * 1024


class Call:
    """One call of a service: give it the fields of its request. ``knows`` says which there are."""

    def __init__(self, method: Any, request: Any, *, endless: bool, metadata: tuple[tuple[str, str], ...]) -> None:
        self._method = method
        self._request = request
        self._endless = endless
        self._metadata = metadata

    def knows(self, field: str) -> bool:
        return field in self._request.DESCRIPTOR.fields_by_name

    def __call__(self, **fields: Any) -> Any:
        return self._method(self._request(**fields), timeout=self._seconds(fields), metadata=self._metadata)

    def lasting(self, seconds: float | None, fields: Mapping[str, Any]) -> Any:
        """Make the call, which may take so long; None for ever."""
        return self._method(self._request(**fields), timeout=seconds, metadata=self._metadata)

    def _seconds(self, fields: Mapping[str, Any]) -> float | None:
        """A call that waits on the server gets as much longer."""
        if self._endless:
            return None
        seconds = current().timeout or CALL_SECONDS
        wait = fields.get("wait")
        return seconds if wait is None else seconds + float(wait.ToTimedelta().total_seconds())


class Service:
    """One service of the mesh; its calls are its attributes."""

    def __init__(self, channel: Any, module: str, name: str, metadata: tuple[tuple[str, str], ...]) -> None:
        self._calls = import_module(f"mistral.v1.{module}_pb2").DESCRIPTOR.services_by_name[name].methods_by_name
        self._stub = getattr(import_module(f"mistral.v1.{module}_pb2_grpc"), f"{name}Stub")(channel)
        self._metadata = metadata

    def __getattr__(self, call: str) -> Call:
        from google.protobuf.message_factory import GetMessageClass

        if call.startswith("_") or call not in self._calls:
            raise AttributeError(call)
        request = GetMessageClass(self._calls[call].input_type)
        return Call(getattr(self._stub, call), request, endless=call.startswith(_ENDLESS), metadata=self._metadata)


class Mesh:
    """The services of ``mistral.v1``, each loaded when first used.

    ``mesh.action_definitions`` and ``mesh.actions`` are named by hand, any other after itself:
    ``CronTriggerService`` is ``mesh.cron_triggers``.
    """

    _SERVICES: Mapping[str, str] = {"actions": "action_execution", "action_definitions": "action"}

    def __init__(self, channel: Any, metadata: tuple[tuple[str, str], ...] = ()) -> None:
        self._channel = channel
        self._metadata = metadata

    def __getattr__(self, name: str) -> Service:
        if name.startswith("_"):
            raise AttributeError(name)
        stem = self._SERVICES.get(name, name.removesuffix("s"))
        kind = "".join(part.capitalize() for part in stem.split("_"))
        service = Service(self._channel, f"{stem}_service", f"{kind}Service", self._metadata)
        setattr(self, name, service)
        return service


@contextmanager
def connected(address: str | None = None) -> Iterator[Mesh]:
    """Reach the mesh at an address, or at the one that the surroundings name."""
    # Its own lines about connections are not for people; what is wrong is told by us.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    import grpc

    said = current()
    context = contexts.read(contexts.path()).chosen(said.context)
    where = address or said.grpc_address or found_address(os.environ, context)
    try:
        with _channel(where, context) as channel:
            key, project = said.api_key or context.get("api_key"), said.project or context.get("project")
            yield Mesh(channel, _metadata(key, project))
    except grpc.RpcError as error:
        unreached = _unreached(where, error.details() or "") if code_name(error) == "UNAVAILABLE" else None
        if unreached is None:
            raise
        raise unreached from None


def _unreached(where: str, details: str) -> CommandError | None:
    details = details.lower()
    if "handshake" in details or "certificate" in details:
        hint = "a context names whom to trust: `mistralctl config set NAME tls_ca=FILE`"
        return CommandError(f"{where} did not prove by a trusted certificate that it is a mesh", hint=hint)
    if "connect" not in details:
        return None
    return CommandError(
        f"no mesh answers at {where}; start one with `mistralctl up`, or name another by --grpc-address"
    )


def _channel(where: str, context: Mapping[str, str]) -> Any:
    import grpc

    # Name resolution and proxies of the environment are for the web, not for a mesh.
    options = (
        ("grpc.enable_http_proxy", 0),
        # A gateway that was restarted is found again at once.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 3_000),
        ("grpc.max_reconnect_backoff_ms", 500),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    )
    if context.get("tls", "").lower() != "true" and not context.get("tls_ca"):
        return grpc.insecure_channel(where, options=options)
    ca, key, certificate = (_bytes(context.get(name)) for name in ("tls_ca", "tls_key", "tls_cert"))
    return grpc.secure_channel(where, grpc.ssl_channel_credentials(ca, key, certificate), options=options)


def _bytes(file: str | None) -> bytes | None:
    return Path(file).expanduser().read_bytes() if file else None


def _metadata(key: str | None, project: str | None) -> tuple[tuple[str, str], ...]:
    found = []
    if key:
        found.append(("authorization", f"Bearer {key}"))
    if project:
        found.append(("x-project-id", project))
    return tuple(found)


def found_address(environ: Mapping[str, str], context: Mapping[str, str] | None = None) -> str:
    """Return what the variables say, else the context, else where a mesh of this folder answers, else the default."""
    if environ.get("MISTRAL_HOME") and (running := _of_home(environ["MISTRAL_HOME"])):
        return running
    if port := environ.get("MISTRAL_GRPC_PORT"):
        return f"127.0.0.1:{port}"
    return (context or {}).get("grpc_address") or _of_home(".mistral") or DEFAULT_ADDRESS


def _of_home(home: str) -> str | None:
    try:
        return str(json.loads((Path(home) / "run" / "mesh.json").read_text(encoding="utf-8"))["grpc_address"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
