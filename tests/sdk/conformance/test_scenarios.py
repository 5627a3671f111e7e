"""Every scenario of the file, through the worker program of every SDK that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from tests.sdk.conformance.conftest import LEASE_SECONDS, LONG_LEASE_SECONDS, Meshes
from tests.sdk.conformance.expectations import EXPECTATIONS
from tests.sdk.conformance.scenarios import Scenario, scenarios
from tests.sdk.conformance.stage import Stage
from tests.sdk.conformance.steps import STEPS
from tests.sdk.languages import Program, program, wanted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module", params=wanted())
def worker_program(request: pytest.FixtureRequest) -> Program:
    return program(str(request.param))


@pytest.fixture(params=scenarios(), ids=lambda scenario: scenario.name.replace(" ", "-"))
def scenario(request: pytest.FixtureRequest) -> Scenario:
    found: Scenario = request.param
    return found


@pytest.fixture
def stage(worker_program: Program, scenario: Scenario, meshes: Meshes, tmp_path: Path) -> Iterator[Stage]:
    victim, asking = meshes(LONG_LEASE_SECONDS if scenario.long_lease else LEASE_SECONDS)
    stage = Stage(scenario, worker_program, victim, asking, tmp_path)
    try:
        yield stage
    finally:
        stage.close()


def test_scenario(stage: Stage) -> None:
    scenario = stage.scenario
    for name, options in scenario.workers.items():
        stage.start_worker(name, **options)
    if refused := scenario.expect.get("refused"):
        with pytest.raises(grpc.RpcError, match=refused) as caught:
            stage.start()
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        return
    stage.start()
    for step in scenario.steps:
        for name, argument in step.items():
            STEPS[name](stage, argument)
    for name, wanted_value in scenario.expect.items():
        EXPECTATIONS[name](stage, wanted_value)
