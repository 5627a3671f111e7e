"""Calling an application once, behind the guard on egress, with limits on time and size."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import httpx

from mistral_executor.http_workers.reply import NotBegun, Reply, Unknown, failed, reply_of
from mistral_runtime.egress import SETTING, AddressDenied, Allowed
from mistral_runtime.egress_http import GuardedTransport

_CONNECT_SECONDS: Final = 5.0
_CONNECTIONS: Final = 1_000


class Caller:
    """Makes calls; nothing that an application does or answers gets past it.

    Args:
        largest: Most bytes of an answer.
    """

    def __init__(self, egress: Allowed, *, largest: int) -> None:
        self._largest = largest
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(egress, connections=_CONNECTIONS), follow_redirects=False, trust_env=False
        )

    async def call(self, token: str, url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> Reply:
        """Send a run and return what the answer means."""
        timeout = httpx.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds))
        try:
            async with (
                asyncio.timeout(seconds),
                self._client.stream("POST", url, headers=dict(headers), content=body, timeout=timeout) as answer,
            ):
                found = await self._read(answer)
        except AddressDenied as error:
            return failed(token, "AddressDenied", f"{error} that is not in {SETTING}", permanent=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return NotBegun(f"it cannot be reached: {type(error).__name__}")
        except (TimeoutError, httpx.TimeoutException):
            return Unknown(f"no answer within {seconds:g} seconds")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Unknown(f"the connection broke: {type(error).__name__}")
        if found is None:
            limit = self._largest // 1024
            return failed(token, "BadAnswer", f"The answer has more than {limit} KiB", permanent=True)
        kind = answer.headers.get("content-type", "")
        return reply_of(token, answer.status_code, kind, found, answer.headers.get("retry-after"))

    async def tell(self, url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> bool:
        """Send something that needs no answer; returns whether it was taken."""
        try:
            answer = await self._client.post(url, headers=dict(headers), content=body, timeout=seconds)
        except (httpx.HTTPError, httpx.InvalidURL, AddressDenied):
            return False
        return answer.is_success

    async def close(self) -> None:
        await self._client.aclose()

    async def _read(self, answer: httpx.Response) -> bytes | None:
        """Return the body; None if it is too large."""
        chunks: list[bytes] = []
        size = 0
        async for chunk in answer.aiter_bytes():
            size += len(chunk)
            if size > self._largest:
                return None
            chunks.append(chunk)
        return b"".join(chunks)
