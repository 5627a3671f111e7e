"""Whether a process answers: short questions that never raise."""

import socket
import ssl
import urllib.error
import urllib.request

import grpc
from grpc_health.v1 import health_pb2

_SECONDS = 1.0
_CHECK = "/grpc.health.v1.Health/Check"


def serves_grpc(address: str, credentials: grpc.ChannelCredentials | None = None) -> bool:
    """Whether the standard health service there says SERVING; ``credentials`` None asks in clear text."""
    if not listens(address):
        return False
    options = [("grpc.enable_http_proxy", 0)]
    if credentials is None:
        opened = grpc.insecure_channel(address, options)
    else:
        opened = grpc.secure_channel(address, credentials, options)
    with opened as channel:
        check = channel.unary_unary(
            _CHECK,
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = check(health_pb2.HealthCheckRequest(), timeout=_SECONDS)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def serves_http(url: str) -> bool:
    """Whether a GET there answers 200; whose certificate it shows does not matter to this question."""
    trusting = urllib.request.HTTPSHandler(context=ssl._create_unverified_context())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), trusting)
    try:
        with opener.open(url, timeout=_SECONDS) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def listens(address: str) -> bool:
    """Whether somebody takes a connection there; asking gRPC alone would leave it waiting to try again."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS):
            return True
    except OSError:
        return False
