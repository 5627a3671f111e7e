"""From the input of an HTTP action to what is sent: headers, body, credentials, time limits. No I/O here."""

import base64
import json as json_text
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

DEFAULT_SECONDS = 60.0
_CONNECT_SECONDS = 10.0
_SCHEMES = frozenset({"http", "https"})
_AGENT = b"mistral-mesh"
# What names a method or a header, RFC 9110.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Unsendable(Exception):
    """The input makes no request; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A request as the action's input asks for it.

    Attributes:
        headers: What the user gave, credentials included; they are for the host of ``url`` alone.
        total_seconds: Limit for everything, redirects and reading the answer included.
        redirects: Whether redirects are followed.
        proxy: HTTP proxy to go through; None for a direct connection.
    """

    method: str
    url: httpx.URL
    headers: Mapping[str, bytes]
    content: bytes | None
    timeout: httpx.Timeout
    total_seconds: float
    redirects: bool
    verify: bool
    proxy: httpx.Proxy | None


def ordered(
    *,
    url: Any,
    method: Any,
    params: Any,
    body: Any,
    json: Any,
    headers: Any,
    cookies: Any,
    auth: Any,
    timeout: Any,
    allow_redirects: Any,
    proxies: Any,
    verify: Any,
) -> Order:
    """Make sense of the input.

    Raises:
        Unsendable: If there is none in it.
    """
    if body is not None and json is not None:
        raise Unsendable("'body' and 'json' cannot be used together")
    target = _target(url, params)
    connect, read = _limits(timeout)
    sent = _headers(headers, cookies, auth)
    if json is not None and not any(name.lower() == "content-type" for name in sent):
        sent["Content-Type"] = b"application/json"
    return Order(
        method=_method(method),
        url=target,
        headers=sent,
        content=_content(body if json is None else json, as_json=json is not None),
        timeout=httpx.Timeout(read, connect=min(connect, _CONNECT_SECONDS), pool=None),
        total_seconds=connect + read if isinstance(timeout, list) else read,
        redirects=bool(allow_redirects),
        verify=_verified(verify),
        proxy=_proxy(proxies, target.scheme),
    )


def checked(url: httpx.URL) -> httpx.URL:
    """Return the URL if it may be asked for at all.

    Raises:
        Unsendable: For another scheme than http and https, or without a host.
    """
    if url.scheme not in _SCHEMES:
        raise Unsendable(f"the URL scheme {url.scheme!r} is not allowed, only http and https are")
    if not url.host:
        raise Unsendable("the URL has no host")
    return url


def _method(method: Any) -> str:
    named = str(method or "GET").upper()
    if not _TOKEN.fullmatch(named):
        raise Unsendable("'method' must be the name of a method, such as GET")
    return named


def _target(url: Any, params: Any) -> httpx.URL:
    if not isinstance(url, str):
        raise Unsendable("'url' must be a text")
    try:
        target = httpx.URL(url.strip())
        if isinstance(params, Mapping):
            params = {key: value for key, value in params.items() if value is not None}
        elif params and not isinstance(params, str):
            raise Unsendable("'params' must be an object or a text")
        if params:
            target = target.copy_merge_params(params)
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        # The library's words may hold a piece of what stands before the "@".
        said = "" if "@" in url else f": {error}"
        raise Unsendable(f"'url' or 'params' is malformed{said}") from None
    return checked(target)


def _headers(headers: Any, cookies: Any, auth: Any) -> dict[str, bytes]:
    if headers is not None and not isinstance(headers, Mapping):
        raise Unsendable("'headers' must be an object")
    if cookies is not None and not isinstance(cookies, Mapping):
        raise Unsendable("'cookies' must be an object")
    sent = {"User-Agent": _AGENT, "Accept": b"*/*", "Accept-Encoding": b"gzip, deflate"}
    given = {str(name): _plain(value) for name, value in (headers or {}).items() if value is not None}
    for name in given:
        if not _TOKEN.fullmatch(name):
            raise Unsendable(f"{name!r} cannot be the name of a header")
    lowered = {name.lower() for name in given}
    sent = {name: value for name, value in sent.items() if name.lower() not in lowered}
    sent |= {name: value.encode() for name, value in given.items()}
    if cookies and "cookie" not in lowered:
        sent["Cookie"] = "; ".join(f"{name}={_plain(value)}" for name, value in cookies.items()).encode()
    if auth is not None and "authorization" not in lowered:
        sent["Authorization"] = _basic(auth)
    return sent


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def _basic(auth: Any) -> bytes:
    match auth:
        case str() if ":" in auth:
            user, _, password = auth.partition(":")
        case [str(user), str(password)]:
            pass
        case _:
            raise Unsendable("'auth' must be a text like 'user:password'")
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode())


def _content(value: Any, *, as_json: bool) -> bytes | None:
    if as_json or isinstance(value, dict | list):
        return json_text.dumps(value).encode()
    return None if value is None else _plain(value).encode()


def _limits(timeout: Any) -> tuple[float, float]:
    """Seconds to connect and seconds to wait for data."""
    if timeout is None:
        return DEFAULT_SECONDS, DEFAULT_SECONDS
    both = timeout if isinstance(timeout, list) and len(timeout) == 2 else [timeout, timeout]
    try:
        connect, read = (DEFAULT_SECONDS if part is None else float(part) for part in both)
    except (TypeError, ValueError):
        raise Unsendable("'timeout' must be a number of seconds or a list of two") from None
    if not (connect > 0 and read > 0):
        raise Unsendable("'timeout' must be more than 0")
    return connect, read


def _verified(verify: Any) -> bool:
    if verify is None or isinstance(verify, bool):
        return verify is not False
    raise Unsendable("'verify' must be true or false")


def _proxy(proxies: Any, scheme: str) -> httpx.Proxy | None:
    if not proxies:
        return None
    if not isinstance(proxies, Mapping):
        raise Unsendable("'proxies' must be an object such as {'http': 'http://proxy:3128'}")
    url = proxies.get(scheme) or proxies.get("all")
    if not url:
        return None
    try:
        proxy = httpx.Proxy(url)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        said = "" if "@" in str(url) else f": {error}"
        raise Unsendable(f"the proxy is malformed{said}") from None
    if proxy.url.scheme != "http":
        raise Unsendable("only http proxies can be used")
    return proxy
