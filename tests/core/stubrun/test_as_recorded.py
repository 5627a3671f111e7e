"""Recorded cases that need no more than the simplest actions come out of a stub run as they were recorded."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from mistral_core.documents import Document, read_document
from mistral_core.stubrun import Library, perform, read_suite
from mistral_core.stubrun.perform import Report
from mistral_core.stubrun.stage import Stage
from tests.conformance.runner import diff

CASES = Path(__file__).parents[2] / "conformance" / "cases"
# What people do meanwhile, code sources and the like are not for a stub run of one workflow.
_NEEDS_MORE = {"steps", "environments", "files"}


def candidates() -> dict[str, dict[str, Any]]:
    """Cases that start one workflow, which is accepted, and do nothing else."""
    found = {}
    for path in sorted(CASES.glob("*/*.yaml")):
        text = path.read_text(encoding="utf-8").replace("${u}", "u1")
        case = yaml.load(text, yaml.CSafeLoader)
        plain = isinstance(case.get("run"), dict) and not _NEEDS_MORE & case.keys() and "${" not in text
        kinds = {each.get("kind") for each in case.get("definitions") or ()}
        starts = not {"error", "status", "namespace"} & case.get("run", {}).keys() if plain else False
        if plain and starts and kinds <= {"workflow", "workbook", "action"} and "state" in case.get("expect", {}):
            found[f"{path.parent.name}/{path.stem}"] = case
    return found


RECORDED = candidates()


def documents(case: dict[str, Any]) -> list[Document]:
    return [read_document(each["text"]) for each in case["definitions"]]


def stub_run(case: dict[str, Any]) -> Report:
    started = {key: case["run"][key] for key in ("workflow", "input", "params") if key in case["run"]}
    suite = read_suite(json.dumps({"cases": {"it": {**started, "expect": {"state": case["expect"]["state"]}}}}))
    return perform(suite.cases[0], Library(documents(case)))


def test_many_cases_are_compared() -> None:
    assert len(RECORDED) > 150


@pytest.mark.parametrize("name", RECORDED)
def test_it_comes_out_as_recorded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case, stages = RECORDED[name], []
    opened = Stage.open
    monkeypatch.setattr(Stage, "open", lambda stage, *given: (stages.append(stage), opened(stage, *given))[1])

    report = stub_run(case)

    if any("no stub answers" in each.note for each in report.complaints):
        pytest.skip("it calls what is not there, or reaches out")
    assert report.passed, report.complaints
    expect = case["expect"]
    if "output" in expect:
        assert diff(expect["output"], report.output) is None
    [stage] = stages
    root = next(iter(stage.executions.values()))
    for task_name, wanted in (expect.get("tasks") or {}).items():
        tasks = sorted((task for task in root.tasks.values() if task.name == task_name), key=lambda task: task.number)
        assert len(tasks) == wanted.get("count", len(tasks)) > 0
        assert all(task.state == wanted.get("state", task.state) for task in tasks)
        if "published" in wanted:
            assert diff(wanted["published"], tasks[-1].published or {}) is None
