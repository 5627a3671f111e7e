"""From an HTTP answer to the result of the action; never more of it in memory than the cap allows."""

import zlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

import httpx
import msgspec

MOST_BYTES = 5 * 1024 * 1024

_PACKED = frozenset({"gzip", "x-gzip", "deflate"})


class TooLarge(Exception):
    """The answer is larger than the cap."""

    def __init__(self) -> None:
        super().__init__(f"the response is larger than {MOST_BYTES} bytes")


class _Inflating(Protocol):
    @property
    def unconsumed_tail(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes: ...


async def body_of(response: httpx.Response) -> bytes:
    """Read and unpack the body.

    Raises:
        TooLarge: As soon as its announced, received or unpacked size passes the cap.
    """
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MOST_BYTES:
        raise TooLarge
    inflating = _inflating(response.headers.get("content-encoding", ""))
    body = bytearray()
    received = 0
    async for chunk in _raw(response):
        received += len(chunk)
        body += chunk if inflating is None else _inflated(inflating, chunk, MOST_BYTES + 1 - len(body))
        if received > MOST_BYTES or len(body) > MOST_BYTES:
            raise TooLarge
    return bytes(body)


def _raw(response: httpx.Response) -> AsyncIterator[bytes]:
    return response.aiter_raw()


def _inflating(encoding: str) -> _Inflating | None:
    # 32 + 15: tells gzip from zlib by itself.
    return zlib.decompressobj(47) if encoding.strip().lower() in _PACKED else None


def _inflated(inflating: _Inflating, chunk: bytes, most: int) -> bytes:
    # A small chunk can unpack to a thousand times its size: stop it in the middle.
    unpacked = inflating.decompress(chunk, most)
    if inflating.unconsumed_tail:
        raise TooLarge
    return unpacked


def result_of(response: httpx.Response, body: bytes, hops: Sequence[httpx.Response], seconds: float) -> dict[str, Any]:
    """The result of the action, the same for success and failure."""
    encoding = _encoding(response)
    return {
        "content": _content(body, encoding),
        "status": response.status_code,
        "headers": _headers(response),
        "url": str(response.request.url),
        "history": [{"status": hop.status_code, "url": str(hop.request.url)} for hop in hops],
        "encoding": encoding,
        "reason": response.reason_phrase,
        "cookies": dict(response.cookies.items()),
        "elapsed": round(seconds, 6),
    }


def succeeded(response: httpx.Response) -> bool:
    return 200 <= response.status_code < 307


def _content(body: bytes, encoding: str | None) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return body.decode(encoding or "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


def _encoding(response: httpx.Response) -> str | None:
    kind = response.headers.get("content-type", "").lower()
    if response.charset_encoding:
        return response.charset_encoding
    if "application/json" in kind:
        return "utf-8"
    # What HTTP once said about texts that do not say it themselves.
    return "ISO-8859-1" if kind.startswith("text/") else None


def _headers(response: httpx.Response) -> dict[str, str]:
    """Names as they came; values of a repeated one with commas between."""
    joined: dict[str, str] = {}
    for name, value in response.headers.raw:
        key, text = name.decode("latin-1"), value.decode("utf-8", "replace")
        joined[key] = f"{joined[key]}, {text}" if key in joined else text
    return joined
