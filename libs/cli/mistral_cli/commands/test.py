"""``mistralctl test``: workflows with stubs in place of actions, in virtual time, without servers."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mistral_cli.errors import USAGE, CommandError

if TYPE_CHECKING:
    from mistral_cli.stubrun.files import Loaded
    from mistral_core.stubrun import Report


class ResultFormat(StrEnum):
    """How results of tests are printed."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


def run_tests(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Test files, or folders with files *.test.yaml.")],
    case: Annotated[
        str, typer.Option("--case", "-k", help="Only cases whose title holds this text.", show_default=False)
    ] = "",
    timeline: Annotated[
        bool, typer.Option("--timeline", "-t", help="Show what happened when also for cases that pass.")
    ] = False,
    format: Annotated[ResultFormat, typer.Option("--format", "-f", help="How to print results.")] = ResultFormat.TEXT,
) -> None:
    """Test workflows, with stubs for their actions.

    A test file stands beside a workflow: trip.test.yaml tests trip.yaml. It says what answers in place of actions and
    what must come out. Time is virtual: waits of hours take milliseconds. No server is needed.

    Exit code 0 if all cases pass, 1 if one fails, 2 if a file is wrong.
    """
    from mistral_cli.stubrun.files import found, load

    loaded = [load(path) for path in found(files)]
    results = [(each.path, _performed(each, case)) for each in loaded]
    reports = [report for _, several in results for report in several]
    if not reports:
        raise CommandError(f"no case has '{case}' in its title", USAGE)
    _print(results, format, timeline=timeline)
    raise typer.Exit(0 if all(report.passed for report in reports) else 1)


def _performed(loaded: "Loaded", chosen: str) -> "list[Report]":
    from mistral_cli.authored import told
    from mistral_core.stubrun import perform

    with told(loaded.path):
        return [perform(case, loaded.library) for case in loaded.suite.cases if chosen in case.title]


def _print(results: "Sequence[tuple[Path, list[Report]]]", format: ResultFormat, *, timeline: bool) -> None:
    from mistral_cli.stubrun import results as documents

    match format:
        case ResultFormat.JSON:
            typer.echo(documents.as_json(results))
        case ResultFormat.JUNIT:
            typer.echo(documents.as_junit(results))
        case ResultFormat.TEXT:
            _print_text(results, timeline=timeline)


def _print_text(results: "Sequence[tuple[Path, list[Report]]]", *, timeline: bool) -> None:
    from rich.text import Text

    from mistral_cli.printing import console
    from mistral_cli.stubrun import printing

    out = console()
    for path, reports in results:
        out.print(Text(str(path), "bold"))
        for report in reports:
            out.print(printing.headline(report))
            for line in printing.details(report, path):
                out.print(line)
            if timeline or not report.passed:
                for line in printing.timeline(report):
                    out.print(line)
    every = [report for _, reports in results for report in reports]
    failed = sum(not report.passed for report in every)
    out.print(Text(f"{len(every) - failed} passed, {failed} failed", "bold red" if failed else "bold green"))
