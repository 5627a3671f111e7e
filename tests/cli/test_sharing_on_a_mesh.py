"""Sharing a workflow from the command line: offered, accepted, run, and ended."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

WORKFLOW = "version: '2.0'\nshared: {tasks: {t: {action: std.noop}}}\n"


@pytest.fixture(scope="module")
def guarded(run_mistralctl: Callable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, str]]]:
    """What surrounds calls of the projects red and green, on a mesh with authentication."""
    home = tmp_path_factory.mktemp("sharing")
    ports = ("--http-port", "0", "--grpc-port", "0")
    started = run_mistralctl("up", "--wait", "--home", str(home), *ports, seconds=120, MISTRAL_AUTH="api-key")
    assert started.code == 0, started.err

    def around(project: str) -> dict[str, str]:
        words = ("api-key", "create", project, "--project", project, "--scope", "write", "--home", str(home))
        made = run_mistralctl(*words, "-o", "json")
        assert made.code == 0, made.err
        return {"MISTRAL_HOME": str(home), "MISTRAL_API_KEY": json.loads(made.out)["secret"]}

    yield {project: around(project) for project in ("red", "green")}
    assert run_mistralctl("down", "--home", str(home)).code == 0


def test_a_workflow_is_offered_accepted_run_and_taken_back(
    mistralctl: Callable, guarded: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    red, green = guarded["red"], guarded["green"]
    text = tmp_path / "shared.yaml"
    text.write_text(WORKFLOW)
    stored = mistralctl("workflow", "create", str(text), "-o", "json", **red)
    workflow = json.loads(stored.out)[0]["id"] if stored.out.startswith("[") else json.loads(stored.out)["id"]

    offered = mistralctl("member", "create", "shared", "green", **red)
    assert (offered.code, offered.out) == (0, "offered the workflow shared to the project green\n"), offered
    assert mistralctl("workflow", "get", workflow, **green).code == 1
    accepted = mistralctl("member", "accept", workflow, **green)
    assert accepted.code == 0, accepted.err
    listed = mistralctl("member", "list", workflow, "-o", "json", **green)
    assert [one["status"] for one in json.loads(listed.out)] == ["ACCEPTED"]
    assert mistralctl("execution", "start", workflow, **green).code == 0

    assert mistralctl("member", "delete", "shared", "green", **red).code == 0
    gone = mistralctl("member", "accept", workflow, **green)
    assert gone.code == 1
    assert mistralctl("execution", "start", workflow, **green).code == 1
