"""Telling what was applied: a line and a diff for each change, and a line that sums up."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from mistral_cli.apply.changes import Change, Outcome
from mistral_cli.options import Format
from mistral_cli.printing import dump
from mistral_cli.surroundings import current
from mistral_cli.terminal import harmless, styled

_STYLES = {
    Change.CREATED: "green",
    Change.UPDATED: "yellow",
    Change.UNCHANGED: "dim",
    Change.FAILED: "bold red",
}
_WOULD = {Change.CREATED: "create", Change.UPDATED: "update"}


def tell(outcome: Outcome, *, dry_run: bool) -> None:
    """Print what became of one thing."""
    if outcome.change is Change.FAILED:
        print(f"{styled('error:', 'bold red', sys.stderr)} {harmless(outcome.error)}", file=sys.stderr)
        if outcome.hint:
            print(f"       {harmless(outcome.hint)}", file=sys.stderr)
        return
    assert outcome.item is not None
    if not current().quiet:
        verb = f"would {_WOULD[outcome.change]}" if dry_run and outcome.change in _WOULD else outcome.change.value
        where = styled(f"({outcome.item.source.file})", "dim")
        print(f"{styled(verb, _STYLES[outcome.change])} {harmless(outcome.item.title)} {where}")
    if outcome.change is Change.UPDATED or dry_run:
        for line in outcome.diff:
            print(_coloured(harmless(line)))


def sum_up(outcomes: Sequence[Outcome], *, dry_run: bool) -> None:
    """Print how many became what."""
    counts = Counter(outcome.change for outcome in outcomes)
    parts = [
        f"{counts[change]} {f'to {_WOULD[change]}' if dry_run and change in _WOULD else change.value}"
        for change in Change
        if counts[change] or change is not Change.FAILED
    ]
    print(styled(", ".join(parts), "bold"))


def print_outcomes(outcomes: Sequence[Outcome], output: Format) -> None:
    """Print all outcomes for a program."""
    if output is Format.NAME:
        for outcome in outcomes:
            if outcome.item is not None and outcome.change is not Change.FAILED:
                print(f"{outcome.item.kind}/{outcome.item.name}")
        return
    dump([_record(outcome) for outcome in outcomes], output)


def _record(outcome: Outcome) -> dict[str, Any]:
    item = outcome.item
    named = {
        "kind": item.kind.value if item else None,
        "name": item.name if item else None,
        "namespace": item.namespace if item else None,
        "file": item.source.file if item else None,
    }
    return {**named, "change": outcome.change.value, "diff": "\n".join(outcome.diff), "error": outcome.error or None}


def _coloured(line: str) -> str:
    if line.startswith(("---", "+++")):
        return styled(line, "bold")
    if line.startswith("@@"):
        return styled(line, "cyan")
    return styled(line, {"+": "green", "-": "red"}.get(line[:1], ""))
