"""The publisher that POSTs each notice to a URL.

Options of an entry: ``url``; ``headers``; ``secret`` (else that of the service) signs the request; ``format`` is
``plain`` (the payload as it is) or ``cloudevents`` (CloudEvents 1.0, structured).
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from mistral_notifier.publisher import DeliveryFailed, Notice
from mistral_notifier.signature import signature
from mistral_runtime.egress import SETTING, AddressDenied, Allowed, allowed_entries
from mistral_runtime.egress_http import GuardedTransport
from mistral_runtime.settings import Environment

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 10.0
CONNECTIONS = 512

_EVENT_TYPE = "io.mistral-mesh."
# Framing is ours; an entry that sets it would break the request.
_RESERVED = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_GONE = 410
_MOST_ANSWER_BYTES = 64 * 1024


class Webhook:
    """2xx is delivered, anything else is not; redirects are not followed."""

    def __init__(self, environment: Environment) -> None:
        self._secret = environment.optional("MISTRAL_WEBHOOK_SECRET")
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(Allowed(allowed_entries(environment)), connections=CONNECTIONS),
            timeout=httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    async def publish(self, notice: Notice, options: Mapping[str, Any]) -> None:
        request = self._request(notice, options)
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                response = await self._client.send(request, stream=True)
                await _finish(response)
        except AddressDenied as error:
            raise DeliveryFailed(f"{error} that is not in {SETTING}", permanent=True) from None
        except httpx.UnsupportedProtocol:
            raise DeliveryFailed("the url is neither http nor https", permanent=True) from None
        except TimeoutError:
            raise DeliveryFailed(f"no answer within {TOTAL_SECONDS:g} s", unreachable=True) from None
        except httpx.HTTPError as error:
            raise DeliveryFailed(_words(error), unreachable=True) from None
        if not response.is_success:
            raise DeliveryFailed(f"HTTP {response.status_code}", permanent=response.status_code == _GONE)

    async def close(self) -> None:
        await self._client.aclose()

    def _request(self, notice: Notice, options: Mapping[str, Any]) -> httpx.Request:
        body, content_type = _body(notice, options)
        headers = {"content-type": content_type, "user-agent": "mistral-mesh", **_own_headers(options)}
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


def _body(notice: Notice, options: Mapping[str, Any]) -> tuple[bytes, str]:
    match options.get("format", "plain"):
        case "plain":
            return notice.payload.encode(), "application/json"
        case "cloudevents":
            return msgspec.json.encode(
                {
                    "specversion": "1.0",
                    "id": notice.id,
                    "source": f"/mistral/executions/{notice.execution_id}",
                    "type": _EVENT_TYPE + notice.event,
                    "time": notice.created_at,
                    "datacontenttype": "application/json",
                    "data": msgspec.Raw(notice.payload.encode()),
                }
            ), "application/cloudevents+json"
        case other:
            raise DeliveryFailed(f"format {str(other)[:50]!r} is neither plain nor cloudevents", permanent=True)


def _own_headers(options: Mapping[str, Any]) -> dict[str, str]:
    headers = options.get("headers") or {}
    if not isinstance(headers, Mapping):
        raise DeliveryFailed("headers of the entry are no mapping", permanent=True)
    return {str(name).lower(): str(value) for name, value in headers.items() if str(name).lower() not in _RESERVED}


def _words(error: httpx.HTTPError) -> str:
    # Names of hosts are in there, but no paths, queries or credentials.
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
