"""Help, manual and completion: each command explains itself, and what is written of them is true."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from mistral_cli.app import app
from mistral_cli.errors import EXIT_CODES
from mistral_cli.manual import into
from mistral_cli.overview import overview
from mistral_cli.table_of_commands import COMMANDS
from tests.cli.program import own_environment, program

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def commands() -> Iterator[tuple[str, Any]]:
    root = typer.main.get_command(app)
    for section in COMMANDS.values():
        for name in section:
            yield from below(root.get_command(typer.Context(root), name), name)  # type: ignore[attr-defined]


def below(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for name, each in command.commands.items():
            yield from below(each, f"{path} {name}")
    else:
        yield path, command


EVERY = list(commands())


def test_the_manual_tells_the_truth() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert into(text) == text, "write it anew: python -m mistral_cli.manual docs/cli.md"


@pytest.mark.parametrize("path", [path for path, _ in EVERY])
def test_every_command_and_option_says_what_it_does(path: str) -> None:
    command = dict(EVERY)[path]
    first = (command.help or "").splitlines()[0]

    assert first.endswith(".")
    assert len(first) <= 110
    assert all(getattr(param, "help", "") for param in command.params)


def test_commands_that_talk_to_the_mesh_have_the_same_options_and_an_example() -> None:
    talking = [(path, command) for path, command in EVERY if "grpc_address" in {each.name for each in command.params}]
    shared = {"fields", "utc", "quiet", "no_color", "context", "api_key", "project", "timeout"}

    assert len(talking) > 50
    assert [path for path, each in talking if not shared <= {param.name for param in each.params}] == []
    assert [path for path, each in talking if not (each.epilog or "").startswith("mistralctl ")] == []


def test_the_line_of_a_group_is_that_of_its_own_help() -> None:
    root = typer.main.get_command(app)
    told = {name: line for section in COMMANDS.values() for name, (_, line) in section.items()}
    groups = {name: root.get_command(typer.Context(root), name) for name in told}  # type: ignore[attr-defined]

    differ = {
        name: line
        for name, line in told.items()
        if hasattr(groups[name], "commands") and not groups[name].help.startswith(line)
    }
    assert differ == {}


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_the_overview_fits_the_terminal_and_has_every_command(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    text = overview(COMMANDS)

    assert all(len(line) <= max(columns, 66) for line in text.splitlines())
    for section in COMMANDS.values():
        assert all(f"\n  {name} " in text for name in section)
    for code in EXIT_CODES:
        assert f"\n  {code} " in text


def test_the_overview_is_printed_without_loading_any_command() -> None:
    slow = "{'typer', 'grpc', 'rich', 'yaml', 'pydantic', 'mistral_mesh', 'mistral_core', 'mistral_cli.app'}"
    script = (
        "import sys, atexit, mistral_cli.__main__ as program\n"
        f"atexit.register(lambda: print({slow} & set(sys.modules), file=sys.stderr))\n"
        "sys.argv = ['mistralctl', '--help']\nprogram.main()"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stderr == "set()\n"


def test_a_command_loads_neither_pydantic_nor_rich_nor_yaml() -> None:
    script = (
        "import sys, atexit, mistral_cli.__main__ as program\n"
        "atexit.register(lambda: print({'pydantic', 'rich', 'yaml', 'mistral_core'} & set(sys.modules)))\n"
        "sys.argv = ['mistralctl', 'execution', 'get', 'some-id', '--grpc-address', '127.0.0.1:1']\nprogram.main()"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env=own_environment()
    )

    assert (done.returncode, done.stdout) == (1, "set()\n"), done.stderr


def test_a_command_that_is_nearly_one_is_suggested(mistralctl: Callable) -> None:
    ended = mistralctl("workfow", "list")

    assert ended.code == 2
    assert "there is no command 'workfow'; did you mean workflow or workbook?" in ended.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(mistralctl: Callable, shell: str) -> None:
    ended = mistralctl("completion", shell)

    assert ended.code == 0
    assert "_MISTRALCTL_COMPLETE=complete_" in ended.out


def completed(*words: str, **environment: str) -> list[str]:
    line = own_environment(
        _MISTRALCTL_COMPLETE="complete_bash", COMP_WORDS=" ".join(words), COMP_CWORD=str(len(words) - 1), **environment
    )
    done = subprocess.run([program()], capture_output=True, text=True, env=line, check=False)
    assert done.stderr == ""
    return done.stdout.split()


def test_commands_options_and_values_are_completed() -> None:
    assert completed("mistralctl", "work") == ["workflow", "workbook", "worker"]
    assert completed("mistralctl", "execution", "st") == ["start", "stop"]
    assert completed("mistralctl", "workflow", "list", "--out") == ["--output"]
    assert completed("mistralctl", "workflow", "list", "-o", "ta") == ["table"]


def test_nothing_is_completed_and_nothing_said_where_no_mesh_answers() -> None:
    assert completed("mistralctl", "workflow", "get", "he", MISTRAL_GRPC_ADDRESS="127.0.0.1:1") == []


def test_names_of_the_mesh_are_completed(shared_ctl: Callable, shared_home: Path) -> None:
    shared_ctl("environment", "create", "completed-one", "-v", "a=1")

    assert completed("mistralctl", "environment", "get", "completed-", MISTRAL_HOME=str(shared_home)) == [
        "completed-one"
    ]


def test_bash_completes_with_the_script(mistralctl: Callable) -> None:
    script = mistralctl("completion", "bash").out
    ask = (
        f"PATH={Path(program()).parent}:$PATH\n{script}\n"
        "COMP_WORDS=(mistralctl execution re) COMP_CWORD=2\n_mistralctl_completion mistralctl\n"
        'echo "${COMPREPLY[@]}"'
    )

    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True, env=dict(os.environ))

    assert set(done.stdout.split()) == {"report", "rerun", "resume"}
