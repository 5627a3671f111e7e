"""``mistralctl lint``: what is wrong or odd about definitions, without servers."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mistral_cli.errors import USAGE, CommandError

if TYPE_CHECKING:
    from rich.text import Text

    from mistral_core.lint import Finding
    from mistral_core.offered_input import OfferedInput

_SUFFIXES = (".yaml", ".yml", ".json")
_STYLES = {"error": "bold red", "warning": "yellow", "hint": "cyan"}
_CODE_WIDTH = 22
_MOST_ACTIONS = 100_000


class LintFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"


def lint(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE", help="Definitions of any kind, folders of them, or - for standard input."),
    ] = None,
    format: Annotated[LintFormat, typer.Option("--format", "-f", help="How to print what is found.")] = LintFormat.TEXT,
    pedantic: Annotated[
        bool, typer.Option("--pedantic", help="Also find actions whose failure nothing provides for.")
    ] = False,
    mesh: Annotated[
        bool, typer.Option("--mesh", help="Ask the mesh which actions workers offer, and check calls of them too.")
    ] = False,
    rules: Annotated[bool, typer.Option("--rules", help="Say what the codes mean, and check nothing.")] = False,
) -> None:
    """Find what is wrong or odd in definitions.

    That is what the mesh would refuse, and what it would accept and is probably not meant.

    A comment takes out what is meant: "# lint: ignore=CODE" on the line or the one above, "# lint: ignore-file=CODE"
    anywhere for the whole file.

    Exit code 0 if nothing is found but hints, 1 if there are warnings, 2 if a file is not valid.
    """
    if rules:
        _print_rules(format)
        return
    from mistral_cli.authored import text_of
    from mistral_core.lint import check

    offered = _offered() if mesh else {}
    results = [(file, check(text_of(file), pedantic=pedantic, offered=offered)) for file in _found(files or [])]
    if format is LintFormat.JSON:
        typer.echo(json.dumps([_record(file, finding) for file, found in results for finding in found], indent=2))
    else:
        _print_text(results)
    levels = {finding.level.value for _, found in results for finding in found}
    raise typer.Exit(2 if "error" in levels else 1 if "warning" in levels else 0)


def _offered() -> "dict[str, OfferedInput]":
    """Ask the mesh what the actions that workers offer take."""
    from mistral_cli.connection import connected
    from mistral_cli.listing import listed
    from mistral_core.offered_input import offered_input

    with connected() as mesh:
        actions = listed(mesh.action_definitions.ListActions, "actions", limit=_MOST_ACTIONS)
        return {action.name: offered_input(action.offer.input_schema) for action in actions if action.HasField("offer")}


def _found(targets: list[str]) -> list[str]:
    if not targets:
        raise CommandError("say what to check: FILE..., a folder, or - for standard input", USAGE)
    files: list[str] = []
    for target in targets:
        if not Path(target).is_dir():
            files.append(target)
            continue
        inside = sorted(str(path) for suffix in _SUFFIXES for path in Path(target).rglob(f"*{suffix}"))
        if not inside:
            raise CommandError(f"the folder {target} has no YAML or JSON files", USAGE)
        files.extend(inside)
    return list(dict.fromkeys(files))


def _record(file: str, finding: "Finding") -> dict[str, object]:
    return {
        "file": file,
        "line": finding.line,
        "column": finding.column,
        "level": finding.level.value,
        "code": finding.code,
        "message": finding.message,
        "path": finding.path,
    }


def _print_text(results: "list[tuple[str, list[Finding]]]") -> None:
    from rich.text import Text

    from mistral_cli.printing import console

    out = console()
    for file, found in results:
        for finding in found:
            out.print(_line(file, finding))
    every = [finding for _, found in results for finding in found]
    if every:
        counts = {level: sum(finding.level.value == level for finding in every) for level in _STYLES}
        words = ", ".join(f"{count} {level}{'s' * (count != 1)}" for level, count in counts.items() if count)
        out.print(Text(f"{words} in {len(results)} file{'s' * (len(results) != 1)}", "bold"))
    else:
        out.print(Text(f"nothing found in {len(results)} file{'s' * (len(results) != 1)}", "bold green"))


def _line(file: str, finding: "Finding") -> "Text":
    from rich.text import Text

    line = Text(f"{file}:{finding.line}:{finding.column} ", "dim")
    line.append(finding.level.value, _STYLES[finding.level.value])
    line.append(f" {finding.code}", "bold")
    line.append(f"  {finding.message}")
    return line.append(f"  ({finding.path})", "dim") if finding.path else line


def _print_rules(format: LintFormat) -> None:
    from mistral_core.lint import RULES

    if format is LintFormat.JSON:
        typer.echo(json.dumps({code: {"level": r.level, "about": r.about, "why": r.why} for code, r in RULES.items()}))
        return
    for code, rule in RULES.items():
        typer.echo(f"{code.ljust(_CODE_WIDTH)}{rule.level.value.ljust(9)}{rule.about} {rule.why}")
