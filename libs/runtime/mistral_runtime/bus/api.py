"""Requests to JetStream's JSON API (``$JS.API...``) and the errors it answers with."""

from typing import Any

import msgspec
import nats.errors
from nats.aio.client import Client

from mistral_runtime.bus.errors import BusError, BusUnavailable

# Error codes of JetStream.
CONSUMER_NOT_FOUND = 10014
STREAM_NOT_FOUND = 10059
STREAM_EXISTS = 10058
CONSUMER_NOT_UNIQUE = 10100

_MISSING = frozenset({CONSUMER_NOT_FOUND, STREAM_NOT_FOUND})


class ApiError(BusError):
    """JetStream answered with an error.

    Attributes:
        status: As in HTTP.
        code: JetStream's own number, such as 10059 for a missing stream.
    """

    def __init__(self, subject: str, status: int, code: int, says: str) -> None:
        super().__init__(f"{subject}: {says} ({code})")
        self.status = status
        self.code = code

    @property
    def missing(self) -> bool:
        return self.code in _MISSING


async def ask(client: Client, subject: str, body: object = None, *, seconds: float = 5.0) -> dict[str, Any]:
    """Ask JetStream and return its answer.

    Raises:
        ApiError: If JetStream answers with an error.
        BusUnavailable: If there is no connection, no JetStream or no answer in time.
    """
    data = b"" if body is None else msgspec.json.encode(body)
    try:
        reply = await client.request(f"$JS.API.{subject}", data, timeout=seconds)
    except nats.errors.Error as error:
        raise BusUnavailable(f"{subject}: {error or type(error).__name__}") from error
    answer: dict[str, Any] = msgspec.json.decode(reply.data)
    if problem := answer.get("error"):
        raise ApiError(
            subject, int(problem.get("code", 0)), int(problem.get("err_code", 0)), str(problem.get("description", ""))
        )
    return answer
