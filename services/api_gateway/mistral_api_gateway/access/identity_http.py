"""Asking an identity service over HTTP: with a deadline, a limit, and no redirect to who knows where."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx

from mistral_core.errors import Unavailable

_log = logging.getLogger(__name__)

_SECONDS: Final = 10.0
_MOST_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What an identity service said."""

    status: int
    headers: httpx.Headers
    body: bytes


class IdentityClient:
    """Asks one identity service; what goes wrong on the way is ``Unavailable``."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, json: Any | None = None
    ) -> Answer:
        """Send a request and return the answer, whatever its status below 500.

        Raises:
            Unavailable: If nobody answers in ten seconds, or with a fault of the service's or more than a mebibyte.
        """
        try:
            async with asyncio.timeout(_SECONDS), self._client.stream(method, url, headers=headers, json=json) as came:
                body = b""
                async for part in came.aiter_bytes():
                    body += part
                    if len(body) > _MOST_BYTES:
                        raise _away(url, f"it answers with more than {_MOST_BYTES} bytes")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise _away(url, f"{type(error).__name__} {error}") from None
        if came.status_code >= 500 or came.status_code == 429:
            raise _away(url, f"it answers {came.status_code}")
        return Answer(came.status_code, came.headers, body)


def _away(url: str, why: str) -> Unavailable:
    # Callers are not told where it is.
    _log.warning("the identity service at %s cannot be asked: %s", url, why)
    return Unavailable("The identity service cannot be reached at the moment")


@asynccontextmanager
async def identity_client(ca_file: str | None) -> AsyncIterator[IdentityClient]:
    """Have a client for the length of the block.

    Args:
        ca_file: Certificates to trust instead of those that everybody trusts.

    Raises:
        OSError: If the file cannot be read or holds no certificate.
    """
    # It writes a line for every request.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    trusted = ssl.create_default_context(cafile=ca_file)
    async with httpx.AsyncClient(verify=trusted, timeout=_SECONDS, follow_redirects=False, trust_env=False) as client:
        yield IdentityClient(client)
