"""Temporary workers on a whole mesh: many segments, some workers for them, and nobody left at the end."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from mistral_mesh import MeshStatus

WORKER = """
import os, time
from mistral_sdk import Worker

worker = Worker()


@worker.action("segment.cut", safe_rerun=True)
def cut(number: int) -> dict:
    time.sleep(0.2)
    return {"number": number, "by": os.environ["MISTRAL_WORKER_ID"]}
"""
WORKFLOW = """
version: '2.0'
segments:
  input: [numbers]
  output: {cut: <% task(cut).result %>}
  tasks:
    cut:
      with-items: number in <% $.numbers %>
      action: segment.cut number=<% $.number %>
      worker: {fleet: cutters, workers: 3}
"""


@pytest.fixture
def rest(new_mesh: Callable[..., MeshStatus], tmp_path: Path) -> Any:
    mesh = new_mesh(settings={"MISTRAL_FLEET_DRIVERS": "process"})
    (tmp_path / "segmenter.py").write_text(WORKER)
    with httpx.Client(base_url=mesh.http_url, timeout=30) as client:
        yield client


def until_ended(rest: httpx.Client, execution: str) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found = rest.get(f"/v2/executions/{execution}").json()
        if found["state"] in ("SUCCESS", "ERROR"):
            return dict(found)
        time.sleep(0.2)
    workers = rest.get("/v2/fleets/cutters/workers?ended=true").json()
    raise AssertionError(f"it does not end: {found}, {workers}")


def test_segments_are_cut_by_workers_that_come_and_go(rest: httpx.Client, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mistral_sdk", "segmenter:worker"]
    template = {"command": command, "env": {"PYTHONPATH": str(tmp_path)}}
    made = rest.post("/v2/fleets", json={"name": "cutters", "template": template, "idle_seconds": 2, "slots": 2})
    assert made.status_code == 201, made.text
    rest.post("/v2/workflows", content=WORKFLOW, headers={"Content-Type": "text/plain"})

    start = {"workflow_name": "segments", "input": {"numbers": list(range(30))}}
    execution = until_ended(rest, rest.post("/v2/executions", json=start).json()["id"])

    cut = json.loads(execution["output"])["cut"]
    assert sorted(each["number"] for each in cut) == list(range(30))
    assert 1 <= len({each["by"] for each in cut}) <= 3
    deadline = time.monotonic() + 60
    while rest.get("/v2/fleets/cutters/workers").json()["workers"]:
        assert time.monotonic() < deadline, "workers are left"
        time.sleep(0.2)
    ended = rest.get("/v2/fleets/cutters/workers", params={"ended": "true"}).json()["workers"]
    assert {each["reason"] for each in ended} == {""}, "all left in good order"
