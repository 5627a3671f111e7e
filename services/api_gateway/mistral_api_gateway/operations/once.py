"""Creating something once, however often it is asked for: the answer is kept under the key of the request."""

from collections.abc import Awaitable, Callable

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import InvalidInput, RequestIdReused
from mistral_persistence import answered_requests

LONGEST_KEY = 128


class Once:
    """Answers of the last 24 hours, by project and key."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def answer(
        self, caller: Caller, request_id: str, fingerprint: bytes, make: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        """Return what ``make`` returns, or what it returned when the key was used first.

        What is made and the key are stored together or not at all; a failure is not remembered.

        Args:
            fingerprint: Equal for equal requests.

        Raises:
            InvalidInput: If the key is too long.
            RequestIdReused: If the key was used with another request.
        """
        checked_request_id(request_id)
        async with self._store.together() as connection:
            known = await answered_requests.claim(connection, caller.project, request_id, fingerprint)
            if known is None:
                response = await make()
                await answered_requests.keep(connection, caller.project, request_id, response)
                return response
        if known["fingerprint"] != fingerprint:
            raise RequestIdReused(f"The request_id {request_id!r} was used for another request in the last 24 hours")
        return bytes(known["response"])


def checked_request_id(text: str) -> str:
    """Return the key of a request. Raises InvalidInput if it is too long."""
    if len(text) > LONGEST_KEY:
        raise InvalidInput(f"request_id has more than {LONGEST_KEY} characters", field="request_id")
    return text
