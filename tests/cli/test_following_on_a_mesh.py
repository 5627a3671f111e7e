"""Executions of a real mesh: steering many, events, watching, and Ctrl-C."""

import json
import os
import pty
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cli.program import own_environment, program

WAITING = """
version: '2.0'
{name}:
  tasks:
    ask: {{action: std.async_noop, on-success: [größe]}}
    größe: {{action: std.echo output=1}}
"""
FAILING = """
version: '2.0'
{name}:
  tasks:
    broken: {{action: std.fail}}
"""


@pytest.fixture
def waiting(shared_ctl: Callable) -> str:
    """The name of a workflow that waits until somebody completes its action."""
    name = f"waiting{uuid4().hex[:8]}"
    assert shared_ctl("apply", "-f", "-", stdin=WAITING.format(name=name)).code == 0
    return name


def started(ctl: Callable, name: str) -> str:
    ended = ctl("execution", "start", name, "-o", "name")
    assert ended.code == 0, ended.err
    return str(ended.out.strip())


def test_many_are_steered_by_a_filter_or_by_their_ids(shared_ctl: Callable, waiting: str) -> None:
    first, second = started(shared_ctl, waiting), started(shared_ctl, waiting)

    unsure = shared_ctl("execution", "pause", "-w", waiting)
    paused = shared_ctl("execution", "pause", "-w", waiting, "--yes")
    resumed = shared_ctl("execution", "resume", "--filter", f"workflow_name = {waiting}", "-y", "-o", "json")
    cancelled = shared_ctl("execution", "cancel", first, second, "nobody", "-m", "enough")
    removed = shared_ctl("execution", "delete", "-w", waiting, "--yes")

    assert (unsure.code, unsure.err) == (2, "error: --yes is needed to pause 2 executions without being asked\n")
    assert paused.out == "paused 2 executions\n"
    assert json.loads(resumed.out) == {"matched": 2, "succeeded": 2, "failed": 0, "failures": []}
    assert cancelled.out == f"cancelled execution {first}\ncancelled execution {second}\n"
    assert (cancelled.code, cancelled.err.splitlines()[-1]) == (1, "error: 1 of 3 failed")
    assert removed.out == "removed 2 executions\n"


def test_what_is_to_be_steered_must_be_said(mistralctl: Callable) -> None:
    for arguments in ((), ("some-id", "--all")):
        ended = mistralctl("execution", "cancel", *arguments)

        assert (ended.code, "say which executions" in ended.err) == (2, True)


def test_failed_tasks_of_an_execution_run_again(shared_ctl: Callable) -> None:
    name = f"failing{uuid4().hex[:8]}"
    shared_ctl("apply", "-", stdin=FAILING.format(name=name))
    execution = started(shared_ctl, name)
    shared_ctl("execution", "get", execution, "--wait", "30")

    again = shared_ctl("execution", "rerun", execution)
    shared_ctl("execution", "get", execution, "--wait", "30")
    report = shared_ctl("execution", "report", execution, "-o", "json")

    assert again.code == 0, again.err
    [task] = json.loads(report.out)["report"]["tasks"]
    assert len(task["action_executions"]) == 2


def test_events_have_positions_from_which_one_goes_on(shared_ctl: Callable, waiting: str) -> None:
    execution = started(shared_ctl, waiting)

    so_far = shared_ctl("execution", "events", execution)
    late = shared_ctl("execution", "events", execution, "--follow", "--timeout", "0.5", "--after", "1", "-o", "json")
    [action] = shared_ctl(
        "action-execution", "list", "-s", "running", "-o", "name", "--sort", "-created_at", "-l", "1"
    ).out.split()
    shared_ctl("action-execution", "complete", action, "-r", "said=yes")
    rest = shared_ctl("execution", "logs", execution, "--follow", "--after", "2")

    assert [line.split()[1:] for line in so_far.out.splitlines()] == [
        ["1", "(execution)", "RUNNING"],
        ["2", "ask", "RUNNING"],
    ]
    assert f"execution events {execution} --follow --after 2` goes on from here" in so_far.err
    assert late.code == 3
    assert [json.loads(line)["position"] for line in late.out.splitlines()] == [2]
    assert [line.split()[1:] for line in rest.out.splitlines()] == [
        ["3", "ask", "SUCCESS"],
        ["4", "größe", "RUNNING"],
        ["5", "größe", "SUCCESS"],
        ["6", "(execution)", "SUCCESS"],
    ]


def test_a_tree_shows_how_an_execution_stands(shared_ctl: Callable, waiting: str) -> None:
    execution = started(shared_ctl, waiting)

    drawn = shared_ctl("execution", "tree", execution, PYTHONUTF8="1")
    record = json.loads(shared_ctl("execution", "tree", execution, "-o", "json").out)

    top, task = drawn.out.splitlines()
    assert (waiting in top, "RUNNING" in top) == (True, True)
    assert task.startswith("└── ")
    assert [task["name"] for task in record["tasks"]] == ["ask"]


def test_waiting_too_long_is_an_exit_code_of_its_own(shared_ctl: Callable, waiting: str) -> None:
    execution = started(shared_ctl, waiting)

    got = shared_ctl("execution", "get", execution, "--wait", "0.2", "--fields", "state")
    watched = shared_ctl("watch", execution, "--timeout", "0.5")

    assert (got.code, got.out) == (3, "state  RUNNING\n")
    assert watched.code == 3
    assert f"mistralctl watch {execution}" in watched.err


def test_ctrl_c_ends_only_the_watching_and_says_how_to_go_on(
    shared_ctl: Callable, shared_home: Path, waiting: str
) -> None:
    execution = started(shared_ctl, waiting)

    code, drawn = interrupted(shared_home, "watch", execution, until="RUNNING")

    assert code == 130
    assert f"it goes on; `mistralctl watch {execution}` shows it again" in " ".join(drawn.split())
    # The cursor that was hidden while drawing is there again.
    assert drawn.rfind("\x1b[?25h") > drawn.rfind("\x1b[?25l")
    assert shared_ctl("execution", "get", execution, "--fields", "state").out == "state  RUNNING\n"


def test_watching_a_project_tells_what_happens_and_goes_on_from_a_token(
    shared_ctl: Callable, shared_home: Path, waiting: str
) -> None:
    watching = subprocess.Popen(
        [program(), "watch", "-w", waiting, "-o", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=own_environment(MISTRAL_HOME=str(shared_home)),
        preexec_fn=_heeding_ctrl_c,
    )
    assert watching.stdout is not None
    assert watching.stderr is not None
    assert watching.stderr.readline() == "watching; Ctrl-C ends it\n"
    first = started(shared_ctl, waiting)
    told = json.loads(watching.stdout.readline())
    watching.send_signal(signal.SIGINT)
    _, err = watching.communicate(timeout=60)
    token = err.partition("--resume ")[2].split()[0]
    second = started(shared_ctl, waiting)
    resumed = shared_ctl("watch", "-w", waiting, "--resume", token, "--timeout", "5", "-o", "name")

    assert (told["execution_id"], told["state"], told["workflow_name"]) == (first, "RUNNING", waiting)
    assert watching.returncode == 130
    assert resumed.code == 3
    assert resumed.out.split()[-1] == second


def interrupted(home: Path, *arguments: str, until: str) -> tuple[int, str]:
    """Run a command on a terminal, press Ctrl-C once a text was seen, and return its exit code and all it wrote."""
    pid, terminal = pty.fork()
    if pid == 0:
        _heeding_ctrl_c()
        environment = own_environment(MISTRAL_HOME=str(home), TERM="xterm-256color", PYTHONUTF8="1")
        os.execve(program(), [program(), *arguments], environment)
    drawn, is_pressed = b"", False
    try:
        while part := os.read(terminal, 65536):
            drawn += part
            if not is_pressed and until.encode() in drawn:
                os.write(terminal, b"\x03")
                is_pressed = True
    except OSError:
        # The other end of a terminal is gone when its last process is.
        pass
    _, ended = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(ended), drawn.decode()


def _heeding_ctrl_c() -> None:
    """Undo what a shell does to what it starts in the background, should these tests have been."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
