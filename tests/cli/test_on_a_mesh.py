"""The real program against a real mesh: what a person does from the first file to the last look."""

import json
import os
import pty
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import yaml

HELLO = """
version: '2.0'
hello:
  input:
    - name: world
  output:
    greeting: <% $.greeting %>
  tasks:
    greet:
      action: std.echo output="Hello, <% $.name %>!"
      publish:
        greeting: <% task().result %>
"""

FAILING = """
version: '2.0'
failing:
  tasks:
    broken:
      action: std.fail
"""

BOOK = """
{version: '2.0', name: book, actions: {greet: {input: [name], base: 'std.echo output="Hello, <% $.name %>!"'}},
 workflows: {main: {output: {mood: <% task(t).result %>}, tasks: {t: {action: greet name=<% env().mood %>}}}}}
"""

WAITING = """
version: '2.0'
waiting:
  output:
    said: <% $.get(said) %>
  tasks:
    ask:
      action: std.async_noop
      publish:
        said: <% task().result %>
"""

NESTED = """
version: '2.0'
nested:
  tasks:
    part:
      with-items: n in [1, 2]
      workflow: inner n=<% $.n %>
inner:
  input:
    - n
  tasks:
    leaf:
      action: std.echo output=<% $.n %>
"""


@pytest.fixture(scope="module")
def mesh(run_mistralctl: Callable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a mesh that was started by the program itself."""
    home = tmp_path_factory.mktemp("mesh")
    started = run_mistralctl("up", "--wait", "--home", str(home), "--http-port", "0", "--grpc-port", "0", seconds=120)
    assert started.code == 0, started.err
    assert "the mesh is well" in started.out
    yield home
    stopped = run_mistralctl("down", "--home", str(home))
    assert stopped.code == 0, stopped.err


@pytest.fixture
def ctl(mistralctl: Callable, mesh: Path, tmp_path: Path) -> Callable:
    for name, text in (("hello", HELLO), ("failing", FAILING), ("waiting", WAITING), ("nested", NESTED)):
        (tmp_path / f"{name}.yaml").write_text(text)

    def run(*arguments: str, **options: str):
        return mistralctl(*arguments, MISTRAL_HOME=str(mesh), **options)

    return run


def as_json(ended):
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def test_a_file_is_run_in_one_command(ctl):
    ended = ctl("run", "hello.yaml", "--input", '{"name": "Ada"}')

    assert ended.code == 0, ended.err
    progress, _, result = ended.out.partition("\n{")
    assert "hello / greet" in progress
    assert "SUCCESS in" in progress
    assert json.loads("{" + result) == {"greeting": "Hello, Ada!"}


def test_a_stored_workflow_is_run_by_its_name_with_input_from_a_file(ctl, tmp_path):
    (tmp_path / "input.json").write_text('{"name": "Grace"}')
    ctl("run", "hello.yaml")

    execution = as_json(ctl("run", "hello", "--input", "@input.json", "-o", "json"))

    assert (execution["state"], execution["output"]) == ("SUCCESS", {"greeting": "Hello, Grace!"})


def test_a_failed_execution_is_exit_code_1_and_tells_why(ctl):
    ended = ctl("run", "failing.yaml")

    assert ended.code == 1
    assert "ERROR" in ended.out
    assert "broken" in ended.out


def test_a_faulty_file_is_refused_with_its_place(ctl):
    faulty = HELLO.replace("action:", "actoin:")

    ended = ctl("run", "-", stdin=faulty)
    checked = ctl("workflow", "validate", "-", stdin=faulty)

    assert ended.code == checked.code == 1
    for text in (ended.err, checked.err):
        assert text.startswith("error: ")
        assert "actoin" in text
        assert "Traceback" not in text


def test_sub_workflows_are_shown_below_their_tasks(ctl):
    ended = ctl("run", "nested.yaml")

    assert ended.code == 0, ended.err
    assert ended.out.count("nested / part / inner / leaf") >= 2
    assert "n=2" in ended.out


def test_a_file_of_which_one_workflow_is_stored_already_is_stored_whole(ctl):
    ctl("workflow", "create", "hello.yaml")
    both = HELLO + FAILING.replace("version: '2.0'", "").replace("failing:", f"failing{uuid4().hex}:")

    ended = ctl("run", "-", stdin=both)

    assert ended.code == 0, ended.err


def test_the_life_of_a_definition(ctl, tmp_path):
    name = f"greeter{uuid4().hex[:8]}"
    file = tmp_path / "own.yaml"
    file.write_text(HELLO.replace("\nhello:", f"\n{name}:"))

    created = as_json(ctl("workflow", "create", "own.yaml", "-o", "json"))
    again = ctl("workflow", "create", "own.yaml")
    file.write_text(file.read_text() + "# changed\n")
    updated = yaml.safe_load(ctl("workflow", "update", "own.yaml", "-o", "yaml").out)
    shown = ctl("workflow", "get", name, "--definition")
    table = ctl("workflow", "list")
    deleted = ctl("workflow", "delete", name)
    gone = ctl("workflow", "get", name)

    assert [workflow["version"] for workflow in created + updated] == [1, 2]
    assert (again.code, gone.code, deleted.code) == (1, 1, 0)
    assert name in again.err
    assert shown.out == file.read_text()
    assert any(line.startswith(f"{name} ") for line in table.out.splitlines())
    assert gone.err.count("\n") == 1


def test_the_life_of_an_execution(ctl):
    ctl("workflow", "create", "waiting.yaml")
    id = str(uuid4())

    started = as_json(ctl("execution", "start", "waiting", "--id", id, "--description", "mine", "-o", "json"))
    paused = as_json(ctl("execution", "pause", id, "-o", "json"))
    resumed = as_json(ctl("execution", "resume", id, "-o", "json"))
    stopped = as_json(ctl("execution", "stop", id, "--state", "error", "-m", "enough", "-o", "json"))
    watched = ctl("execution", "watch", id)
    found = as_json(ctl("execution", "list", "-w", "waiting", "-s", "error", "-o", "json"))
    deleted = ctl("execution", "delete", id)

    assert UUID(started["id"]) == UUID(id)
    assert [started["state"], paused["state"], resumed["state"]] == ["RUNNING", "PAUSED", "RUNNING"]
    assert (stopped["state"], stopped["state_info"]) == ("ERROR", "enough")
    assert watched.code == 1
    assert "enough" in watched.out
    assert id in {execution["id"] for execution in found}
    assert deleted.code == 0
    assert ctl("execution", "get", id).code == 1


def test_an_asynchronous_action_is_completed_by_hand(ctl):
    ctl("workflow", "create", "waiting.yaml")
    execution = as_json(ctl("execution", "start", "waiting", "-o", "json"))
    [task] = as_json(ctl("task", "list", "-e", execution["id"], "-o", "json"))
    [action] = as_json(ctl("action-execution", "list", "--task", task["id"], "-o", "json"))

    completed = ctl("action-execution", "complete", action["id"], "--result", '{"all": "well"}')
    ended = as_json(ctl("execution", "get", execution["id"], "--wait", "10", "-o", "json"))

    assert completed.code == 0, completed.err
    assert ended["state"] == "SUCCESS"
    assert ended["output"] == {"said": {"all": "well"}}
    assert as_json(ctl("action-execution", "get", action["id"], "-o", "json"))["state"] == "SUCCESS"


def test_a_failed_task_is_skipped(ctl):
    execution = json.loads(ctl("run", "failing.yaml", "-o", "json").out)
    [task] = as_json(ctl("task", "list", "-e", execution["id"], "-s", "error", "-o", "json"))

    skipped = ctl("task", "skip", task["id"])

    assert skipped.code == 0, skipped.err
    assert as_json(ctl("task", "get", task["id"], "-o", "json"))["state"] == "SKIPPED"


def test_a_failed_task_is_run_again(ctl):
    execution = json.loads(ctl("run", "failing.yaml", "-o", "json").out)
    [task] = as_json(ctl("task", "list", "-e", execution["id"], "-o", "json"))

    rerun = ctl("task", "rerun", task["id"])
    ended = as_json(ctl("execution", "get", execution["id"], "--wait", "10", "-o", "json"))

    assert rerun.code == 0, rerun.err
    assert ended["state"] == "ERROR"
    assert len(as_json(ctl("action-execution", "list", "-t", task["id"], "-o", "json"))) == 2


def test_what_is_not_there_is_told_in_one_line(ctl):
    for command in ("execution", "task", "action-execution"):
        ended = ctl(command, "get", str(uuid4()))

        assert ended.code == 1
        assert "not found" in ended.err
        assert ended.err.count("\n") == 1


def test_the_status_shows_every_process(ctl, mesh):
    status = as_json(ctl("status", "-o", "json"))

    assert status["ready"]
    assert status["home"] == str(mesh)
    assert {"engine-0", "executor-0", "scheduler-0", "notifier-0", "api_gateway-0"} <= {
        program["name"] for program in status["programs"]
    }


def test_on_a_terminal_it_draws_a_tree(ctl, mesh, tmp_path):
    read, write = pty.openpty()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        for descriptor in (0, 1, 2):
            os.dup2(write, descriptor)
        program = str(Path(sys.executable).with_name("mistralctl"))
        environ = {**os.environ, "MISTRAL_HOME": str(mesh), "TERM": "xterm-256color", "PYTHONUTF8": "1"}
        os.execve(program, [program, "run", str(tmp_path / "nested.yaml")], environ)
    os.close(write)
    drawn = b""
    try:
        while part := os.read(read, 65536):
            drawn += part
    except OSError:
        # The other end of a terminal is gone when its last process is.
        pass
    _, ended = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(ended) == 0
    text = drawn.decode()
    assert "└── " in text
    assert "✔" in text
    assert "leaf" in text


def test_a_file_is_run_on_a_mesh_of_its_own(mistralctl, tmp_path):
    tour = Path(__file__).parents[2] / "examples" / "tour.yaml"

    ended = mistralctl("run", "--ephemeral", str(tour), seconds=120)

    assert ended.code == 0, ended.out + ended.err
    result = json.loads("{" + ended.out.partition("\n{")[2])
    assert result["postcards"] == ["Greetings from Lima", "Greetings from Oslo", "Greetings from Pune"]
    assert result["looks"] == "seen over HTTP that all are back"
    assert mistralctl("status").code == 1


def test_an_action_of_a_workbook_is_run_on_its_own_and_an_environment_by_its_name(ctl):
    ctl("workbook", "create", "-", stdin=BOOK)
    ctl("environment", "create", "calm", "--variables", '{"mood": "calm"}')

    ran = as_json(ctl("action", "run", "book.greet", "--input", '{"name": "Ada"}', "-o", "json"))
    execution = as_json(ctl("run", "book.main", "--params", '{"env": "calm"}', "-o", "json"))

    assert (ran["output"], execution["output"]) == ({"result": "Hello, Ada!"}, {"mood": "Hello, calm!"})
