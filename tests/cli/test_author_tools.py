"""The tools for authors, run as a person runs them: they need no server, and say in one line what is wrong."""

import json
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

TRIP = """
version: '2.0'
trip:
  output: {where: <% $.where %>}
  tasks:
    go:
      action: travel.to city=Oslo
      retry: {count: 2, delay: 60}
      publish: {where: <% task().result %>}
"""

CASES = """
stubs:
  - {action: travel.to, answers: [{error: no train}, {result: Oslo}]}
cases:
  gets there:
    expect: {output: {where: Oslo}, elapsed: 1m}
"""

WRONG = CASES + "  gets elsewhere:\n    expect: {output: {where: Rome}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "trip.yaml").write_text(TRIP)
    (tmp_path / "trip.test.yaml").write_text(CASES)
    return tmp_path


def test_the_examples_pass_their_tests(run_mistralctl):
    ended = run_mistralctl("test", str(EXAMPLES))

    assert ended.code == 0, ended.out + ended.err
    assert "✔ all branches meet  2 s" in ended.out
    assert ended.out.rstrip().endswith("0 failed")


def test_the_example_of_the_manual_passes(mistralctl, tmp_path):
    manual = (EXAMPLES.parent / "docs" / "testing_workflows.md").read_text()
    workflow, cases, *_ = re.findall(r"```yaml\n(.*?)```", manual, re.DOTALL)
    (tmp_path / "trip.yaml").write_text(workflow)
    (tmp_path / "trip.test.yaml").write_text(cases)

    assert mistralctl("test", ".").out.endswith("2 passed, 0 failed\n")
    assert mistralctl("lint", ".").code == 0


def test_the_manual_explains_every_rule(mistralctl):
    manual = (EXAMPLES.parent / "docs" / "tools.md").read_text()

    for code, rule in json.loads(mistralctl("lint", "--rules", "--format", "json").out).items():
        assert f"| `{code}` | {rule['level']} | {rule['about']} {rule['why']} |" in manual


def test_a_folder_of_tests_passes(mistralctl, folder):
    ended = mistralctl("test", ".")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "trip.test.yaml\n  ✔ gets there  1 m\n1 passed, 0 failed\n"


def test_a_case_that_fails_shows_what_was_expected_and_what_happened(mistralctl, folder):
    (folder / "trip.test.yaml").write_text(WRONG)

    ended = mistralctl("test", "trip.test.yaml")

    assert ended.code == 1
    assert "✘ gets elsewhere" in ended.out
    assert 'output.where   trip.test.yaml:8\n        expected  "Rome"\n        actual    "Oslo"\n' in ended.out
    assert '0 s  go → travel.to {"city": "Oslo"} fails with "no train"' in ended.out
    assert "1 m  go SUCCESS" in ended.out
    assert ended.out.endswith("1 passed, 1 failed\n")


def test_a_stub_that_answered_nothing_is_named_when_its_case_fails(mistralctl, folder):
    (folder / "trip.test.yaml").write_text("cases:\n  one:\n    stubs: [{action: travel.too, result: 1}]\n")

    ended = mistralctl("test", ".")

    assert ended.code == 1
    assert "no stub answers action 'travel.to'" in ended.out
    assert "the stub for travel.too answered nothing   trip.test.yaml:3" in ended.out


def test_the_timeline_is_shown_on_request_and_single_cases_are_chosen(mistralctl, folder):
    (folder / "trip.test.yaml").write_text(WRONG)

    ended = mistralctl("test", "trip.test.yaml", "-k", "there", "--timeline")

    assert ended.code == 0
    assert "timeline" in ended.out
    assert "elsewhere" not in ended.out


def test_results_for_programs(mistralctl, folder):
    (folder / "trip.test.yaml").write_text(WRONG)

    document = json.loads(mistralctl("test", ".", "--format", "json").out)
    suite = ET.fromstring(mistralctl("test", ".", "--format", "junit").out)

    assert document["passed"] is False
    assert document["files"][0]["cases"][1]["complaints"][0]["actual"] == "Oslo"
    assert [case.get("name") for case in suite.iter("testcase")] == ["gets there", "gets elsewhere"]
    assert [failure.get("message") for failure in suite.iter("failure")] == [
        'output.where: expected "Rome", actual "Oslo"'
    ]


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("trip.test.yaml", "cases: {one: {expcet: {}}}", "trip.test.yaml:1:15: unknown key 'expcet'"),
        ("trip.test.yaml", "cases: {one: {workflow: tripp}}", "did you mean 'trip'?"),
        ("trip.yaml", "version: '2.0'\ntrip: {tasks: {t: {acton: x}}}", "trip.yaml:2:20: unknown key 'acton'"),
        ("trip.test.yaml", "files: [gone.yaml]\ncases: {one: {}}", "gone.yaml: No such file or directory"),
        ("other.test.yaml", "cases: {one: {}}", "does not say which files it tests"),
    ],
)
def test_a_file_that_is_wrong_is_named_with_its_line(mistralctl, folder, file, text, complaint):
    (folder / file).write_text(text)

    ended = mistralctl("test", ".")

    assert ended.code == 2
    assert complaint in ended.err
    assert "Traceback" not in ended.err


def test_lint_finds_nothing_in_a_sound_workflow(run_mistralctl):
    ended = run_mistralctl("lint", str(EXAMPLES / "tour.yaml"), str(EXAMPLES / "tour.test.yaml"))

    assert (ended.code, ended.out) == (0, "nothing found in 2 files\n")


def test_lint_tells_place_code_and_reason_and_ends_with_a_code_for_the_worst(mistralctl, folder):
    bad = folder / "bad.yaml"
    bad.write_text("version: '2.0'\nw:\n  input: [a]\n  tasks:\n    t: {action: std.ecko}\n")

    ended = mistralctl("lint", "bad.yaml")
    as_json = json.loads(mistralctl("lint", "bad.yaml", "--format", "json").out)
    bad.write_text("version: '2.0'\nw: {}\n")

    assert ended.code == 1
    assert "bad.yaml:5:9 warning unknown-action  there is no action 'std.ecko' - did you mean 'std.echo'?" in ended.out
    assert [(each["level"], each["code"], each["line"]) for each in as_json] == [
        ("hint", "unused-input", 3),
        ("warning", "unknown-action", 5),
    ]
    assert mistralctl("lint", ".").code == 2


def test_lint_explains_its_rules_and_reads_standard_input(mistralctl):
    assert "impossible-join" in mistralctl("lint", "--rules").out
    assert mistralctl("lint", "-", stdin=TRIP).code == 0


def test_a_drawing_goes_to_a_file_or_to_standard_output(mistralctl, folder):
    shutil.copy(EXAMPLES / "tour.yaml", folder)

    written = mistralctl("graph", "tour.yaml", "-o", "tour.svg")
    printed = mistralctl("graph", "tour.yaml", "--workflow", "visit")
    on_request = mistralctl("graph", "-", "--format", "svg", stdin=TRIP)

    assert (written.code, written.out) == (0, "")
    assert ET.fromstring((folder / "tour.svg").read_text()).get("aria-label") == "tour"
    assert printed.out.startswith('---\ntitle: "visit"\n---\nflowchart TD\n')
    assert ET.fromstring(on_request.out).get("aria-label") == "trip"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("graph",), "say what to draw"),
        (("graph", "trip.yaml", "--execution", "x"), "say what to draw"),
        (("graph", "trip.yaml", "-w", "trap"), "did you mean 'trip'?"),
        (("graph", "gone.yaml"), "gone.yaml: No such file or directory"),
        (("lint",), "say what to check"),
        (("lint", "gone.yaml"), "gone.yaml: No such file or directory"),
        (("test", "gone"), "there is no file gone"),
        (("test", ".", "-k", "nothing like it"), "no case has 'nothing like it'"),
        (("schema", "poem"), "poem"),
    ],
)
def test_a_mistake_in_the_command_is_told_in_one_line(mistralctl, folder, arguments, complaint):
    ended = mistralctl(*arguments)

    assert ended.code == 2
    assert complaint in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("kind", ["workflow", "workbook", "actions", "test"])
def test_schemas_are_printed(mistralctl, kind):
    assert json.loads(mistralctl("schema", kind).out)["$schema"].startswith("http://json-schema.org/")
