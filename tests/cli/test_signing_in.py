"""A mesh that asks who calls: what is told without a key, and the ways to give one."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def guarded(run_mistralctl: Callable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The home of a mesh with authentication, and a key of an administrator."""
    home = tmp_path_factory.mktemp("guarded")
    ports = ("--http-port", "0", "--grpc-port", "0")
    started = run_mistralctl("up", "--wait", "--home", str(home), *ports, seconds=120, MISTRAL_AUTH="api-key")
    assert started.code == 0, started.err
    made = run_mistralctl("api-key", "create", "root", "--scope", "admin", "--home", str(home), "-o", "json")
    assert made.code == 0, made.err
    yield home, json.loads(made.out)["secret"]
    assert run_mistralctl("down", "--home", str(home)).code == 0


def test_without_a_key_it_says_how_to_give_one(mistralctl: Callable, guarded: tuple[Path, str]) -> None:
    home, _ = guarded

    ended = mistralctl("workflow", "list", MISTRAL_HOME=str(home))

    assert ended.code == 1
    assert ended.err.splitlines() == [
        "error: Authentication required",
        "hint: give a key by MISTRAL_API_KEY, or keep one: `mistralctl config set NAME api_key=KEY`",
    ]


def test_a_key_comes_from_a_flag_a_variable_or_the_context(
    mistralctl: Callable, guarded: tuple[Path, str], tmp_path: Path
) -> None:
    home, key = guarded
    around = {"MISTRAL_HOME": str(home), "MISTRAL_CONFIG": str(tmp_path / "config.toml")}
    mistralctl("config", "set", "guarded", "api_key=-", stdin=f"{key}\n", **around)

    kept = mistralctl("environment", "list", **around)
    wrong = mistralctl("environment", "list", MISTRAL_API_KEY="mistral_wrong", **around)
    right = mistralctl("environment", "list", "--api-key", key, MISTRAL_API_KEY="mistral_wrong", **around)

    assert (kept.code, wrong.code, right.code) == (0, 1, 0), (kept.err, right.err)
    assert "mistral_wrong" not in wrong.err


def test_an_administrator_acts_in_another_project_and_lists_all(
    mistralctl: Callable, guarded: tuple[Path, str]
) -> None:
    home, key = guarded
    around = {"MISTRAL_HOME": str(home), "MISTRAL_API_KEY": key}

    stored = mistralctl("environment", "create", "red-one", "-v", "a=1", "--project", "red", **around)
    every = mistralctl("environment", "list", "--all-projects", **around)

    assert stored.code == 0, stored.err
    title, row = every.out.splitlines()
    assert (title.split()[-2:], row.split()[-1]) == (["PROJECT", "ID"], "red")
