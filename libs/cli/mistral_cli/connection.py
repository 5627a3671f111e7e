"""The way to the mesh: which address, and its services with little ceremony. The only place that speaks gRPC.

Request messages are named after their calls throughout ``mistral.v1``, so a call is made by its name and fields:
``mesh.executions.GetExecution(id=...)``. Loading gRPC takes longer than all the rest, hence only when it is needed.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from mistral_cli.errors import CommandError

DEFAULT_ADDRESS = "127.0.0.1:50051"
CALL_SECONDS = 60.0
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
_MOST_PER_PAGE = 1000


class Service:
    """One service of the mesh; its calls are its attributes, their fields the arguments."""

    def __init__(self, channel: Any, module: str, name: str) -> None:
        self._messages = import_module(f"mistral.v1.{module}_pb2")
        self._stub = getattr(import_module(f"mistral.v1.{module}_pb2_grpc"), f"{name}Stub")(channel)

    def __getattr__(self, call: str) -> Any:
        request = getattr(self._messages, f"{call}Request")
        method = getattr(self._stub, call)
        # A stream of events lasts as long as the execution does.
        seconds = None if call.startswith("Watch") else CALL_SECONDS
        return lambda **fields: method(request(**fields), timeout=fields_timeout(fields, seconds))


def fields_timeout(fields: Mapping[str, Any], seconds: float | None) -> float | None:
    """Give a call that waits on the server as much longer."""
    wait = fields.get("wait")
    return seconds if seconds is None or wait is None else seconds + wait.ToTimedelta().total_seconds()


class Mesh:
    """The services of ``mistral.v1``, each loaded when first used."""

    _SERVICES: Mapping[str, tuple[str, str]] = {
        "workflows": ("workflow_service", "WorkflowService"),
        "executions": ("execution_service", "ExecutionService"),
        "tasks": ("task_service", "TaskService"),
        "actions": ("action_execution_service", "ActionExecutionService"),
        "action_definitions": ("action_service", "ActionService"),
        "workbooks": ("workbook_service", "WorkbookService"),
        "environments": ("environment_service", "EnvironmentService"),
        "code_sources": ("code_source_service", "CodeSourceService"),
        "dynamic_actions": ("dynamic_action_service", "DynamicActionService"),
    }

    def __init__(self, channel: Any) -> None:
        self._channel = channel

    def __getattr__(self, name: str) -> Service:
        if name not in self._SERVICES:
            raise AttributeError(name)
        service = Service(self._channel, *self._SERVICES[name])
        setattr(self, name, service)
        return service


@contextmanager
def connected(address: str | None) -> Iterator[Mesh]:
    """Reach the mesh at an address, or at the one that is found."""
    import grpc

    # Name resolution and proxies of the environment are for the web, not for a mesh.
    options = (
        ("grpc.enable_http_proxy", 0),
        # A gateway that was restarted is found again at once.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 500),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    )
    where = address or found_address(os.environ)
    try:
        with grpc.insecure_channel(where, options=options) as channel:
            yield Mesh(channel)
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.UNAVAILABLE and "connect" in (error.details() or "").lower():
            raise CommandError(
                f"no mesh answers at {where}; start one with `mistralctl up`, or name another by --grpc-address"
            ) from None
        raise


def found_address(environ: Mapping[str, str]) -> str:
    """Return where the mesh of the home answers if one runs there, else the default address."""
    state = Path(environ.get("MISTRAL_HOME") or ".mistral") / "run" / "mesh.json"
    try:
        return str(json.loads(state.read_text(encoding="utf-8"))["grpc_address"])
    except (OSError, ValueError, KeyError, TypeError):
        port = environ.get("MISTRAL_GRPC_PORT")
        return f"127.0.0.1:{port}" if port else DEFAULT_ADDRESS


def listed(call: Any, field: str, *, limit: int, **fields: Any) -> Iterable[Any]:
    """Yield up to ``limit`` entries of a list call, page after page."""
    token, left = "", limit
    while left > 0:
        page = call(page_size=min(left, _MOST_PER_PAGE), page_token=token, **fields)
        entries = getattr(page, field)
        yield from entries
        left -= len(entries)
        token = page.next_page_token
        if not token:
            return
