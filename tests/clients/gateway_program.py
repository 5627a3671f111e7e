"""The built grpc-gateway as a process, and ears: a gRPC server that remembers the metadata of what it is asked."""

import json
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
from google.protobuf.any_pb2 import Any
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from tests.clients.toolchain import Project, environment

STOP_SECONDS = 30
PROJECT = Project("deploy/grpc-gateway", ("bin/grpc-gateway",), (("go", (1, 26)),))


@dataclass(frozen=True, slots=True)
class Program:
    """A running grpc-gateway."""

    process: subprocess.Popen[str]
    address: str

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=STOP_SECONDS)


@contextmanager
def gateway(*arguments: str, **variables: str) -> Iterator[Program]:
    """Run it on a free port; it is built already."""
    process = subprocess.Popen(
        [str(PROJECT.path / PROJECT.run[0]), "-listen", "127.0.0.1:0", *arguments],
        env=environment() | variables,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        yield Program(process, json.loads(said)["address"])
    finally:
        process.kill()
        process.communicate(timeout=STOP_SECONDS)


@dataclass(slots=True)
class Ears(grpc.GenericRpcHandler):
    """Answers every call with UNAVAILABLE, to be repeated after 2.5 seconds."""

    heard: list[dict[str, str]] = field(default_factory=list)

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        self.heard.append({str(key): str(value) for key, value in call.invocation_metadata})
        return grpc.unary_unary_rpc_method_handler(_refuse)


def _refuse(request: bytes, context: grpc.ServicerContext) -> bytes:
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromMilliseconds(2500)
    detail = Any()
    detail.Pack(retry)
    status = status_pb2.Status(code=code_pb2.UNAVAILABLE, message="not now", details=[detail])
    context.abort_with_status(rpc_status.to_status(status))
    return b""


@contextmanager
def listening(credentials: grpc.ServerCredentials | None = None) -> Iterator[tuple[Ears, int]]:
    """Serve ears on a free port."""
    ears = Ears()
    server = grpc.server(ThreadPoolExecutor(2), handlers=[ears])
    port = (
        server.add_secure_port("127.0.0.1:0", credentials) if credentials else server.add_insecure_port("127.0.0.1:0")
    )
    server.start()
    try:
        yield ears, port
    finally:
        server.stop(None).wait()
