"""One HTTP exchange of httpx over connections that the guard opens, directly or through a proxy.

A transport serves a single action and keeps no connection alive: nothing of one action can be seen by the next, and
no request fails because an idle connection was closed under it.
"""

import ssl
from collections.abc import AsyncIterator
from functools import cache
from types import TracebackType
from typing import Self

import httpcore
import httpx

from mistral_runtime.egress import Guard, Unresolved
from mistral_runtime.egress_http import GuardedBackend


@cache
def _tls(verify: bool) -> ssl.SSLContext:
    # Reading the certificates takes some 20 ms.
    return httpx.create_ssl_context(verify=verify, trust_env=False)


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._response.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._response.aclose()


class GuardedTransport(httpx.AsyncBaseTransport):
    """What ``httpx.AsyncClient`` sends through; raises the exceptions of httpcore.

    Args:
        proxy: URL of an HTTP proxy; None for a direct connection. Its address is judged like any other.
    """

    def __init__(self, guard: Guard, *, verify: bool, proxy: httpx.Proxy | None = None) -> None:
        self._guard = guard
        self._proxied = proxy is not None
        self._pool = _pool(guard, _tls(verify), proxy)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        url = request.url
        if self._proxied:
            # The proxy resolves the name once more; refuse at least what is blocked for all we know.
            await self._judge(url)
        response = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response), extensions=response.extensions
        )

    async def _judge(self, url: httpx.URL) -> None:
        try:
            await self._guard.addresses(url.host, url.port or 0)
        except Unresolved as error:
            raise httpcore.ConnectError(str(error)) from error

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self._pool.__aexit__(kind, error, traceback)

    async def aclose(self) -> None:
        await self._pool.aclose()


def _pool(guard: Guard, tls: ssl.SSLContext, proxy: httpx.Proxy | None) -> httpcore.AsyncConnectionPool:
    if proxy is None:
        return httpcore.AsyncConnectionPool(
            ssl_context=tls, max_keepalive_connections=0, network_backend=GuardedBackend(guard)
        )
    url = httpcore.URL(scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=b"/")
    return httpcore.AsyncHTTPProxy(
        proxy_url=url,
        proxy_auth=proxy.raw_auth,
        proxy_headers=proxy.headers.raw,
        ssl_context=tls,
        max_keepalive_connections=0,
        network_backend=GuardedBackend(guard),
    )
