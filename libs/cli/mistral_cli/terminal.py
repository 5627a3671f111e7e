"""What the terminal can do, and text made fit for it: colours, widths, and nothing in a value that steers it."""

import os
import shutil
import sys
import unicodedata
from typing import TextIO

from mistral_cli.surroundings import current

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "magenta": "35", "cyan": "36"}


def is_terminal(stream: TextIO) -> bool:
    return stream.isatty()


def colours(stream: TextIO) -> bool:
    """Return whether text to a stream may have colours; a person says no by ``--no-color`` or by ``NO_COLOR``."""
    wanted = current().color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and is_terminal(stream)


def styled(text: str, style: str, stream: TextIO | None = None) -> str:
    """Return text in a style such as ``bold red``, if its stream (default: standard output) shows styles."""
    if not style or not text or not colours(stream or sys.stdout):
        return text
    return f"\x1b[{';'.join(_CODES[word] for word in style.split())}m{text}\x1b[0m"


def columns(stream: TextIO | None = None) -> int | None:
    """Return how many columns there are; None where lines may be of any length."""
    return shutil.get_terminal_size().columns if is_terminal(stream or sys.stdout) else None


def width(text: str) -> int:
    """Return how many columns a line of text takes."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, most: int) -> str:
    """Return as much of a line as fits into so many columns; what was cut off shows as an ellipsis."""
    if width(text) <= most:
        return text
    kept, room = [], most - 1
    for character in text:
        room -= _width(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + "…"


def folded(text: str, most: int) -> list[str]:
    """Return a line in pieces of at most so many columns."""
    pieces, piece, room = [], "", most
    for character in text:
        room -= _width(character)
        if room < 0:
            pieces.append(piece)
            piece, room = "", most - _width(character)
        piece += character
    return [*pieces, piece]


def padded(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def harmless(text: str) -> str:
    """Show control characters as escapes: what a workflow says must not steer the terminal of who reads it."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character in "\n\t" or not unicodedata.category(character).startswith("C")
        else character.encode("unicode_escape").decode()
        for character in text
    )
