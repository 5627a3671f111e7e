"""The publisher that POSTs each notice to a URL.

Options of an entry: ``url``; ``headers``; ``secret`` (else that of the service) signs the request; ``format`` is
``plain`` (the payload as it is), ``cloudevents`` or ``cloudevents-binary``; ``redirects`` is how many are followed.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx

from mistral_notifier.cloud_events import written
from mistral_notifier.patience import asked_pause
from mistral_notifier.publisher import DeliveryFailed, Notice
from mistral_runtime.egress import SETTING, AddressDenied, Allowed, allowed_entries
from mistral_runtime.egress_http import GuardedTransport
from mistral_runtime.settings import Environment
from mistral_runtime.signature import signature

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 10.0
CONNECTIONS = 512
MOST_REDIRECTS = 5

# Framing is ours; an entry that sets it would break the request.
_RESERVED = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_GONE = 410
# Only these keep what is sent and how.
_REDIRECTS: Final = frozenset({307, 308})
_PAUSES: Final = frozenset({429, 503})
_MOST_ANSWER_BYTES = 64 * 1024


class Webhook:
    """2xx is delivered, anything else is not."""

    def __init__(self, environment: Environment) -> None:
        self._secret = environment.optional("MISTRAL_WEBHOOK_SECRET")
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(Allowed(allowed_entries(environment)), connections=CONNECTIONS),
            timeout=httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    async def publish(self, notice: Notice, options: Mapping[str, Any]) -> None:
        request, hops = self._request(notice, options), _redirects(options)
        try:
            # All hops together have no more time than one.
            async with asyncio.timeout(TOTAL_SECONDS):
                response = await self._sent(request)
                while hops and response.status_code in _REDIRECTS and "location" in response.headers:
                    hops -= 1
                    request = self._onwards(request, response)
                    response = await self._sent(request)
        except AddressDenied as error:
            raise DeliveryFailed(f"{error} that is not in {SETTING}", permanent=True) from None
        except httpx.UnsupportedProtocol:
            raise DeliveryFailed("the url is neither http nor https", permanent=True) from None
        except TimeoutError:
            raise DeliveryFailed(f"no answer within {TOTAL_SECONDS:g} s", unreachable=True) from None
        except httpx.HTTPError as error:
            raise DeliveryFailed(_words(error), unreachable=True) from None
        if not response.is_success:
            raise _refused(response)

    async def close(self) -> None:
        await self._client.aclose()

    async def _sent(self, request: httpx.Request) -> httpx.Response:
        response = await self._client.send(request, stream=True)
        await _finish(response)
        return response

    def _onwards(self, request: httpx.Request, response: httpx.Response) -> httpx.Request:
        """Return the request that a redirect asks for; where it goes is judged when it is connected to."""
        try:
            url = request.url.join(response.headers["location"])
        except httpx.InvalidURL:
            raise DeliveryFailed("the redirect leads to a malformed address", permanent=True) from None
        headers = dict(request.headers)
        headers.pop("host", None)
        if (url.host, url.port, url.scheme) != (request.url.host, request.url.port, request.url.scheme):
            # What the entry sends along is for the place that it names.
            ours = ("content-type", "user-agent", "webhook-", "ce-")
            headers = {name: value for name, value in headers.items() if name.startswith(ours)}
        return self._client.build_request("POST", url, content=request.content, headers=headers)

    def _request(self, notice: Notice, options: Mapping[str, Any]) -> httpx.Request:
        body, content_type, more = written(notice, options)
        headers = {"content-type": content_type, "user-agent": "mistral-mesh", **_own_headers(options), **more}
        timestamp = int(time.time())
        headers |= {"webhook-id": notice.id, "webhook-timestamp": str(timestamp)}
        if secret := options.get("secret") or self._secret:
            headers["webhook-signature"] = signature(str(secret), id=notice.id, timestamp=timestamp, body=body)
        url = options.get("url")
        if not isinstance(url, str) or not url:
            raise DeliveryFailed("the entry has no url", permanent=True)
        try:
            return self._client.build_request("POST", url, content=body, headers=headers)
        except (httpx.InvalidURL, ValueError, TypeError):
            raise DeliveryFailed("the url or a header is malformed", permanent=True) from None


async def _finish(response: httpx.Response) -> None:
    """Read a short answer to its end, so that the connection can be used again; cut off a long one."""
    size = 0
    try:
        async for chunk in response.aiter_raw():
            size += len(chunk)
            if size > _MOST_ANSWER_BYTES:
                break
    finally:
        await response.aclose()


def _refused(response: httpx.Response) -> DeliveryFailed:
    status = response.status_code
    pause = asked_pause(response.headers.get("retry-after", "")) if status in _PAUSES else None
    return DeliveryFailed(f"HTTP {status}", permanent=status == _GONE, again_after=pause)


def _redirects(options: Mapping[str, Any]) -> int:
    hops = options.get("redirects", 0)
    if not isinstance(hops, int) or not 0 <= hops <= MOST_REDIRECTS:
        raise DeliveryFailed(f"redirects of the entry must be 0 to {MOST_REDIRECTS}", permanent=True)
    return hops


def _own_headers(options: Mapping[str, Any]) -> dict[str, str]:
    headers = options.get("headers") or {}
    if not isinstance(headers, Mapping):
        raise DeliveryFailed("headers of the entry are no mapping", permanent=True)
    return {str(name).lower(): str(value) for name, value in headers.items() if str(name).lower() not in _RESERVED}


def _words(error: httpx.HTTPError) -> str:
    # Names of hosts are in there, but no paths, queries or credentials.
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
