"""A whole mesh of real processes: up, down, what a kill leaves behind, and what a person is told."""

import asyncio
import json
import os
import signal
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from mistral_mesh import MeshError, MeshStatus, Plan, down, status, up_in_background
from mistral_mesh.embedded.nats import nats
from mistral_mesh.home import Home
from mistral_mesh.keeper import State
from mistral_mesh.program import running
from mistral_mesh.servers import check_nats, check_postgres

EVERY = {"postgres", "nats", "engine-0", "executor-0", "scheduler-0", "notifier-0", "api_gateway-0"}


def pid_of(mesh: MeshStatus, name: str) -> int:
    return int(Home(mesh.home).pid_file(name).read_text())


def kill_supervisor(mesh: MeshStatus) -> list[psutil.Process]:
    children = [psutil.Process(pid_of(mesh, name)) for name in EVERY]
    supervisor = psutil.Process(mesh.pid)
    supervisor.kill()
    supervisor.wait(10)
    return children


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=5)
    assert not alive


def test_every_process_is_well_and_says_where_it_is(mesh: MeshStatus) -> None:
    assert {program.name for program in mesh.programs} == EVERY
    assert {program.state for program in mesh.programs} == {State.WELL}
    assert all(psutil.pid_exists(pid_of(mesh, name)) for name in EVERY)
    with urllib.request.urlopen(f"{mesh.http_url}/healthz", timeout=5) as response:
        assert response.status == 200


def test_a_second_mesh_in_the_same_home_is_refused(mesh: MeshStatus) -> None:
    with pytest.raises(MeshError, match="already; `mistralctl down` stops it"):
        up_in_background(Plan.read(os.environ, home=mesh.home, http_port=0, grpc_port=0))


def test_a_taken_port_is_named(mesh: MeshStatus, tmp_path: Path) -> None:
    port = int(mesh.http_url.rpartition(":")[2])
    with pytest.raises(MeshError, match=rf"port {port} on 127.0.0.1 is taken .* --http-port"):
        up_in_background(Plan.read({}, home=tmp_path, http_port=port, grpc_port=0))


@pytest.mark.parametrize("name", sorted(EVERY))
def test_a_killed_process_comes_back_and_is_well(mesh: MeshStatus, name: str) -> None:
    killed = pid_of(mesh, name)
    os.kill(killed, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        now = status(mesh.home)
        assert now is not None
        (program,) = (program for program in now.programs if program.name == name)
        if program.state is State.WELL and program.pid not in (None, killed):
            assert program.pid == pid_of(mesh, name)
            return
        time.sleep(0.02)
    pytest.fail(f"{name} is not back")


def test_what_a_killed_supervisor_leaves_is_ended_before_anything_else(new_mesh: Callable[..., MeshStatus]) -> None:
    left = new_mesh()
    first = kill_supervisor(left)
    again = new_mesh(home=left.home)
    assert again.ready
    assert_gone(first)

    second = kill_supervisor(again)
    assert down(again.home)
    assert_gone(second)
    assert not down(again.home)


def test_a_service_that_cannot_start_is_named_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(MeshError, match=r"does not start(.|\n)*MISTRAL_TRACE_RATIO"):
        up_in_background(Plan.read({"MISTRAL_TRACE_RATIO": "plenty"}, home=tmp_path, http_port=0, grpc_port=0))
    assert status(tmp_path) is None


@pytest.mark.parametrize(
    ("environ", "options", "complaint"),
    [
        ({"MISTRAL_HTTP_PORT": "many"}, {}, "MISTRAL_HTTP_PORT='many': a port"),
        ({}, {"engines": 0}, "--engines 0: at least one"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(
    environ: dict[str, str], options: dict[str, int], complaint: str
) -> None:
    with pytest.raises(MeshError, match=complaint):
        Plan.read(environ, **options)


def test_arguments_win_over_the_environment() -> None:
    environ = {"MISTRAL_HOME": "/from/environment", "MISTRAL_HTTP_PORT": "1", "MISTRAL_GRPC_PORT": "2"}
    plan = Plan.read(environ, home="/given", http_port=3, engines=None)
    assert (plan.home, plan.http_port, plan.grpc_port, plan.engines) == (Path("/given"), 3, 2, 1)


async def test_a_postgres_that_does_not_answer_is_reported_without_its_password() -> None:
    with pytest.raises(MeshError, match="MISTRAL_DATABASE_URL does not answer") as caught:
        await check_postgres("postgresql://me:hidden@127.0.0.1:1/none")
    assert "hidden" not in str(caught.value)


async def test_the_embedded_servers_pass_the_checks_for_foreign_ones(postgres: str, tmp_path: Path) -> None:
    await check_postgres(postgres)
    program, url = nats(Home(tmp_path))
    with running(program):
        await asyncio.to_thread(check_nats, url)


@pytest.mark.parametrize(
    ("greeting", "complaint"),
    [
        ({"version": "2.9.10", "jetstream": True}, r"version 2\.9\.10; 2\.12 or newer"),
        ({"version": "2.12.3-beta.1"}, "runs without JetStream"),
    ],
)
async def test_a_nats_that_will_not_do_is_refused(greeting: dict[str, object], complaint: str) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"INFO {json.dumps(greeting)}\r\n".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(MeshError, match=complaint):
            await asyncio.to_thread(check_nats, f"nats://127.0.0.1:{port}")


def test_a_stopped_mesh_leaves_no_process_and_no_pid_file(mesh: MeshStatus) -> None:
    children = [psutil.Process(pid_of(mesh, name)) for name in EVERY]
    assert down(mesh.home)
    assert_gone(children)
    assert status(mesh.home) is None
    assert not list((mesh.home / "run").glob("*.pid"))
