"""The recorded behaviour of Mistral, held against a whole mesh over its REST API, area by area."""

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mistral_mesh import MeshStatus
from tests.conformance.expectations import EXPECTED, LATER, awaited

HERE = Path(__file__).parent
CASES = {f"{path.parent.name}/{path.stem}": path for path in sorted(HERE.glob("cases/*/*.yaml"))}
_FAILURE = re.compile(r"^FAIL (\S+?/\S+): (.*)$", re.MULTILINE)
_SECONDS = 600


@pytest.fixture(scope="module")
def failures(new_mesh: Callable[..., MeshStatus], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    """What failed of all that is expected to pass, by area; all areas run at once, for most of the time is waiting."""
    mesh = new_mesh(settings={"MISTRAL_EGRESS_ALLOWED": "127.0.0.0/8"})
    chosen = tmp_path_factory.mktemp("conformance") / "cases"
    chosen.write_text("".join(f"{path}\n" for case, path in CASES.items() if awaited(case) is None))
    done = subprocess.run(
        [
            sys.executable,
            str(HERE / "runner.py"),
            "--base-url",
            f"{mesh.http_url}/v2",
            "--cases",
            str(chosen),
            "-j",
            "4",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    assert re.search(r"^\d+ passed, \d+ failed$", done.stdout, re.MULTILINE), done.stdout + done.stderr
    print(done.stdout)
    found: dict[str, list[str]] = defaultdict(list)
    for case, why in _FAILURE.findall(done.stdout):
        found[case.partition("/")[0]].append(f"{case}: {why}")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("area", EXPECTED)
def test_an_area_behaves_as_recorded(area: str, failures: Mapping[str, list[str]]) -> None:
    assert not failures.get(area, []), "\n".join(failures[area])


@pytest.mark.parametrize("name", sorted(LATER))
def test_a_case_waits_for_later_work(name: str) -> None:
    """Makes visible what is not expected yet, and that it exists."""
    assert any(case == name or case.startswith(name) for case in CASES)
    pytest.skip(LATER[name])


def test_every_case_is_either_expected_or_waits() -> None:
    strays = [case for case in CASES if case.partition("/")[0] not in EXPECTED and awaited(case) is None]
    assert not strays
