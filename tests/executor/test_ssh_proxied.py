"""``std.ssh_proxied``: through one real sshd to another."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from mistral_executor.actions.ssh_access import SshAccess

_RELAY = """#!{python}
import os, socket, sys, threading
to = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def back():
    while data := to.recv(65536):
        os.write(1, data)
    os._exit(0)
threading.Thread(target=back).start()
while data := os.read(0, 65536):
    to.sendall(data)
os._exit(0)
"""

NewSshd = Callable[..., AbstractContextManager[Any]]


@pytest.fixture(scope="module")
def target(new_sshd: NewSshd, tmp_path_factory: Any) -> Iterator[Any]:
    with new_sshd(tmp_path_factory.mktemp("target")) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(new_sshd: NewSshd, tmp_path_factory: Any, target: Any) -> Iterator[Any]:
    """A host that forwards; the target's key opens it as well."""
    option = f"AuthorizedKeysFile {target.keys / 'id.pub'}"
    with new_sshd(tmp_path_factory.mktemp("gateway"), option) as running:
        yield running


@pytest.fixture
def given(target: Any, gateway: Any) -> dict[str, Any]:
    return {
        "cmd": "echo there; echo $SSH_CONNECTION | cut -d' ' -f4",
        "host": target.host,
        "username": target.user,
        "private_key_filename": "id",
        "gateway_host": gateway.host,
    }


@pytest.fixture(autouse=True)
async def executor(start: Any, target: Any) -> Any:
    return await start(egress_allowed=("127.0.0.0/8",), ssh=SshAccess(keys=str(target.keys)))


async def test_a_command_runs_behind_the_gateway(engine: Any, given: dict[str, Any], target: Any):
    assert await engine.run("std.ssh_proxied", given) == ("SUCCESS", f"there\n{target.port}\n")


async def test_many_hosts_share_the_way_through_the_gateway(engine: Any, given: dict[str, Any], target: Any):
    outcome, results = await engine.run("std.ssh_proxied", {**given, "host": [target.host] * 3})

    assert (outcome, results) == ("SUCCESS", [f"there\n{target.port}\n"] * 3)


async def test_a_gateway_that_forwards_nothing_is_asked_for_its_nc(
    engine: Any, given: dict[str, Any], new_sshd: NewSshd, target: Any, tmp_path: Path
):
    relay = tmp_path / "bin" / "nc"
    relay.parent.mkdir()
    relay.write_text(_RELAY.format(python=sys.executable))
    relay.chmod(0o755)
    options = [
        f"AuthorizedKeysFile {target.keys / 'id.pub'}",
        "AllowTcpForwarding no",
        f"SetEnv PATH={relay.parent}:/usr/bin:/bin",
    ]
    with new_sshd(tmp_path / "strict", *options) as strict:
        outcome, result = await engine.run("std.ssh_proxied", {**given, "gateway_host": strict.host})

    assert (outcome, result) == ("SUCCESS", f"there\n{target.port}\n")


async def test_a_proxy_command_of_ones_own_is_the_way(engine: Any, given: dict[str, Any], target: Any, sshd_path: str):
    # A server that speaks to whoever started it.
    command = f"exec {sshd_path} -i -f {target.config}"

    outcome, result = await engine.run("std.ssh_proxied", {**given, "proxy_command": command, "cmd": "echo inner"})

    assert (outcome, result) == ("SUCCESS", "inner\n")


async def test_a_gateway_that_lets_nobody_in_is_named(engine: Any, given: dict[str, Any]):
    outcome, error = await engine.run("std.ssh_proxied", {**given, "gateway_username": "nobody-here"})

    assert outcome == "ERROR"
    assert "the gateway: the server refused the credentials" in error


async def test_a_target_that_is_not_there_is_an_error(engine: Any, given: dict[str, Any]):
    outcome, error = await engine.run("std.ssh_proxied", {**given, "host": "127.0.0.1:1"})

    assert outcome == "ERROR"
    assert "127.0.0.1:1: the server refused to open a channel" in error


async def test_the_gateway_is_judged_by_the_guard(
    engine: Any, start_at: Any, nats: str, given: dict[str, Any], target: Any
):
    async with start_at(nats, "guarded", ssh=SshAccess(keys=str(target.keys))):
        task = engine.task("std.ssh_proxied", given)
        engine.queue = "guarded"
        await engine.give(task)
        outcome, error = await engine.result(task)

    assert outcome == "ERROR"
    assert "the gateway: host '127.0.0.1' resolves to a blocked address (127.0.0.1)" in error
