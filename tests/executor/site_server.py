"""An HTTP server on loopback that remembers what it was asked."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Site:
    base: str = ""
    seen: list[dict[str, Any]] = field(default_factory=list)


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    it = Site()

    async def answer(request: web.Request) -> web.StreamResponse:
        text = await request.text()
        seen = {
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "headers": dict(request.headers),
            "text": text,
        }
        it.seen.append(seen)
        return await _answer(request, seen)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    server = web.TCPSite(runner, "127.0.0.1", 0)
    await server.start()
    port = runner.addresses[0][1]
    it.base = f"http://127.0.0.1:{port}"
    try:
        yield it
    finally:
        await runner.cleanup()


async def _answer(request: web.Request, seen: dict[str, Any]) -> web.StreamResponse:
    what, _, rest = request.path.strip("/").partition("/")
    match what:
        case "json":
            response = web.json_response({"status": "ok", "items": [1, 2, 3]}, headers={"X-Twice": "a"})
            response.headers.add("X-Twice", "b")
            response.set_cookie("c", "1")
            return response
        case "text":
            return web.Response(text="plain wörds", content_type="text/plain", charset="latin-1")
        case "status":
            return web.json_response({"code": int(rest)}, status=int(rest))
        case "redirect":
            to = request.query["to"]
            return web.Response(status=int(rest or 302), headers={"Location": to})
        case "round":
            return web.Response(status=302, headers={"Location": "/round"})
        case "large":
            return await _stream(request, [b"x" * 65536] * 200, {})
        case "bomb":
            return await _stream(request, [gzip.compress(b"0" * 50_000_000)], {"Content-Encoding": "gzip"})
        case "packed":
            body = gzip.compress(json.dumps({"packed": True}).encode())
            return web.Response(body=body, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})
        case "announced":
            return web.Response(status=200, headers={"Content-Length": str(6 * 1024 * 1024)}, body=None)
        case "slow":
            await asyncio.sleep(float(request.query["s"]))
            return web.json_response({"slow": True})
        case "drip":
            return await _stream(request, [b"x"] * 100, {}, pause=0.1)
        case _:
            return web.json_response(seen)


async def _stream(
    request: web.Request, parts: list[bytes], headers: dict[str, str], pause: float = 0
) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    for part in parts:
        await response.write(part)
        await asyncio.sleep(pause)
    return response
