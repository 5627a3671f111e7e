"""Requests to JetStream's JSON API (``$JS.API...``) and the errors it answers with."""

from typing import Any

import msgspec

from mistral_runtime.bus.errors import BusError, BusUnavailable
from mistral_runtime.bus.replies import NoReply, Replies

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


class Api:
    """Asks JetStream."""

    def __init__(self, replies: Replies) -> None:
        self._replies = replies

    async def ask(self, subject: str, body: object = None, *, seconds: float = 5.0) -> dict[str, Any]:
        """Ask and return the answer; ``subject`` without ``$JS.API.``, such as ``STREAM.INFO.ENGINE``.

        Raises:
            ApiError: If JetStream answers with an error.
            BusUnavailable: If there is no connection, no JetStream or no answer in time.
        """
        data = b"" if body is None else msgspec.json.encode(body)
        try:
            reply = await self._replies.ask(f"$JS.API.{subject}", data, seconds=seconds)
        except NoReply as error:
            raise BusUnavailable(f"{subject}: {error}") from None
        if not reply.data:
            raise BusUnavailable(f"{subject}: JetStream is not there")
        answer: dict[str, Any] = msgspec.json.decode(reply.data)
        if problem := answer.get("error"):
            says = str(problem.get("description", ""))
            raise ApiError(subject, int(problem.get("code", 0)), int(problem.get("err_code", 0)), says)
        return answer
