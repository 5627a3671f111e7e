"""Requests that create something, answered once however often they are sent under the same ``request_id``."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from google.protobuf.message import Message

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.once import Once

R = TypeVar("R", bound=Message)


async def once(kept: Once, caller: Caller, request: Any, response: type[R], make: Callable[[], Awaitable[R]]) -> R:
    """Return what ``make`` returns, or the first answer if the request has a ``request_id`` that is known.

    Raises:
        InvalidInput: If its ``request_id`` is too long.
        RequestIdReused: If another request had it.
    """
    if not request.request_id:
        return await make()

    async def made() -> bytes:
        return (await make()).SerializeToString()

    return response.FromString(await kept.answer(caller, request.request_id, _fingerprint(request), made))


def _fingerprint(request: Message) -> bytes:
    text = request.DESCRIPTOR.full_name.encode() + b"\0" + request.SerializeToString(deterministic=True)
    return hashlib.sha256(text).digest()
