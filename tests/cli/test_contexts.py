"""``mistralctl config``: contexts, what wins over what, and keys that stay private."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from mistral_cli.connection import found_address
from mistral_cli.contexts import Contexts, read, write


@pytest.fixture
def config(mistralctl: Callable, tmp_path: Path) -> Callable:
    def run(*arguments: str, **options: str):
        return mistralctl(*arguments, MISTRAL_CONFIG=str(tmp_path / "own" / "config.toml"), **options)

    return run


def test_contexts_are_kept_shown_used_and_removed(config: Callable, tmp_path: Path) -> None:
    config("config", "set", "home", "grpc_address=127.0.0.1:1")
    kept = config("config", "set", "web", "grpc-address=mesh:443", "tls=true", "api_key=-", stdin="s3cret\n")
    listed = json.loads(config("config", "list", "-o", "json").out)
    used = config("config", "use", "web")
    shown = config("config", "get", "web")
    removed = config("config", "delete", "home")

    file = tmp_path / "own" / "config.toml"
    assert [each.code for each in (kept, used, shown, removed)] == [0, 0, 0, 0]
    assert [(each["name"], each["current"], each["api_key"]) for each in listed] == [
        ("home", "*", ""),
        ("web", "", "(hidden)"),
    ]
    assert "s3cret" not in shown.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read(file) == Contexts("web", {"web": {"grpc_address": "mesh:443", "tls": "true", "api_key": "s3cret"}})


def test_a_flag_wins_over_a_variable_and_that_over_the_context(config: Callable) -> None:
    config("config", "set", "home", "grpc_address=127.0.0.1:1")
    config("config", "set", "other", "grpc_address=127.0.0.1:2")

    asked = [
        config("workflow", "list"),
        config("workflow", "list", "--context", "other"),
        config("workflow", "list", MISTRAL_GRPC_ADDRESS="127.0.0.1:3"),
        config("workflow", "list", "--grpc-address", "127.0.0.1:4", MISTRAL_GRPC_ADDRESS="127.0.0.1:3"),
    ]

    assert [each.err.partition("answers at ")[2].partition(";")[0] for each in asked] == [
        f"127.0.0.1:{port}" for port in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("workflow", "list", "--context", "nope"), "there is no context 'nope'; known: none"),
        (("config", "use", "nope"), "there is no context 'nope'"),
        (("config", "set", "a", "colour=red"), "a context has no key 'colour'; known: grpc_address,"),
        (("config", "set", "a", "tls"), "'tls' is not KEY=VALUE"),
    ],
)
def test_a_mistake_is_told(config: Callable, arguments: tuple[str, ...], complaint: str) -> None:
    ended = config(*arguments)

    assert (ended.code, complaint in ended.err) == (2, True)


def test_a_broken_file_is_named(config: Callable, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "config.toml").write_text("contexts = 3\n")

    ended = config("workflow", "list")

    assert ended.code == 2
    assert f"{tmp_path / 'own' / 'config.toml'}: 'contexts' must be tables" in ended.err


def test_odd_names_and_values_survive_the_file(tmp_path: Path) -> None:
    contexts = Contexts('a "b".c', {'a "b".c': {"api_key": "x\\y\n\x7fß'"}, "東京": {}})

    write(tmp_path / "config.toml", contexts)

    assert read(tmp_path / "config.toml") == contexts


def test_the_mesh_of_a_home_that_is_named_wins_over_the_context(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mesh.json").write_text('{"grpc_address": "home:1"}')
    context = {"grpc_address": "context:1"}

    assert found_address({"MISTRAL_HOME": str(tmp_path)}, context) == "home:1"
    assert found_address({"MISTRAL_HOME": str(tmp_path / "gone")}, context) == "context:1"
    assert found_address({"MISTRAL_GRPC_PORT": "7"}, context) == "127.0.0.1:7"
