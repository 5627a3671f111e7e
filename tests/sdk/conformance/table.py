"""The table of docs/sdk_conformance.md: which SDK passes which scenario."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.sdk.conformance.scenarios import Scenario, scenarios
from tests.sdk.languages import LANGUAGES, ROOT

FILE = ROOT / "docs" / "sdk_conformance.md"
# The worst of set-up, call and tear-down is what counts.
_RANK = ("passed", "skipped", "failed")
_WORDS = {"passed": "yes", "skipped": "skipped", "failed": "**no**"}
_TITLES = {"raw": "no SDK", "python": "Python", "go": "Go", "typescript": "TypeScript", "java": "Java"}
_HEAD = """# What the SDKs stand

Every SDK has a worker program that is put through the same scenarios against a real mesh: two executors, a gateway, an
engine, a scheduler, Postgres and NATS. Leases last five seconds, or a minute where services die. What happens in each
scenario is said exactly in `tests/sdk/scenarios.yaml`.

    make test-sdks                          run them
    make test-sdks ARGS=--write-table       and write this page

"No SDK" is a worker that speaks the [protocol](workers.md) alone.
"""


@dataclass(slots=True)
class Outcomes:
    """How scenarios ended, by their name and the language."""

    found: dict[tuple[str, str], str] = field(default_factory=dict)

    def note(self, scenario: str, language: str, outcome: str) -> None:
        """Keep the worst."""
        known = self.found.get((scenario, language), "passed")
        self.found[scenario, language] = max(known, outcome, key=_RANK.index)

    def languages(self) -> list[str]:
        """Return the languages that were driven at all, in the order of their declaration."""
        return [name for name in LANGUAGES if any(language == name for _, language in self.found)]


OUTCOMES = Outcomes()


def text(outcomes: Outcomes, all_scenarios: list[Scenario]) -> str:
    """Return the page; the same outcomes give the same text."""
    languages = outcomes.languages()
    rows = [["scenario", *(_TITLES[name] for name in languages)], ["---"] * (len(languages) + 1)]
    for scenario in all_scenarios:
        found = (outcomes.found.get((scenario.name, name)) for name in languages)
        rows.append([scenario.name, *(_WORDS[each] if each else "" for each in found)])
    return _HEAD + "\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def read(page: str) -> Outcomes:
    """Return the outcomes that a page tells of."""
    outcomes = Outcomes()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")]
    by_title = {title: name for name, title in _TITLES.items()}
    by_word = {word: outcome for outcome, word in _WORDS.items()}
    for name, *cells in rows[2:]:
        for title, cell in zip(rows[0][1:], cells, strict=True):
            if cell in by_word:
                outcomes.note(name, by_title[title], by_word[cell])
    return outcomes


def write(outcomes: Outcomes) -> None:
    """Write the page; what was not driven keeps what was known of it."""
    known = read(FILE.read_text()) if FILE.exists() else Outcomes()
    FILE.write_text(text(Outcomes(known.found | outcomes.found), scenarios()))
