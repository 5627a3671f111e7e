"""``std.ssh`` against a real sshd on loopback."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from mistral.internal.v1 import envelope_pb2 as pb2
from mistral_executor.actions.ssh_access import SshAccess

# Ends when nobody reads it any more.
WRITING = "while echo still here; do sleep 0.05; done"


@pytest.fixture(scope="module")
def server(new_sshd: Callable[..., AbstractContextManager[Any]], tmp_path_factory: Any) -> Iterator[Any]:
    with new_sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def begin(start: Any, server: Any) -> Callable[..., Any]:
    """Call it to start an executor that may reach the server; takes what ``SshAccess`` takes."""
    return lambda **access: start(
        egress_allowed=("127.0.0.0/8",), ssh=SshAccess(**{"keys": str(server.keys), **access})
    )


@pytest.fixture
async def executor(begin: Any) -> Any:
    return await begin()


def command(server: Any, cmd: str, **more: Any) -> dict[str, Any]:
    return {"cmd": cmd, "host": server.host, "username": server.user, "private_key_filename": "id", **more}


@pytest.mark.usefixtures("executor")
async def test_the_result_is_what_the_command_wrote(engine: Any, server: Any):
    assert await engine.run("std.ssh", command(server, "echo hällo; echo loud >&2")) == ("SUCCESS", "hällo\n")


@pytest.mark.usefixtures("executor")
async def test_the_key_may_come_in_the_input(engine: Any, server: Any):
    given = command(server, "echo in", private_key_filename=None, private_key=server.key)

    assert await engine.run("std.ssh", given) == ("SUCCESS", "in\n")


@pytest.mark.usefixtures("executor")
async def test_a_command_that_fails_is_an_error(engine: Any, server: Any):
    outcome, error = await engine.run("std.ssh", command(server, "echo lost; exit 3"))

    assert outcome == "ERROR"
    assert f"Failed to execute ssh cmd 'echo lost; exit 3' on ['{server.host}']: {server.host}: exit code 3" in error


@pytest.mark.usefixtures("executor")
async def test_the_result_of_a_command_that_fails_may_be_asked_for(engine: Any, server: Any):
    given = command(server, "echo out; echo err >&2; exit 3", return_result_on_error=True)

    assert await engine.run("std.ssh", given) == ("SUCCESS", {"stdout": "out\n", "stderr": "err\n", "exit_code": 3})


@pytest.mark.usefixtures("executor")
async def test_a_command_ended_by_a_signal_has_a_negative_exit_code(engine: Any, server: Any):
    _, result = await engine.run("std.ssh", command(server, "kill -9 $$", return_result_on_error=True))

    assert result["exit_code"] == -9


@pytest.mark.usefixtures("executor")
async def test_hosts_run_at_the_same_time_and_answer_in_order(engine: Any, server: Any, tmp_path: Path):
    # Each waits for all the others: one after the other would never end.
    names = [server.host] * 8
    cmd = (
        f"mktemp -p {tmp_path} >/dev/null; for i in $(seq 200); do [ $(ls {tmp_path} | wc -l) -ge 8 ] && break; "
        f"sleep 0.05; done; ls {tmp_path} | wc -l"
    )

    assert await engine.run("std.ssh", command(server, cmd, host=names)) == ("SUCCESS", ["8\n"] * 8)


@pytest.mark.usefixtures("executor")
async def test_one_host_in_a_list_answers_as_if_there_were_no_list(engine: Any, server: Any):
    assert await engine.run("std.ssh", command(server, "echo a", host=[server.host])) == ("SUCCESS", "a\n")


@pytest.mark.usefixtures("executor")
async def test_the_host_that_failed_is_named(engine: Any, server: Any):
    outcome, error = await engine.run("std.ssh", command(server, "echo a", host=[server.host, "127.0.0.1:1"]))

    assert outcome == "ERROR"
    assert f"on ['{server.host}', '127.0.0.1:1']: 127.0.0.1:1: " in error


@pytest.mark.usefixtures("executor")
async def test_what_the_other_hosts_answered_is_kept_when_asked_for(engine: Any, server: Any):
    given = command(server, "exit 2", host=[server.host, "127.0.0.1:1"], return_result_on_error=True)

    outcome, entries = await engine.run("std.ssh", given)

    assert outcome == "ERROR"
    assert entries[0] == {"stdout": "", "stderr": "", "exit_code": 2}
    assert "onnect" in entries[1]["error"]


@pytest.mark.usefixtures("executor")
async def test_much_output_on_both_ways_does_not_stop_the_command(engine: Any, server: Any):
    cmd = "head -c 3000000 /dev/zero >&2; head -c 100000 /dev/zero | tr '\\0' x"

    outcome, result = await engine.run("std.ssh", command(server, cmd))

    assert (outcome, result) == ("SUCCESS", "x" * 100000)


@pytest.mark.usefixtures("executor")
async def test_output_above_the_cap_is_an_error(engine: Any, server: Any):
    outcome, error = await engine.run("std.ssh", command(server, "yes"))

    assert outcome == "ERROR"
    assert "the output is larger than 5242880 bytes" in error


async def test_a_command_that_takes_too_long_is_ended(engine: Any, begin: Any, server: Any, tmp_path: Path):
    await begin(seconds=5.0)

    outcome, error = await engine.run("std.ssh", command(server, f"echo $$ >{tmp_path}/pid; {WRITING}"))

    assert outcome == "ERROR"
    assert "not finished within 5 seconds" in error
    await gone(int((tmp_path / "pid").read_text()))


@pytest.mark.usefixtures("executor")
@pytest.mark.parametrize("work", ["writing", "silent"])
async def test_a_cancelled_command_ends_on_its_host(engine: Any, server: Any, tmp_path: Path, work: str):
    if work == "silent" and os.geteuid() == 0:
        pytest.skip("sshd passes no signal to what root runs; run the tests as another user to see this one")
    file = tmp_path / "pid"
    rest = WRITING if work == "writing" else "exec sleep 600"
    task = engine.task("std.ssh", command(server, f"echo $$ >{file}.new; mv {file}.new {file}; {rest}"))
    await engine.give(task)
    await until(file.exists)

    attempts = [pb2.Attempt(action_id=task.action_id, attempt=task.attempt)]
    engine.bus.send("mistral.executors.cancel", pb2.CancelEnvelope(attempts=attempts).SerializeToString())

    assert (await engine.result(task))[0] == "CANCELLED"
    await gone(int(file.read_text()))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def gone(pid: int) -> None:
    await until(lambda: not Path(f"/proc/{pid}").exists())


@pytest.mark.usefixtures("executor")
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"private_key_filename": "../host"}, "a file inside the executor's folder of keys"),
        ({"private_key_filename": "/etc/shadow"}, "a file inside the executor's folder of keys"),
        ({"private_key_filename": "missing"}, "there is no key 'missing' that can be read"),
        ({"private_key_filename": "way_out"}, "a file inside the executor's folder of keys"),
        ({"private_key_filename": None, "private_key": "no key"}, "the private key cannot be read"),
        ({"private_key": "both"}, "cannot be used together"),
        ({"cmd": ""}, "'cmd' must be a text"),
        ({"host": []}, "'host' must be a host or a list of 1 to 1000"),
        ({"host": ["a"] * 1001}, "'host' must be a host or a list of 1 to 1000"),
        ({"host": "127.0.0.1:x"}, "'host' must have a port"),
        ({"username": 5}, "'username' must be a text"),
        ({"username": "a\0b"}, "has signs that SSH does not take"),
        ({"private_key_filename": None}, "the server refused the credentials"),
        ({"private_key_filename": None, "password": "hunter2"}, "the server refused the credentials"),
    ],
)
async def test_a_command_that_cannot_be_run(engine: Any, server: Any, wrong: dict[str, Any], says: str):
    way_out = server.keys / "way_out"
    if not way_out.is_symlink():
        way_out.symlink_to(server.config.with_name("host"))

    outcome, error = await engine.run("std.ssh", {**command(server, "true"), **wrong})

    assert outcome == "ERROR"
    assert "Failed to execute ssh cmd" in error
    assert says in error


async def test_a_known_host_is_trusted_and_another_is_not(engine: Any, begin: Any, server: Any, tmp_path: Path):
    known, other = tmp_path / "known", asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    known.write_text(server.known_hosts)
    await begin(known_hosts=str(known))

    assert await engine.run("std.ssh", command(server, "echo a")) == ("SUCCESS", "a\n")

    known.write_text(f"[127.0.0.1]:{server.port} {other}")
    outcome, error = await engine.run("std.ssh", command(server, "echo a"))
    assert outcome == "ERROR"
    assert "its host key is not among the known ones" in error


async def test_known_hosts_beside_the_keys_are_used(engine: Any, begin: Any, server: Any, tmp_path: Path):
    (tmp_path / "id").write_text(server.key)
    (tmp_path / "known_hosts").write_text("")
    await begin(keys=str(tmp_path))

    outcome, error = await engine.run("std.ssh", command(server, "echo a"))

    assert outcome == "ERROR"
    assert "its host key is not among the known ones" in error


async def test_loopback_is_blocked_by_default(engine: Any, start: Any, server: Any):
    await start(ssh=SshAccess(keys=str(server.keys)))

    outcome, error = await engine.run("std.ssh", command(server, "true"))

    assert outcome == "ERROR"
    assert "host '127.0.0.1' resolves to a blocked address (127.0.0.1)" in error


@pytest.mark.usefixtures("executor")
async def test_a_server_that_hangs_up_is_an_error(engine: Any, server: Any):
    with socket.create_server(("127.0.0.1", 0)) as rude:
        host = f"127.0.0.1:{rude.getsockname()[1]}"
        task = engine.task("std.ssh", command(server, "true", host=host))
        await engine.give(task)
        connection, _ = await asyncio.get_running_loop().run_in_executor(None, rude.accept)
        connection.close()
        outcome, error = await engine.result(task)

    assert outcome == "ERROR"
    assert "the connection was lost" in error


class _Doorman(asyncssh.SSHServer):
    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("ada", "correct horse")


@pytest.fixture
async def door() -> AsyncIterator[str]:
    """A server that asks for a password, which the system's own cannot be given one for."""

    def answer(process: asyncssh.SSHServerProcess[str]) -> None:
        process.stdout.write(f"{process.command} for {process.get_extra_info('username')}")
        process.exit(0)

    key = asyncssh.generate_private_key("ssh-ed25519")
    listening = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=_Doorman, server_host_keys=[key], process_factory=answer
    )
    async with listening:
        yield f"127.0.0.1:{listening.get_port()}"


async def test_a_password_logs_in_and_is_in_no_log(engine: Any, start: Any, door: str, capfd: Any):
    await start(egress_allowed=("127.0.0.0/8",), log_level="DEBUG")
    given = {"cmd": "list --secret-option", "host": door, "username": "ada", "password": "correct horse"}

    assert await engine.run("std.ssh", given) == ("SUCCESS", "list --secret-option for ada")
    outcome, error = await engine.run("std.ssh", {**given, "password": "hunter2"})

    assert outcome == "ERROR"
    assert "the server refused the credentials" in error
    written = error.replace("list --secret-option", "", 1) + "".join(capfd.readouterr())
    for secret in ("correct horse", "hunter2", "secret-option"):
        assert secret not in written
