"""``std.http`` and ``std.mistral_http``: a request, its redirects, and its answer as a result."""

import asyncio
import time
import zlib
from collections.abc import Mapping
from typing import Any

import httpcore
import httpx

from mistral_executor.actions.callback import callback_headers
from mistral_executor.actions.context import ActionContext
from mistral_executor.actions.declaration import action
from mistral_executor.actions.errors import ActionError
from mistral_executor.actions.http_answer import TooLarge, body_of, result_of, succeeded
from mistral_executor.actions.http_request import Order, Unsendable, checked, ordered
from mistral_executor.actions.http_transport import GuardedTransport
from mistral_runtime.egress import AddressDenied, Guard

MOST_REDIRECTS = 10

# What may be told to another host than the one the request was made for. Anything else may be a credential.
_HARMLESS = frozenset({"accept", "accept-encoding", "accept-language", "content-type", "content-length", "user-agent"})

_FAILURES = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    zlib.error,
    TooLarge,
    Unsendable,
    OSError,
)


class RequestFailed(Exception):
    """There is no answer to give; the message is the action's error."""


@action()
async def http(
    context: ActionContext,
    url: str,
    method: str = "GET",
    params: Any = None,
    body: Any = None,
    json: Any = None,
    headers: Any = None,
    cookies: Any = None,
    auth: Any = None,
    timeout: Any = None,  # noqa: ASYNC109 (an input of the action, in seconds)
    allow_redirects: Any = None,
    proxies: Any = None,
    verify: Any = None,
) -> dict[str, Any]:
    """Sends an HTTP request; any status from 200 to 306 is a success."""
    given = dict(locals())
    del given["context"]
    return await _performed(given, Guard(context.egress))


@action(synchronous=False)
async def mistral_http(
    context: ActionContext,
    url: str,
    method: str = "GET",
    params: Any = None,
    body: Any = None,
    json: Any = None,
    headers: Any = None,
    cookies: Any = None,
    auth: Any = None,
    timeout: Any = None,  # noqa: ASYNC109 (an input of the action, in seconds)
    allow_redirects: Any = None,
    proxies: Any = None,
    verify: Any = None,
) -> dict[str, Any]:
    """Sends an HTTP request whose receiver completes the action later, by the callback that the headers name."""
    given = dict(locals())
    del given["context"]
    if headers is None or isinstance(headers, Mapping):
        given["headers"] = {**(headers or {}), **callback_headers(context)}
    return await _performed(given, Guard(context.egress))


async def _performed(given: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    try:
        order = ordered(**given)
        async with asyncio.timeout(order.total_seconds):
            return await request(order, guard)
    except TimeoutError:
        raise RequestFailed(f"Failed to send HTTP request: no answer within {order.total_seconds:g} seconds") from None
    except AddressDenied as error:
        raise RequestFailed(f"URL {error}") from None
    except _FAILURES as error:
        raise RequestFailed(f"Failed to send HTTP request: {error or type(error).__name__}") from error


async def request(order: Order, guard: Guard) -> dict[str, Any]:
    """Send a request and return the result of its answer.

    Raises:
        ActionError: If the status is no success; the payload is the same result.
        AddressDenied: If a host it leads to may not be reached.
    """
    begun = time.monotonic()
    async with GuardedTransport(guard, verify=order.verify, proxy=order.proxy) as transport:
        client = httpx.AsyncClient(transport=transport, trust_env=False, timeout=order.timeout)
        # A client of its own would add headers of its own.
        client.headers.clear()
        built = client.build_request(order.method, order.url, headers=_encoded(order.headers), content=order.content)
        hops: list[httpx.Response] = []
        while True:
            response = await client.send(built, stream=True)
            following = response.next_request if order.redirects else None
            if following is None:
                body = await body_of(response)
                break
            await response.aclose()
            hops.append(response)
            if len(hops) > MOST_REDIRECTS:
                raise Unsendable(f"more than {MOST_REDIRECTS} redirects")
            built = _redirected(built, following)
    result = result_of(response, body, hops, time.monotonic() - begun)
    if succeeded(response):
        return result
    raise ActionError(result)


def _encoded(headers: Mapping[str, bytes]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value) for name, value in headers.items()]


def _redirected(previous: httpx.Request, following: httpx.Request) -> httpx.Request:
    """Make sure that a redirect to elsewhere takes no credentials along."""
    checked(following.url)
    if _origin(following.url) == _origin(previous.url):
        if "cookie" in previous.headers and "cookie" not in following.headers:
            following.headers["Cookie"] = previous.headers["cookie"]
        return following
    kept = [(name, value) for name, value in following.headers.multi_items() if name.lower() in _HARMLESS]
    following.headers = httpx.Headers([("Host", following.url.netloc.decode("ascii")), *kept])
    return following


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
