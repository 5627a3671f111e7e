"""Lists of the real program: formats, fields, filters, order, pages, and readers that have had enough."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
import yaml

from mistral_cli.connection import connected
from tests.cli.program import own_environment, program


@pytest.fixture(scope="module")
def environments(shared_home: Path) -> str:
    """A prefix that only the names of 130 environments have."""
    prefix = f"list{uuid4().hex[:8]}-"
    address = json.loads((shared_home / "run" / "mesh.json").read_text())["grpc_address"]
    with connected(address) as mesh:
        for number in range(130):
            mesh.environments.CreateEnvironment(name=f"{prefix}{number:03}", variables='{"a": 1}')
    return prefix


def test_all_pages_come_and_a_limit_ends_them(shared_ctl: Callable, environments: str) -> None:
    wanted = ("environment", "list", "--filter", f"name:{environments}", "-o", "name")

    limited = shared_ctl(*wanted, "--limit", "3", "--sort", "-name")
    every = shared_ctl(*wanted, "--all", "--sort", "name")

    assert limited.out.split() == [f"{environments}{number}" for number in (129, 128, 127)]
    assert every.out.split() == [f"{environments}{number:03}" for number in range(130)]


def test_lists_are_valid_json_and_yaml_with_the_fields_that_were_asked_for(
    shared_ctl: Callable, environments: str
) -> None:
    wanted = ("environment", "list", "-f", f"name:{environments}", "--limit", "2", "--sort", "name")
    expected = [{"name": f"{environments}00{number}", "variables": {"a": 1}} for number in range(2)]

    as_json = shared_ctl(*wanted, "-o", "json", "--fields", "name,variables")
    as_yaml = shared_ctl(*wanted, "-o", "yaml", "--fields", "name,variables")
    nothing = shared_ctl("environment", "list", "-f", "name = none-such", "-o", "json")
    unknown = shared_ctl(*wanted, "--fields", "colour")

    assert (json.loads(as_json.out), yaml.safe_load(as_yaml.out), nothing.out) == (expected, expected, "[]\n")
    assert as_json.out == json.dumps(expected, indent=2) + "\n"
    assert unknown.code == 2
    assert "there is no field 'colour'; there are id, name," in unknown.err


def test_a_table_has_no_colours_and_full_times_where_nobody_looks(shared_ctl: Callable, environments: str) -> None:
    ended = shared_ctl("environment", "list", "-f", f"name = {environments}000")

    title, row = ended.out.splitlines()
    assert title.split() == ["NAME", "DESCRIPTION", "SCOPE", "CREATED", "AT", "UPDATED", "AT"]
    assert row.startswith(f"{environments}000  ")
    assert row.endswith("Z")
    assert "\x1b" not in ended.out


def test_a_reader_that_had_enough_is_no_error(shared_home: Path, environments: str) -> None:
    script = f"set -o pipefail; {program()} environment list --all --filter name:{environments} | head -1"

    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        env=own_environment(MISTRAL_HOME=str(shared_home)),
        check=False,
    )

    assert (done.returncode, done.stdout.split()[0], done.stderr) == (0, "NAME", "")


def test_what_fits_a_filter_is_removed_only_when_asked_or_told(shared_ctl: Callable, environments: str) -> None:
    wanted = ("environment", "delete", "--filter", f"name:{environments}12")

    unsure = shared_ctl(*wanted)
    removed = shared_ctl(*wanted, "--yes")
    again = shared_ctl("environment", "delete", f"{environments}120", f"{environments}119")
    missing_is_well = shared_ctl("environment", "delete", f"{environments}120", "--if-exists")

    assert (unsure.code, unsure.err) == (2, "error: --yes is needed to delete 10 environments without being asked\n")
    assert (removed.code, removed.out.count("removed environment ")) == (0, 10)
    assert (again.code, again.out) == (1, f"removed environment {environments}119\n")
    assert f"error: environment {environments}120: " in again.err
    assert again.err.endswith("error: 1 of 2 failed\n")
    assert (missing_is_well.code, missing_is_well.out) == (0, f"was not there environment {environments}120\n")


def test_a_name_that_is_nearly_there_is_suggested(shared_ctl: Callable, environments: str) -> None:
    ended = shared_ctl("environment", "get", f"{environments}00o")

    assert ended.code == 1
    assert f"hint: did you mean {environments}" in ended.err


def test_a_filter_that_is_none_is_told(shared_ctl: Callable) -> None:
    ended = shared_ctl("workflow", "list", "--filter", "name ~ x")

    assert ended.code == 1
    assert ended.err.startswith("error: ")
    assert "filter" in ended.err
