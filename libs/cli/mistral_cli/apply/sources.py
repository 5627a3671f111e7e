"""Files and folders to apply, and the documents in them with the lines at which they begin."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mistral_cli.errors import USAGE, CommandError

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
# At the beginning of a line, three dashes begin a document wherever they stand.
_MARK = re.compile(r"^---(?=\s|$)[^\n]*\n?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Source:
    """One document.

    Attributes:
        before: Lines of the file that stand before it.
        is_chance: Whether it is there only because its folder was named, so that it may be something else.
    """

    file: str
    text: str
    before: int
    is_chance: bool


def sources(targets: Sequence[str]) -> Iterator[Source]:
    """Yield the documents of files, of folders with all below them, and of standard input for ``-``.

    Raises:
        CommandError: As a usage error, if there is nothing of a name, or it is no text.
    """
    for target in targets:
        if target == "-":
            yield from _documents("standard input", sys.stdin.read(), is_chance=False)
            continue
        path = Path(target)
        if path.is_dir():
            for file in _files(path):
                yield from _documents(str(file), _text(file), is_chance=True)
        else:
            yield from _documents(target, _text(path), is_chance=False)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix in _SUFFIXES and path.is_file() and not is_hidden:
            yield path


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not a text file in UTF-8", USAGE) from None
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}", USAGE) from None


def _documents(file: str, text: str, *, is_chance: bool) -> Iterator[Source]:
    pieces = list(_pieces(text))
    if len(pieces) == 1:
        # A file with one document is stored as it is, with its marks.
        pieces = [(0, text)]
    for start, piece in pieces:
        yield Source(file, piece, text.count("\n", 0, start), is_chance)


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    starts = [0, *(mark.end() for mark in _MARK.finditer(text))]
    ends = [*(mark.start() for mark in _MARK.finditer(text)), len(text)]
    for start, end in zip(starts, ends, strict=True):
        if any(line.strip() and not line.lstrip().startswith("#") for line in text[start:end].splitlines()):
            yield start, text[start:end]
