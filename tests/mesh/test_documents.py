"""What the documents promise exists: links, make targets, settings, and a first workflow that is one."""

import re
from pathlib import Path

import pytest

from mistral_core.language.parse import parse_workflows

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("libs/*/README.md")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", document.read_text())]
    missing = [target for target in targets if target and not (document.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_exist(document: Path) -> None:
    targets = set(re.findall(r"`make ([a-z]+)", document.read_text()))
    makefile = (ROOT / "Makefile").read_text()
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_settings_of_the_readme_are_read_somewhere() -> None:
    named = set(re.findall(r"MISTRAL_[A-Z_]+", (ROOT / "README.md").read_text()))
    sources = "".join(path.read_text() for path in ROOT.glob("*/*/mistral_*/**/*.py"))
    # The mesh puts the names of its port settings together.
    assert {name for name in named if name not in sources} <= {"MISTRAL_HTTP_PORT", "MISTRAL_GRPC_PORT"}


def test_the_first_workflow_is_one() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (trip,) = parse_workflows(example)
    assert trip.workflow.name == "trip"
