"""How a stub run is shown on a terminal: a line for each case, and for one that failed what was not as expected."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mistral_cli.printing import STATE_STYLES
from mistral_core.stubrun import Complaint, Moment, Report
from mistral_core.stubrun.model import UNSAID
from mistral_core.stubrun.spans import shown
from mistral_core.stubrun.timeline import Happening

if TYPE_CHECKING:
    from rich.text import Text

_LONGEST_VALUE = 300
_LONGEST_INLINE = 100
_MOST_LINES = 200


def headline(report: Report) -> "Text":
    """Return the line of one case."""
    from rich.text import Text

    line = Text("  ")
    line.append("✔ " if report.passed else "✘ ", "green" if report.passed else "bold red")
    line.append(report.case.title, "" if report.passed else "bold")
    if report.elapsed is not None:
        line.append(f"  {shown(report.elapsed)}", "dim")
    return line


def details(report: Report, path: Path) -> "Iterator[Text]":
    """Yield the lines about what was not as expected."""
    from rich.text import Text

    for complaint in report.complaints:
        yield from _complaint(complaint, path)
    if report.complaints:
        for stub in report.unused:
            name = stub.task or stub.action or stub.workflow
            yield Text(f"      the stub for {name} answered nothing").append(f"   {path}:{stub.line}", "dim")


def timeline(report: Report) -> "Iterator[Text]":
    """Yield the lines of the timeline, each with its virtual time."""
    from rich.text import Text

    yield Text("      timeline", "bold")
    width = max((len(shown(moment.at)) for moment in report.timeline), default=0)
    for moment in report.timeline[:_MOST_LINES]:
        yield _moment(moment, width)
    if len(report.timeline) > _MOST_LINES:
        yield Text(f"      … and {len(report.timeline) - _MOST_LINES} more", "dim")


def value(data: Any, longest: int = _LONGEST_VALUE) -> str:
    """Return a value as one line of JSON, cut off if it is long."""
    if data is UNSAID:
        return "nothing"
    text = data if _is_expression(data) else json.dumps(data, ensure_ascii=False, default=str)
    return text if len(text) <= longest else f"{text[:longest]}…"


def _is_expression(data: Any) -> bool:
    return isinstance(data, str) and data.startswith(("<%", "{{")) and data.endswith(("%>", "}}"))


def _complaint(complaint: Complaint, path: Path) -> "Iterator[Text]":
    from rich.text import Text

    head = Text("      ")
    head.append(complaint.what, "red")
    if complaint.note and complaint.expected is UNSAID and complaint.actual is UNSAID:
        head.append(f": {complaint.note}")
    if complaint.line:
        head.append(f"   {path}:{complaint.line}", "dim")
    yield head
    if complaint.expected is not UNSAID or complaint.actual is not UNSAID:
        yield Text("        expected  ").append(value(complaint.expected), "green")
        yield Text("        actual    ").append(value(complaint.actual), "red")
        if complaint.note:
            for line in complaint.note.splitlines()[:8]:
                yield Text(f"        {line}", "dim")


def _moment(moment: Moment, width: int) -> "Text":
    from rich.text import Text

    line = Text("      ")
    line.append(shown(moment.at).rjust(width) + "  ", "dim")
    match moment.happening:
        case Happening.CALL:
            return line.append_text(_call(moment))
        case Happening.REQUEST:
            return line.append(f"somebody asks: {moment.what} {moment.note}".rstrip(), "bold yellow")
        case Happening.TASK:
            line.append(f"{moment.path} ").append(moment.what, STATE_STYLES.get(moment.what, ""))
        case Happening.EXECUTION:
            name, _, state = moment.what.rpartition(" ")
            line.append(f"{moment.path} " if moment.path else "").append(f"{name} ", "bold")
            line.append(state, STATE_STYLES.get(state, ""))
    return line.append("  " + _inline(moment.note), "dim") if moment.note else line


def _call(moment: Moment) -> "Text":
    from rich.text import Text

    line = Text(moment.path).append(" → ", "dim").append(moment.what, "cyan")
    if moment.input:
        line.append(" " + value(moment.input, _LONGEST_INLINE), "dim")
    line.append(f" {moment.note}", "dim")
    if moment.answer is not UNSAID:
        line.append(" " + value(moment.answer, _LONGEST_INLINE))
    if moment.takes:
        line.append(f" after {shown(moment.takes)}", "dim")
    return line


def _inline(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_INLINE else f"{line[:_LONGEST_INLINE]}…"
