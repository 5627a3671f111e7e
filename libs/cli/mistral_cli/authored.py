"""Files that authors write, read for the tools that need no server; what is wrong is told with file and line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mistral_cli.errors import USAGE, CommandError
from mistral_core.documents import Document, read_document
from mistral_core.errors import InvalidDefinition


def text_of(file: str | Path) -> str:
    """Return the text of a file, or of standard input for ``-``.

    Raises:
        CommandError: As a usage error, if it cannot be read.
    """
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not a text file in UTF-8", USAGE) from None
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}", USAGE) from None


@contextmanager
def told(file: str | Path) -> Iterator[None]:
    """Turn a fault of a file into a usage error that names the file, the line and the column."""
    try:
        yield
    except InvalidDefinition as error:
        within = f" ({error.path})" if error.path else ""
        raise CommandError(f"{place(file, error)}: {reason(error)}{within}", USAGE) from None


def read(file: str | Path) -> Document:
    """Read a document of any kind.

    Raises:
        CommandError: As a usage error, if something is wrong.
    """
    with told(file):
        return read_document(text_of(file))


def place(file: str | Path, error: InvalidDefinition) -> str:
    """Return file, line and column as compilers write them."""
    return ":".join(str(part) for part in (file, error.line, error.column) if part is not None)


def reason(error: InvalidDefinition) -> str:
    """Return what is wrong, without the words that clients of the API know it by."""
    return error.reason.removeprefix("Invalid DSL: ")
