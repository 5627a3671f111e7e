"""Help, usage errors and what is said when no mesh is there."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from mistral_cli.app import app


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("run",),
        ("test",),
        ("lint",),
        ("graph",),
        ("schema",),
        ("up",),
        ("down",),
        ("status",),
        ("workflow",),
        ("workflow", "create"),
        ("execution",),
        ("execution", "start"),
        ("execution", "watch"),
        ("task",),
        ("task", "rerun"),
        ("action-execution",),
        ("action-execution", "complete"),
    ],
)
def test_every_command_has_help(arguments):
    ended = CliRunner().invoke(app, [*arguments, "--help"], prog_name="mistralctl")

    assert ended.exit_code == 0
    assert f"Usage: {' '.join(('mistralctl', *arguments))}" in ended.output


def test_help_loads_nothing_slow():
    slow = "{'grpc', 'google.protobuf', 'rich.console', 'yaml', 'mistral_mesh', 'mistral_core'}"
    script = f"import sys, mistral_cli.app; print({slow} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("run", "x", "--input", "{no"), "--input is not valid JSON"),
        (("run", "x", "--input", "[1]"), "--input must be a JSON object"),
        (("run", "x", "--params", '"a"'), "--params must be a JSON object"),
        (("run", "gone.yaml"), "there is no file gone.yaml"),
        (("execution", "start", "x", "-i", "{"), "--input is not valid JSON"),
        (("execution", "list", "--state", "sideways"), "sideways"),
        (("action-execution", "complete", "x", "--result", "[]"), "--result must be a JSON object"),
    ],
)
def test_a_mistake_in_the_command_is_told_in_one_line(mistralctl, arguments, complaint):
    ended = mistralctl(*arguments)

    assert ended.code == 2
    assert complaint in ended.err
    assert "Traceback" not in ended.err


def test_a_missing_file_of_input_is_named(mistralctl):
    ended = mistralctl("run", "x", "--input", "@gone.json")

    assert ended.code == 1
    assert ended.err == "error: gone.json: No such file or directory\n"


def test_without_a_mesh_it_says_how_to_start_one(mistralctl):
    ended = mistralctl("workflow", "list", "--grpc-address", "127.0.0.1:1")

    assert ended.code == 1
    assert "no mesh answers at 127.0.0.1:1; start one with `mistralctl up`" in ended.err


def test_the_address_is_found_in_the_home(mistralctl, tmp_path):
    (tmp_path / ".mistral" / "run").mkdir(parents=True)
    (tmp_path / ".mistral" / "run" / "mesh.json").write_text('{"grpc_address": "127.0.0.1:2"}')

    assert "127.0.0.1:2" in mistralctl("task", "list").err


def test_the_status_of_no_mesh_is_an_error(mistralctl):
    ended = mistralctl("status")

    assert ended.code == 1
    assert "no mesh runs in" in ended.err
