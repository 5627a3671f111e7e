"""Comments that say that something is meant: ``# lint: ignore=code,code`` on its line or the one above.

``# lint: ignore-file=code`` anywhere is for the whole file; without ``=code`` all codes are meant.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from mistral_core.lint.rules import Finding, Level

_COMMENT: Final = re.compile(r"#\s*lint:\s*ignore(-file)?(?:\s*=\s*([\w, -]+))?")
_ALL: Final = "*"


def kept(findings: Iterable[Finding], text: str) -> Iterator[Finding]:
    """Yield the findings that no comment takes out; what makes a document invalid always stays."""
    lines, everywhere = _ignored(text)
    for finding in findings:
        ignored = everywhere | lines.get(finding.line, frozenset())
        if finding.level is Level.ERROR or not {finding.code, _ALL} & ignored:
            yield finding


def _ignored(text: str) -> tuple[dict[int, frozenset[str]], frozenset[str]]:
    lines: dict[int, frozenset[str]] = {}
    everywhere: frozenset[str] = frozenset()
    for number, line in enumerate(text.splitlines(), 1):
        comment = _COMMENT.search(line)
        if comment is None:
            continue
        codes = frozenset(re.split(r"[,\s]+", comment[2].strip())) if comment[2] else frozenset({_ALL})
        if comment[1]:
            everywhere |= codes
            continue
        # A comment on a line of its own is about the next one.
        about = number + 1 if line.lstrip().startswith("#") else number
        lines[about] = lines.get(about, frozenset()) | codes
    return lines, everywhere
