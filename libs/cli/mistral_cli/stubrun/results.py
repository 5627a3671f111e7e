"""Results of stub runs for programs: JSON, and the XML that CI systems read as JUnit's."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mistral_cli.stubrun.printing import value
from mistral_core.stubrun import Complaint, Report
from mistral_core.stubrun.model import UNSAID

Results = Sequence[tuple[Path, list[Report]]]


def as_json(results: Results) -> str:
    """Return all results as a JSON document."""
    passed = all(report.passed for _, reports in results for report in reports)
    files = [{"file": str(path), "cases": [_case(report) for report in reports]} for path, reports in results]
    return json.dumps({"passed": passed, "files": files}, indent=2, ensure_ascii=False, default=str)


def as_junit(results: Results) -> str:
    """Return all results as XML, a suite for each file."""
    root = ET.Element("testsuites")
    for path, reports in results:
        failed = sum(not report.passed for report in reports)
        suite = ET.SubElement(root, "testsuite", name=str(path), tests=str(len(reports)), failures=str(failed))
        for report in reports:
            case = ET.SubElement(suite, "testcase", classname=report.workflow, name=report.case.title, time="0")
            if not report.passed:
                lines = [_line(complaint) for complaint in report.complaints]
                failure = ET.SubElement(case, "failure", message=lines[0])
                failure.text = "\n".join(lines)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode")


def _case(report: Report) -> dict[str, Any]:
    return {
        "title": report.case.title,
        "line": report.case.line,
        "workflow": report.workflow,
        "passed": report.passed,
        "state": report.state,
        "output": report.output,
        "elapsed": report.elapsed,
        "complaints": [_complaint(complaint) for complaint in report.complaints],
    }


def _complaint(complaint: Complaint) -> dict[str, Any]:
    given = {"expected": complaint.expected, "actual": complaint.actual}
    told = {name: what for name, what in given.items() if what is not UNSAID}
    return {"what": complaint.what, **told, "note": complaint.note, "line": complaint.line}


def _line(complaint: Complaint) -> str:
    if complaint.expected is UNSAID and complaint.actual is UNSAID:
        return f"{complaint.what}: {complaint.note}"
    note = f" ({complaint.note})" if complaint.note else ""
    return f"{complaint.what}: expected {value(complaint.expected)}, actual {value(complaint.actual)}{note}"
