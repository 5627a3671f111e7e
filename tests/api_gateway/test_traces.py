"""Requests are traced: the caller's trace goes on through the gateway."""

import json
from dataclasses import replace
from pathlib import Path

import httpx

from mistral_api_gateway.app import running
from mistral_api_gateway.settings import GatewaySettings

TRACE = "0af7651916cd43dd8448eb211c80319c"


async def test_a_sampled_callers_trace_goes_on(settings: GatewaySettings, tmp_path: Path):
    file = tmp_path / "spans.jsonl"
    traced = replace(settings, service=replace(settings.service, trace_file=str(file), trace_ratio=0.0))

    async with running(traced) as ports, httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports.http}") as rest:
        await rest.get("/v2/executions", headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})
        await rest.get("/v2/tasks")

    (span,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert TRACE in json.dumps(span)
    assert "GET /v2/executions" in json.dumps(span)
